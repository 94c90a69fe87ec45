import { posix } from 'node:path';
import { isProblem } from '../../base/problem.ts';
import { applyExtends } from './extends.ts';
import { interpolateNodes } from './interpolate-nodes.ts';
import { keepLastOfEachKey, isMapNode, mergeNodes, toSequence } from './merge.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, isEmpty, toPlain, withEntry } from './node.ts';
import type { ComposeSet } from './compose-path.ts';
import { environmentFrom, resolveComposePath } from './compose-path.ts';
import type { Environment, Project } from './project.ts';
import { readEnvFile, readYaml } from './project.ts';

const RESOURCES = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

/** The files of a set as one document, variables filled in, with what they extend and include. */
export function loadSet(project: Project, set: ComposeSet): MapNode | undefined {
  let result: ComposeNode | undefined;
  for (const { path, source } of set.paths) {
    if (set.includeChain.includes(path)) {
      const cycle = [...set.includeChain.slice(set.includeChain.indexOf(path)), path].join(' → ');
      project.error('CIRCULAR_DEPENDENCY', source, `files include each other: ${cycle}`);
      continue;
    }
    const document = loadFile(project, { ...set, includeChain: [...set.includeChain, path] }, path, source);
    if (!document) continue;
    for (const [name] of entriesOf(document.entries.get('services'))) project.adopted.add(name);
    const merged = mergeNodes(result, document);
    if (merged) result = keepLastOfEachKey(merged);
  }
  return isMapNode(result) ? result : undefined;
}

function loadFile(
  project: Project,
  set: ComposeSet,
  path: string,
  source: Pick<ComposeNode, 'origin'>,
): MapNode | undefined {
  const nodes = readYaml(project, path, set.base, source);
  if (!nodes) return undefined;
  if (!isMapNode(nodes)) {
    project.error('INVALID_TYPE', nodes, `${path} is no Compose file: it holds no map`);
    return undefined;
  }
  const filled = interpolateNodes(project, nodes, set.environment);
  if (!isMapNode(filled)) return undefined;
  return loadIncludes(project, set, applyExtends(project, filled, set));
}

/** A document with the files that it includes. */
export function loadIncludes(project: Project, set: ComposeSet, document: MapNode): MapNode {
  const { entries } = document;
  const include = entries.get('include');
  if (!include) return document;
  let result = withEntry(document, 'include', undefined);
  for (const item of include.kind === 'list' ? include.items : [include]) {
    const included = readInclude(project, set, item);
    const model = included && loadSet(project, included);
    if (model) result = importModel(project, result, model, item);
  }
  return result;
}

/** `include: - path`, or a map with path, env_file and project_directory. */
function readInclude(project: Project, set: ComposeSet, item: ComposeNode): ComposeSet | undefined {
  const written = item.kind === 'map' ? item.entries.get('path') : item;
  const paths = (written ? toSequence(written).items : []).flatMap((node) => {
    const path = resolveComposePath(project, set.base, node);
    return path === undefined ? [] : [{ path, source: node }];
  });
  const [first] = paths;
  if (!first) {
    if (paths.length === 0 && (!written || isEmpty(written)))
      project.error('REQUIRED', item, 'an include needs a path');
    return undefined;
  }
  const directory = child(item, 'project_directory');
  const base = directory ? resolveComposePath(project, set.base, directory) : dirname(first.path);
  if (base === undefined) return undefined;
  const files = child(item, 'env_file');
  const envFiles = files
    ? toSequence(files).items.map((node) => ({
        node,
        path: resolveComposePath(project, set.base, node),
        optional: false,
      }))
    : [{ node: item, path: posix.join(base, '.env'), optional: true }];
  let environment = environmentFrom(set, base);
  for (const { node, path, optional } of envFiles) {
    if (path !== undefined) environment = withEnvFile(project, environment, { node, path, optional });
  }
  return { paths, base, environment, includeChain: set.includeChain };
}

function dirname(path: string): string {
  const directory = posix.dirname(path);
  return directory === '.' ? '' : directory;
}

interface EnvFile {
  readonly node: Pick<ComposeNode, 'origin'>;
  readonly path: string;
  readonly optional: boolean;
}

/** Variables with those of a file; what is set already stays. */
export function withEnvFile(
  project: Project,
  environment: Environment,
  { node, path, optional }: EnvFile,
): Environment {
  const entries = readEnvFile(project, path, { lookup: (name) => environment.get(name) });
  if (entries === undefined) return environment;
  if (isProblem(entries)) {
    if (!optional) project.error(entries.code ?? 'FILE_NOT_FOUND', node, entries.problem);
    return environment;
  }
  const result = new Map<string, string>();
  for (const { name, value } of entries) if (value !== null) result.set(name, value);
  for (const [name, value] of environment) result.set(name, value);
  return result;
}

/** Adds what is included, which must not say again what is there, unless it says the same. */
function importModel(project: Project, document: MapNode, model: MapNode, include: ComposeNode): MapNode {
  let result = document;
  for (const key of RESOURCES) {
    const there = result.entries.get(key);
    const known = new Map(entriesOf(there));
    for (const [name, node] of entriesOf(model.entries.get(key))) {
      const other = known.get(name);

      const same = other && JSON.stringify(toPlain(other)) === JSON.stringify(toPlain(node));
      if (other && !same) {
        const message = `${key}.${name} is in the included file as well, and says something else`;
        project.error('INVALID_VALUE', include, message, { hint: 'name it once, or use extends' });
      }
      if (!other) known.set(name, node);
    }
    if (known.size > 0)
      result = withEntry(result, key, { kind: 'map', entries: known, origin: (there ?? include).origin });
  }
  return result;
}

/** Variables that a shell would have set; relative to where the Compose file is. */
export const MACHINE: Environment = new Map([
  ['PWD', '.'],
  ['HOME', '~'],
]);

/** The variables given, then those of `.env` beside the first Compose file, then what a shell would have set. */
export function readEnvironment(
  project: Project,
  variables: Iterable<readonly [string, string]>,
  { base, source }: { readonly base: string; readonly source: Pick<ComposeNode, 'origin'> },
): Environment {
  const path = posix.join(base, '.env');
  const read = withEnvFile(project, new Map(variables), { node: source, path, optional: true });
  return new Map([...MACHINE, ...read]);
}
