import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { saidOptions } from '../../model/docker/options/container-options.ts';
import type { TofuAttributes, TofuValue } from '../../model/docker/options/option.ts';
import { compareText } from '../../base/values.ts';

/** The options of a container that are attributes of a `docker_container`. */
export function optionAttributes(options: ContainerOptions): TofuAttributes {
  return Object.assign(
    {},
    ...saidOptions(options).flatMap(({ row: { tofu }, value }) =>
      tofu.kind === 'attributes' ? [tofu.write(value)] : [],
    ),
  );
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
