import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { saidOptions } from '../../model/docker/options/container-options.ts';
import type { ResourceLimits } from '../../model/docker/options/limit-options.ts';
import { saidLimits } from '../../model/docker/options/limit-options.ts';
import type { TofuAttributes, TofuField, TofuValue } from '../../model/docker/options/option.ts';
import { compareText } from '../../base/values.ts';

/** The options of a container that are attributes of a `docker_container`. */
export function optionAttributes(options: ContainerOptions): TofuAttributes {
  return attributesOf(saidOptions(options));
}

/** The limits of a container that are attributes of a `docker_container`. */
export function limitAttributes(limits: ResourceLimits): TofuAttributes {
  return attributesOf(saidLimits(limits));
}

interface Said {
  readonly row: { readonly tofu: TofuField<unknown> };
  readonly value: unknown;
}

function attributesOf(said: readonly Said[]): TofuAttributes {
  let result: TofuAttributes = {};
  for (const { row, value } of said) {
    if (row.tofu.kind === 'attributes') result = { ...result, ...row.tofu.write(value) };
  }
  return result;
}

/** Its options that are blocks, by name; options that share a block are one. */
export function optionBlocks(options: ContainerOptions): readonly (readonly [string, TofuAttributes])[] {
  const blocks: [string, TofuAttributes][] = [];
  for (const { row, value } of saidOptions(options)) {
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
export function unsaidOptions(options: ContainerOptions): readonly string[] {
  return saidOptions(options).flatMap(({ name, row }) => (row.tofu.kind === 'unsaid' ? [name] : []));
}

/** Limits that the provider has no word for. */
export function unsaidLimits(limits: ResourceLimits): readonly string[] {
  return saidLimits(limits).flatMap(({ name, row }) => (row.tofu.kind === 'unsaid' ? [name] : []));
}
