import { applyExtends } from './extends.ts';
import { interpolateNodes } from './interpolate-nodes.ts';
import { loadIncludes } from './load.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { entriesOf, map, textOf, withEntry } from './node.ts';
import { isMapNode } from './merge.ts';
import type { Environment, Mode, Project } from './project.ts';

/*
 * The part of Compose that a kombination may say itself: variables, extends and include. It differs from a Compose file in what becomes of
 * a variable that nobody sets: it is an error, or, where a shell may fill it in, stays as it is written.
 */

/** The kombination with its variables filled in, and with what it extends and includes. */
export function loadOverlay(project: Project, kombination: MapNode, environment: Environment): MapNode {
  const filled = interpolateNodes(project, listServices(project, kombination), environment, modeOf);
  if (!isMapNode(filled)) return kombination;
  const { file, directory } = project;
  const set = { paths: [], base: directory, environment, includeChain: [file] };
  return loadIncludes(project, set, applyExtends(project, filled, set));
}

/** Parts that are read elsewhere, or may hold dollar signs of their own. */
const LEFT_ALONE = new Set(['version', 'variables', 'hooks', 'compose', 'charts', 'overlays']);
const SHELL_WORDS = new Set(['command', 'entrypoint', 'healthcheck']);

function modeOf(path: readonly string[]): Mode {
  const [top = '', , key = '', inner] = path;
  if (LEFT_ALONE.has(top) || top === 'name' || top.startsWith('x-')) return 'leave';
  if (top === 'meta' && path[1] === 'name') return 'leave';
  if (top === 'configs') return key === 'content' ? 'content' : 'own';
  if (top !== 'services' && top !== 'overrides') return 'own';
  if (key.startsWith('x-') || key === 'environmentSecrets') return 'leave';
  if (key === 'files' && path[4] === 'content') return 'leave';
  if (key === 'environment' || key === 'env' || key === 'config') return 'own-env';
  if (key === 'build' && inner === 'dockerfile_inline') return 'shell';
  return SHELL_WORDS.has(key) ? 'shell' : 'own';
}

/** A kombination whose services are a map, so that they can be merged by name. */
function listServices(project: Project, kombination: MapNode): MapNode {
  const services = kombination.entries.get('services');
  if (!services || services.kind === 'scalar') return kombination;
  const entries = new Map<string, ComposeNode>();
  for (const [name, node] of services.kind === 'list'
    ? listed(project, services.items)
    : entriesOf(services)) {
    const first = entries.get(name);
    if (first) {
      const hint = `first: line ${first.origin.file.document.position(first.origin.path, 'value').line}`;
      project.error('DUPLICATE_NAME', node, `the service ${name} is listed twice`, { hint });
    } else entries.set(name, withEnvironment(project, node));
  }
  return withEntry(kombination, 'services', map(entries, services.origin));
}

function listed(
  project: Project,
  items: readonly ComposeNode[],
): readonly (readonly [string, ComposeNode])[] {
  return items.flatMap((item): (readonly [string, ComposeNode])[] => {
    const name = textOf(item.kind === 'map' ? item.entries.get('name') : item);
    if (name !== undefined) {
      return [[name, item.kind === 'map' ? withEntry(item, 'name', undefined) : map([], item.origin)]];
    }
    project.error('REQUIRED', item, 'a service of a list needs a name');
    return [];
  });
}

/** `env` is the kombination's word for `environment`. */
function withEnvironment(project: Project, node: ComposeNode): ComposeNode {
  if (!isMapNode(node)) return node;
  const env = node.entries.get('env');
  if (!env) return node;
  const environment = node.entries.get('environment');
  if (environment) {
    const message = 'env and environment are the same; use one of them';
    project.error('INVALID_VALUE', environment, message, { at: 'key' });
  }
  return withEntry(withEntry(node, 'env', undefined), 'environment', env);
}
