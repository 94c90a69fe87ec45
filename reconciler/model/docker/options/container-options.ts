import { own } from '../../../base/values.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { Fields } from '../../../base/values.ts';
import { BASIC_OPTIONS } from './basic-options.ts';
import { DEVICE_OPTIONS } from './device-options.ts';
import { NETWORK_OPTIONS } from './network-options.ts';
import type { OptionRow } from './option.ts';
import { PROCESS_OPTIONS, SECURITY_OPTIONS } from './process-options.ts';
import { RESOURCE_OPTIONS } from './resource-options.ts';

/**
 * The options of a container that are fixed when it is made, a row for each, by their names in a spec. To add one that an engine
 * takes as it is, add a row, its key to `schemas/kombination.schema.json` and to docs/services.md, and its example to
 * `test/support/docker/option-examples.ts`, which does not compile without it.
 */
export const CONTAINER_OPTIONS = {
  ...BASIC_OPTIONS,
  ...PROCESS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...SECURITY_OPTIONS,
  ...DEVICE_OPTIONS,
  ...RESOURCE_OPTIONS,
} as const;

export type OptionName = keyof typeof CONTAINER_OPTIONS;

type ValueOf<Row> = Row extends OptionRow<infer V> ? V : never;

/** The options of a spec. What nobody says is left out. */
export type ContainerOptions = {
  readonly [Name in OptionName]?: ValueOf<(typeof CONTAINER_OPTIONS)[Name]>;
};

/** The rows by their names, in the order of the table. */
export const OPTION_ROWS = Object.entries(CONTAINER_OPTIONS) as unknown as readonly (readonly [
  OptionName,
  OptionRow<unknown>,
])[];

/** The options of a service; references to other services are as written. */
export function readOptions(
  service: Fields,
  servicePath: DocumentPath,
  diagnostics: DiagnosticCollector,
): ContainerOptions {
  const options: Record<string, unknown> = {};
  // Most of them are not said, of thousands of services.
  for (const [name, { key, alsoFrom, read }] of OPTION_ROWS) {
    if (own(service, key) === undefined && (alsoFrom === undefined || own(service, alsoFrom) === undefined))
      continue;
    const value = read(own(service, key), { path: [...servicePath, key], diagnostics, service, servicePath });
    if (value !== undefined) options[name] = value;
  }
  return options;
}

export interface GivenOption {
  readonly name: OptionName;
  readonly row: OptionRow<unknown>;
  readonly value: unknown;
}

/** The options that are said, in the order of the table. */
export function givenOptions(options: ContainerOptions): readonly GivenOption[] {
  const given: GivenOption[] = [];
  for (const [name, row] of OPTION_ROWS)
    if (options[name] !== undefined) given.push({ name, row, value: options[name] });
  return given;
}

/** The options that may name another container, with what they say. */
export function sharedModes(options: ContainerOptions): readonly (readonly [OptionName, string])[] {
  return givenOptions(options).flatMap(({ name, row, value }) =>
    row.isShared && typeof value === 'string' ? [[name, value] as const] : [],
  );
}

/** The options that make a difference: without those that a container has anyway. */
export function withoutDefaults(options: ContainerOptions): ContainerOptions {
  return optionsOf(givenOptions(options).filter(({ row, value }) => value !== row.default));
}

/** The basic options and the others. They have different places in a spec, which is shown in this order. */
export function splitOptions(options: ContainerOptions): {
  readonly basic: ContainerOptions;
  readonly others: ContainerOptions;
} {
  const given = givenOptions(options);
  const isBasic = ({ name }: GivenOption): boolean => Object.hasOwn(BASIC_OPTIONS, name);
  return { basic: optionsOf(given.filter(isBasic)), others: optionsOf(given.filter((one) => !isBasic(one))) };
}

function optionsOf(given: readonly GivenOption[]): ContainerOptions {
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}
