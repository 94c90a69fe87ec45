import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { saidOptions } from '../../model/docker/options/container-options.ts';
import { compareText, toRecord } from '../../base/values.ts';

/** The options of a container in the words of Compose, by key. */
export function composeOptions(options: ContainerOptions, shared: (mode: string) => string): object {
  const entries = saidOptions(options).map(({ row, value }): readonly [string, unknown] => [
    row.key,
    row.isShared ? shared(String(value)) : row.toCompose ? row.toCompose(value) : value,
  ]);
  return toRecord(entries.sort(([a], [b]) => compareText(a, b)));
}
