import { asFields } from '../../../base/values.ts';
import { isProblem } from '../../../base/problem.ts';
import { resolveComposePath } from '../compose-path.ts';
import { toPairs, toSequence } from '../merge.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { child, entriesOf, isEmpty, map, scalar, textOf } from '../node.ts';
import type { EnvFileEntry, Environment, Project } from '../project.ts';
import { readEnvFile } from '../project.ts';
import { Unreproducible } from './go-json.ts';
import { sprint } from './go-values.ts';

/* Variables and labels of a service with those of its files, by the rules of docker-compose; the words of a kombination have others. */

/** Surroundings that a service is read with. */
export interface Reading {
  readonly project: Project;
  /** Variables around the project: those given, then those of `.env`. */
  readonly environment: Environment;
  /** Directory of the project, from the root of the repository. */
  readonly base: string;
  /** Place of the service, for people. */
  readonly key: string;
}

/** `undefined` where nothing is said. */
export function environmentOf(service: MapNode, reading: Reading): ComposeNode | undefined {
  const { environment, key } = reading;
  const said = service.entries.get('environment');
  const files = service.entries.get('env_file');
  if (isEmpty(said) && isEmpty(files)) return undefined;
  const own = new Map<string, ComposeNode>();
  for (const [name, node] of entriesOf(said && toPairs(said))) {
    const value = isEmpty(node) ? passedOn(name, node, reading) : sprint(node, `${key}.environment.${name}`);
    // Its origin is another, so that nobody asks there how it is written.
    own.set(name, scalar(value, service.origin));
  }
  const values = new Map<string, string>();
  const lookup = (name: string): string | undefined =>
    environment.get(name) ?? textOf(own.get(name)) ?? undefined;
  for (const [name, node] of own) if (!isEmpty(node)) values.set(name, textOf(node) ?? '');
  for (const file of files ? toSequence(files).items : []) {
    for (const { name, value, plain } of readFile(
      file,
      { ...reading, key: `${key}.env_file` },
      lookup,
      values,
    )) {
      const passed = value === null ? lookup(name) : plain;
      if (passed !== undefined) values.set(name, passed);
    }
  }
  const { origin } = service;
  const all = new Map(
    [...values].map(([name, value]): [string, ComposeNode] => [name, scalar(value, origin)]),
  );
  // Variables of the service itself go before its files, even those of which only the name is said.
  for (const [name, node] of own) all.set(name, node);
  return map(all, origin);
}

/** The value of a variable of which only the name is said; `null` when nobody sets it. */
function passedOn(
  name: string,
  node: ComposeNode,
  { project, environment, base, key }: Reading,
): string | null {
  const value = environment.get(name);
  // An included file has variables of its own.
  if (value === undefined && node.origin.file.base !== base && hasIncludes(project))
    throw new Unreproducible(`${key}.environment.${name}`, 'is set around a file that is included');
  return value ?? null;
}

function hasIncludes({ parsed }: Project): boolean {
  const documents = [...parsed.values()].flat();
  return documents.some(({ value }) => asFields(value)?.['include'] !== undefined);
}

function readFile(
  file: ComposeNode,
  { project, key }: Reading,
  lookup: (name: string) => string | undefined,
  earlier: ReadonlyMap<string, string>,
): readonly EnvFileEntry[] {
  const written = file.kind === 'map' ? child(file, 'path') : file;
  const isRequired = textOf(child(file, 'required')) !== 'false';
  const path = written && resolveComposePath(project, written.origin.file.base, written);
  const place = textOf(written) ?? '';
  if (path === undefined) throw new Unreproducible(key, `names ${place}, which is not at hand`);
  const raw = textOf(child(file, 'format')) === 'raw';
  const entries = readEnvFile(project, path, { raw, lookup, earlier: (name) => earlier.get(name) });
  if (!entries) return [];
  if (!isProblem(entries)) return entries;
  if (isRequired || entries.code !== 'FILE_NOT_FOUND')
    throw new Unreproducible(key, `names ${place}, which is not at hand: ${entries.problem}`);
  return [];
}

/** Labels of the service's files, then its own; `undefined` where nothing is said. */
export function labelsOf(service: MapNode, reading: Reading): ComposeNode | undefined {
  const files = service.entries.get('label_file');
  const own = service.entries.get('labels');
  if (isEmpty(files) || !files) return own;
  const labels = new Map<string, string>();
  for (const file of toSequence(files).items) {
    const at = { ...reading, key: `${reading.key}.label_file` };
    const entries = readFile(file, at, (name) => labels.get(name), new Map());
    for (const { name, value, plain } of entries) {
      if (value !== null) labels.set(name, plain);
    }
  }
  for (const [name, node] of entriesOf(own && toPairs(own)))
    labels.set(name, sprint(node, `${reading.key}.labels.${name}`));
  const { origin } = service;
  return map(
    [...labels].map(([name, value]) => [name, scalar(value, origin)]),
    origin,
  );
}
