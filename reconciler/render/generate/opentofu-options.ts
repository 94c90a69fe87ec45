import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { givenOptions } from '../../model/docker/options/container-options.ts';
import type { ResourceLimits } from '../../model/docker/options/limit-options.ts';
import { givenLimits } from '../../model/docker/options/limit-options.ts';
import type { TofuAttributes, TofuField, TofuValue } from '../../model/docker/options/option.ts';
import { compareText } from '../../base/values.ts';

/** The options of a container that are attributes of a `docker_container`. */
export function optionAttributes(options: ContainerOptions): TofuAttributes {
  return attributesOf(givenOptions(options));
}

/** The limits of a container that are attributes of a `docker_container`. */
export function limitAttributes(limits: ResourceLimits): TofuAttributes {
  return attributesOf(givenLimits(limits));
}

interface Given {
  readonly row: { readonly tofu: TofuField<unknown> };
  readonly value: unknown;
}

function attributesOf(given: readonly Given[]): TofuAttributes {
  let result: TofuAttributes = {};
  for (const { row, value } of given) {
    if (row.tofu.kind === 'attributes') result = { ...result, ...row.tofu.write(value) };
  }
  return result;
}

/** Its options that are blocks, by name; options that share a block are one. */
export function optionBlocks(options: ContainerOptions): readonly (readonly [string, TofuAttributes])[] {
  const blocks: [string, TofuAttributes][] = [];
  for (const { row, value } of givenOptions(options)) {
    const { tofu } = row;
    if (tofu.kind === 'blocks') for (const one of tofu.write(value)) blocks.push([tofu.block, one]);
    if (tofu.kind !== 'block') continue;
    const found = blocks.find(([name]) => name === tofu.block);
    const attributes = { ...found?.[1], [tofu.attribute]: value as TofuValue };
    if (found) found[1] = attributes;
    else blocks.push([tofu.block, attributes]);
  }
  return blocks.sort(([a], [b]) => compareText(a, b));
}

/** Options that the provider has no word for. */
export function unsupportedOptions(options: ContainerOptions): readonly string[] {
  return givenOptions(options).flatMap(({ name, row }) => (row.tofu.kind === 'unsupported' ? [name] : []));
}

/** Limits that the provider has no word for. */
export function unsupportedLimits(limits: ResourceLimits): readonly string[] {
  return givenLimits(limits).flatMap(({ name, row }) => (row.tofu.kind === 'unsupported' ? [name] : []));
}
