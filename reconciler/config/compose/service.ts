import { posix } from 'node:path';
import { parseGitContext } from '../../model/docker/git-context.ts';
import { joinPath } from '../file-tree.ts';
import { fillEnvironment } from './environment.ts';
import type { TopLevelParts } from './configs-and-secrets.ts';
import { modeOf, placeConfigs } from './configs-and-secrets.ts';
import { toPairs, toSequence } from './merge.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, isEmpty, map, scalar, textOf, withEntry } from './node.ts';
import type { Environment, Project } from './project.ts';

/** A service whose bind mounts of relative paths are in their places. */
export type PlaceBinds = (project: Project, service: MapNode) => MapNode;

interface ServiceContext extends TopLevelParts {
  readonly placeBinds: PlaceBinds;
}

/** A service of a Compose file in the words of a kombination. */
export function normaliseService(project: Project, service: MapNode, topLevel: ServiceContext): MapNode {
  let result = withoutEmpty(service);
  result = fillEnvironment(project, result, topLevel.environment);
  result = topLevel.placeBinds(project, result);
  result = placeConfigs(project, result, topLevel);
  result = normalisePorts(result);
  result = normaliseMounts(result);
  result = placeBuild(project, result, topLevel.environment);
  const files = result.entries.get('volumes');
  return files?.kind === 'list' && files.items.length === 0
    ? withEntry(result, 'volumes', undefined)
    : result;
}

/** Texts that mean nothing when a variable left them empty. */
const UNSET_WHEN_EMPTY = new Set(
  'image container_name hostname domainname user working_dir platform restart mac_address network_mode stop_signal mem_limit cpus runtime pull_policy stop_grace_period shm_size'.split(
    ' ',
  ),
);
const LISTS = new Set([
  'dns',
  'dns_search',
  'dns_opt',
  'tmpfs',
  'cap_add',
  'cap_drop',
  'devices',
  'group_add',
  'security_opt',
  'ports',
  'profiles',
  'expose',
  'links',
  'external_links',
]);

function withoutEmpty(service: MapNode): MapNode {
  const entries = [...service.entries].flatMap(([key, node]): [string, ComposeNode][] => {
    if (isEmpty(node) && key !== 'command' && key !== 'entrypoint') return [];
    if (isEmpty(node)) return [];
    if (UNSET_WHEN_EMPTY.has(key) && textOf(node) === '') return [];
    if (LISTS.has(key) && (node.kind === 'list' || textOf(node) === '')) {
      const items = toSequence(node).items.filter((item) => textOf(item) !== '' && !isEmpty(item));
      const kept = items.length === 0 && key === 'dns_search' ? emptySearch(node) : items;
      return kept.length > 0 ? [[key, { kind: 'list', items: kept, origin: node.origin }]] : [];
    }
    return [[key, node]];
  });
  return { ...service, entries: new Map(entries) };
}

/** An empty text as the only domain means none: those of the machine are not taken over. The engine's own word for it is a dot. */
function emptySearch(node: ComposeNode): readonly ComposeNode[] {
  return toSequence(node).items.length > 0 ? [scalar('.', node.origin)] : [];
}

function normalisePorts(service: MapNode): MapNode {
  const ports = service.entries.get('ports');
  if (ports?.kind !== 'list') return service;
  const items = ports.items.flatMap((item) => (item.kind === 'map' ? longPorts(item) : [shortPort(item)]));
  return withEntry(service, 'ports', { ...ports, items });
}

/** Reads a port in its short form. Without a port on the machine the engine chooses one. */
function shortPort(node: ComposeNode): ComposeNode {
  const text = textOf(node)?.trim();
  if (text === undefined || typeof (node.kind === 'scalar' && node.value) === 'number') return node;
  return scalar(text.replace(/^:/, ''), node.origin);
}

/** One entry for each port of a range. */
function longPorts(node: MapNode): readonly ComposeNode[] {
  const published = textOf(child(node, 'published'));
  if (published === '') return [withEntry(node, 'published', undefined)];
  return [node];
}

/** A kombination says the mode of a tmpfs in octal digits; Compose's own files as a number. */
function normaliseMounts(service: MapNode): MapNode {
  const mounts = service.entries.get('volumes');
  if (mounts?.kind !== 'list') return service;
  const items = mounts.items.map((item) => {
    const tmpfs = child(item, 'tmpfs');
    const mode = child(tmpfs, 'mode');
    const digits = modeOf(mode);
    if (item.kind !== 'map' || tmpfs?.kind !== 'map' || !mode || digits === undefined) return item;
    return withEntry(item, 'tmpfs', withEntry(tmpfs, 'mode', scalar(digits, mode.origin)));
  });
  return withEntry(service, 'volumes', { ...mounts, items });
}

/** Tells of a build context that is a directory beside the Compose file. */
export function isContextHere(context: string): boolean {
  return parseGitContext(context) === null && !/^[~/]/.test(context);
}

/** A build whose context starts from the kombination's directory, with arguments that are only named filled in. */
function placeBuild(project: Project, service: MapNode, environment: Environment): MapNode {
  const written = service.entries.get('build');
  if (!written) return service;
  const build = written.kind === 'scalar' ? map([['context', written]], written.origin) : written;
  if (build.kind !== 'map') return service;
  const context = build.entries.get('context') ?? scalar('.', build.origin);
  const text = textOf(context) ?? '.';
  const path = isContextHere(text) ? joinPath(context.origin.file.base, text) : null;
  const relative = path === null ? text : posix.relative(`/${project.directory}`, `/${path}`) || '.';
  const result = withEntry(build, 'context', scalar(relative, context.origin));
  const args = build.entries.get('args');
  const pairs = entriesOf(args && toPairs(args)).flatMap(([name, node]): [string, ComposeNode][] => {
    const value = isEmpty(node) ? environment.get(name) : undefined;
    if (value !== undefined) return [[name, scalar(value, node.origin)]];
    return [[name, isEmpty(node) ? scalar(null, node.origin) : node]];
  });
  const filled = args ? withEntry(result, 'args', map(pairs, args.origin)) : result;
  return withEntry(service, 'build', filled);
}
