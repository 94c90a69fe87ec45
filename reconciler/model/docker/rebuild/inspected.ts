import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';

/* Answers of "inspect", as far as a Compose file is written from them. */

/** An answer of an engine to "inspect" of a container, image, network or volume, as it came. */
export type Inspected = Fields;

/** A Compose project that runs, by what its engine says. */
export interface InspectedProject {
  readonly name: string;
  /** Containers of the project, those that are stopped too, without one-off ones. */
  readonly containers: readonly Inspected[];
  /** Images of the containers, by id; without one, what it says itself is said in the file as well. */
  readonly images: ReadonlyMap<string, Inspected>;
  /** Networks that containers are in. */
  readonly networks: readonly Inspected[];
  /** Volumes that containers have. */
  readonly volumes: readonly Inspected[];
  /** Name of the machine, which containers in its network have. Default: nobody knows. */
  readonly machine?: string;
  /** Version of the machine's control groups, which decides what a container has when nothing is said of `cgroup`. Default: 2. */
  readonly cgroupVersion?: number;
}

/** Answers that a service is written from. */
export interface ServiceSource {
  readonly project: InspectedProject;
  /** Name of the service. */
  readonly name: string;
  /** Its first container. */
  readonly container: Inspected;
  /** Configuration of its image. */
  readonly image: Fields;
  /** Names of services by the ids and names of their containers. */
  readonly serviceOf: ReadonlyMap<string, string>;
  /** Tells of something that a file cannot say. */
  readonly remark: (text: string) => void;
}

const PREFIX = 'com.docker.compose.';

export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  return asFields(valueAt(value, ...path)) ?? {};
}

export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = own(asFields(found), name);
  return found;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  return asList(valueAt(value, ...path)) ?? [];
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item): item is string => typeof item === 'string');
}

export function textAt(value: unknown, ...path: readonly string[]): string {
  return asString(valueAt(value, ...path)) ?? '';
}

/** A label of Compose's own, without its prefix. */
export function composeLabel(inspected: Inspected, name: string): string {
  return textAt(labelsOf(inspected), `${PREFIX}${name}`);
}

/** Labels of a container, or of anything else. */
export function labelsOf(inspected: Inspected): Fields {
  return asFields(inspected['Labels']) ?? fieldsAt(inspected, 'Config', 'Labels');
}

/** Labels that somebody gave, without those of Compose, of Kombinator and of the image. */
export function givenLabels(
  inspected: Inspected,
  image: Fields = {},
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(labelsOf(inspected)).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' &&
      !entry[0].startsWith(PREFIX) &&
      !entry[0].startsWith('io.kombinator.') &&
      valueAt(image, 'Labels', entry[0]) !== entry[1],
  );
  return entries.length > 0 ? Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}

/** Tells whether nothing is said: `null`, an empty text, list or map. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The fields that say something. */
export function saying(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
}
