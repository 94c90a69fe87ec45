import { BASIC_OPTIONS } from '../../model/docker/options/basic-options.ts';
import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { givenOptions } from '../../model/docker/options/container-options.ts';
import type { ResourceLimits } from '../../model/docker/options/limit-options.ts';
import { givenLimits } from '../../model/docker/options/limit-options.ts';
import { compareText, toRecord, asText } from '../../base/values.ts';

/** The options of a container in the words of Compose: the basic ones in the order of their table, the others by key. */
export function composeOptions(options: ContainerOptions, shared: (mode: string) => string): object {
  const entries = givenOptions(options).map(({ row, value }): readonly [string, unknown] => [
    row.key,
    row.isShared ? shared(asText(value)) : row.toCompose ? row.toCompose(value) : value,
  ]);
  return toRecord(entries.sort(([a], [b]) => rankOf(a) - rankOf(b) || compareText(a, b)));
}

const BASIC_KEYS = Object.values(BASIC_OPTIONS).map(({ key }) => key);

function rankOf(key: string): number {
  const index = BASIC_KEYS.indexOf(key);
  return index === -1 ? BASIC_KEYS.length : index;
}

/** The limits of a container in the words of Compose. */
export function composeLimits(limits: ResourceLimits): object {
  const entries = givenLimits(limits).map(
    ({ row, value }) => [row.key, row.toCompose ? row.toCompose(value) : value] as const,
  );
  return toRecord(entries);
}
