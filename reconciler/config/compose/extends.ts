import { suggest } from '../../base/nearest.ts';
import { interpolateNodes } from './interpolate-nodes.ts';
import type { ComposeSet } from './compose-path.ts';
import { environmentFrom, resolveComposePath } from './compose-path.ts';
import { keepLastOfEachKey, isMapNode, mergeNodes, settle } from './merge.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, textOf, withEntry } from './node.ts';
import type { Project } from './project.ts';
import { readYaml } from './project.ts';

/** Services of one file by name; `key` tells files apart. */
interface Scope {
  readonly key: string;
  readonly services: ReadonlyMap<string, ComposeNode>;
  readonly set: ComposeSet;
}

interface Search {
  readonly project: Project;
  /** Services done, by file and name. */
  readonly done: Map<string, ComposeNode | undefined>;
  readonly scopes: Map<string, Scope | undefined>;
}

/** A document whose services hold what they extend. */
export function applyExtends(project: Project, document: MapNode, set: ComposeSet): MapNode {
  const services = document.entries.get('services');
  if (!isMapNode(services)) return document;
  const scope: Scope = { key: set.includeChain.at(-1) ?? '', services: services.entries, set };
  const search: Search = { project, done: new Map(), scopes: new Map() };
  const entries = entriesOf(services).flatMap(([name, service]): [string, ComposeNode][] => {
    const extended = extendService(search, scope, name, []);
    return [[name, extended ?? service]];
  });
  return withEntry(document, 'services', { ...services, entries: new Map(entries) });
}

function extendService(
  search: Search,
  scope: Scope,
  name: string,
  extendsChain: readonly string[],
): ComposeNode | undefined {
  const key = `${scope.key}\0${name}`;
  const known = search.done.get(key);
  if (known) return known;
  const service = scope.services.get(name);
  if (!isMapNode(service)) return service;
  const extended = service.entries.get('extends');
  if (!extended) return service;
  const own = withEntry(service, 'extends', undefined);
  const result = extendsChain.includes(key)
    ? reportCycle(search, extended, [...extendsChain.slice(extendsChain.indexOf(key)), key])
    : extendFrom({ ...search, scope, extendsChain: [...extendsChain, key] }, extended, own);
  search.done.set(key, result ?? own);
  return result ?? own;
}

function reportCycle({ project }: Search, node: ComposeNode, extendsChain: readonly string[]): undefined {
  const cycle = extendsChain.map((key) => key.split('\0')[1]).join(' → ');
  project.error('CIRCULAR_DEPENDENCY', node, `services extend each other: ${cycle}`);
  return undefined;
}

interface Extension extends Search {
  readonly scope: Scope;
  readonly extendsChain: readonly string[];
}

function extendFrom(search: Extension, extended: ComposeNode, own: MapNode): ComposeNode | undefined {
  const { project, scope, extendsChain } = search;
  const named = extended.kind === 'map' ? extended.entries.get('service') : extended;
  const name = textOf(named);
  if (!named || name === undefined) {
    project.error('REQUIRED', extended, 'extends needs the name of a service');
    return undefined;
  }
  const file = child(extended, 'file');
  const from = file ? openScope(search, file) : scope;
  if (!from) return undefined;
  if (!from.services.has(name)) {
    const where = file ? ` of ${textOf(file)}` : '';
    project.error('UNKNOWN_SERVICE', named, `${name} is not a service${where}`, {
      hint: suggest(name, [...from.services.keys()]),
    });
    return undefined;
  }
  const base = extendService(search, from, name, extendsChain);
  const settled = base && settle(base);
  const merged = mergeNodes(settled, own, ['services', name]);
  return merged && keepLastOfEachKey(merged, ['services', name]);
}

/** The services of another file; its relative paths start from its own directory. */
function openScope({ project, scope, scopes }: Extension, file: ComposeNode): Scope | undefined {
  const path = resolveComposePath(project, file.origin.file.base, file);
  if (path === undefined) return undefined;
  if (path === scope.key) return scope;
  if (scopes.has(path)) return scopes.get(path);
  const base = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const nodes = readYaml(project, path, base, file);
  const set = { ...scope.set, base, environment: environmentFrom(scope.set, base) };
  const filled = nodes && keepLastOfEachKey(interpolateNodes(project, nodes, set.environment));
  const services = child(filled, 'services');
  const opened =
    filled === undefined ? undefined : { key: path, services: new Map(entriesOf(services)), set };
  scopes.set(path, opened);
  return opened;
}
