import { posix } from 'node:path';
import type { Unresolved } from '../file-tree.ts';
import { isDirectory, joinPath, listLeaves, resolvePath } from '../file-tree.ts';
import { isProblem } from '../../base/problem.ts';
import { sha256 } from '../../base/json.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, list, map, scalar, textOf, withEntry } from './node.ts';
import type { Project } from './project.ts';

/*
 * Bind mounts of relative paths (decision 007). On the machine where somebody runs Compose, `./data` is a directory beside
 * the file. An engine that is driven from a repository has no such directory: what is in the repository is copied into the
 * container, and what is not becomes a volume.
 */

/** Volumes that stand for directories beside the Compose file, by name. */
export type BindVolumes = Map<string, ComposeNode>;

/** A bind mount of a relative path, or of one in somebody's home. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly mustExist: boolean;
  readonly node: ComposeNode;
  /** User of the service, unless it is root or nobody says. Under Compose the directory is that user's. */
  readonly user?: string | undefined;
}

/** A service without bind mounts of relative paths. */
export function placeBinds(project: Project, service: MapNode, volumes: BindVolumes): MapNode {
  const mounts = service.entries.get('volumes');
  if (mounts?.kind !== 'list') return service;
  const files: ComposeNode[] = [];
  const kept = mounts.items.flatMap((item): readonly ComposeNode[] => {
    const bind = readBind(item, service);
    // A kombination that adopts nothing has no relative binds (decision 007), and is told so later.
    if (!bind || (item.origin.file.isKombination && !project.adopts)) return [item];
    const placed = placeBind(project, bind, volumes);
    if (placed.file) files.push(placed.file);
    return placed.mount ? [placed.mount] : [];
  });
  const result = withEntry(service, 'volumes', list(kept, mounts.origin));
  return files.length > 0 ? addFiles(result, files) : result;
}

/** A service with more `files`. */
export function addFiles(service: MapNode, files: readonly ComposeNode[]): MapNode {
  const own = service.entries.get('files');
  const items = [...(own?.kind === 'list' ? own.items : []), ...files];
  return withEntry(service, 'files', list(items, (own ?? service).origin));
}

/** `undefined` for a mount of anything else. */
export function readBind(node: ComposeNode, service: MapNode): Bind | undefined {
  const user = ownerIn(service);
  if (node.kind === 'map') {
    const source = textOf(child(node, 'source'));
    const target = textOf(child(node, 'target'));
    if (textOf(child(node, 'type')) !== 'bind' || target === undefined || !source || source.startsWith('/'))
      return undefined;
    const readOnly = textOf(child(node, 'read_only')) === 'true';
    const mustExist = textOf(child(node, 'bind', 'create_host_path')) === 'false';
    return { source, target, readOnly, mustExist, node, user };
  }
  const [source, target, options = ''] = (textOf(node) ?? '').split(':');
  if (target === undefined || !isRelative(source)) return undefined;
  return { source, target, readOnly: options.split(',').includes('ro'), mustExist: false, node, user };
}

/** Nothing can be put into a container whose file system is read-only. */
function ownerIn(service: MapNode): string | undefined {
  const user = textOf(service.entries.get('user')) ?? '';
  if (textOf(service.entries.get('read_only')) === 'true') return undefined;
  return /^(|0|root)(:|$)/.test(user) ? undefined : user;
}

function isRelative(source: string | undefined): source is string {
  return source !== undefined && /^(\.{1,2}(\/|$)|\.[^/]|~)/.test(source);
}

interface Where {
  /** Path from the root of the repository; `null` when it is not in there. */
  readonly place: string | null;
}

interface Placed {
  readonly mount?: ComposeNode;
  readonly file?: ComposeNode;
}

function placeBind(project: Project, bind: Bind, volumes: BindVolumes): Placed {
  const { source, target, readOnly, mustExist, node } = bind;
  const place = source.startsWith('~') ? null : joinPath(node.origin.file.base, source);
  const found = place === null ? undefined : resolvePath(project.tree, place);
  for (const visited of found?.visited ?? []) project.watched.add(visited);
  const there = found && !isProblem(found) && (isDirectory(found.node) ? hasContent(found.node) : true);
  if (there && place !== null) {
    const directory = isDirectory(found.node);
    const path = posix.relative(`/${project.directory}`, `/${place}`) || '.';
    const file = directory ? copyOf(bind, path) : copyOfFile(bind, path);
    if (readOnly) return directory ? { file, mount: mountVolume(bind, { hides: true }) } : { file };
    const kept = directory
      ? `what the container writes to ${target} is kept in a volume, what is in the repository written over it, and what leaves the repository stays there`
      : `what the container writes to ${target} is lost when it is made anew`;
    project.warning('BIND_COPIED', node, `${source} is copied from the repository: ${kept}`, {
      hint: 'add :ro if the container only reads it',
    });
    if (!directory) return { file };
    const name = nameVolume(project, volumes, { ...bind, place });
    return { file, mount: mountVolume(bind, { name, hides: true }) };
  }
  if (isProblem(found) && (found.code === 'CONTENT_ELSEWHERE' || leadsOut(found))) {
    project.error(found.code, node, found.problem, {
      hint: found.hint ?? 'commit what it leads to in its place, or use the absolute path of the node',
    });
    return {};
  }
  if (mustExist) {
    project.error('FILE_NOT_FOUND', node, `${source} is not in the repository`);
    return {};
  }
  const name = nameVolume(project, volumes, { ...bind, place });
  const message = `${source} is not in the repository: the volume ${name} is mounted at ${target} instead`;
  project.warning('BIND_AS_VOLUME', node, message, {
    hint: 'use an absolute path of the node, or add the file or directory to the repository',
  });
  // An empty directory of that user's hides what the image has there; else the volume takes over the owner from the image.
  return { mount: mountVolume(bind, { name, readOnly, hides: bind.user !== undefined && !readOnly }) };
}

/** Tells of a path that leaves the repository by a symlink. One that is written so is no file of the repository to begin with. */
function leadsOut({ code, visited }: Unresolved): boolean {
  return code === 'PATH_OUTSIDE_REPOSITORY' && visited.length > 0;
}

/** Files that only keep an empty directory in Git. */
const PLACEHOLDER = /(^|\/)\.(gitkeep|gitignore|keep|empty)$/;

export function hasContent(directory: Parameters<typeof listLeaves>[0]): boolean {
  for (const [path] of listLeaves(directory)) if (!PLACEHOLDER.test(path)) return true;
  return false;
}

/** An entry of `files` for a directory, whose mount says whose it is. */
export function copyOf(bind: Bind, source: string): ComposeNode {
  return copyOfFile({ ...bind, user: undefined }, source);
}

/** One that the container may write belongs to its user; only the engine knows the number of a user with a name. */
export function copyOfFile({ target, node, readOnly, user = '' }: Bind, source: string): ComposeNode {
  const [, uid, gid] = (!readOnly && /^(\d+)(?::(\d+))?$/.exec(user)) || [];
  const entries: [string, ComposeNode][] = [
    ['source', scalar(source, node.origin)],
    ['target', scalar(target, node.origin)],
  ];
  if (uid !== undefined) entries.push(['uid', scalar(Number(uid), node.origin)]);
  if (gid !== undefined) entries.push(['gid', scalar(Number(gid), node.origin)]);
  return map(entries, node.origin);
}

interface VolumeUse {
  /** Left out: a volume of the container's own, new whenever it is made. */
  readonly name?: string;
  readonly readOnly?: boolean;
  /** True when what the image has at the target is not seen, as with a bind mount. */
  readonly hides?: boolean;
}

export function mountVolume({ target, node, user }: Bind, { name, readOnly, hides }: VolumeUse): ComposeNode {
  const { origin } = node;
  const entries: [string, ComposeNode][] = [
    ['type', scalar('volume', origin)],
    ['target', scalar(target, origin)],
  ];
  if (name !== undefined) entries.push(['source', scalar(name, origin)]);
  if (readOnly) entries.push(['read_only', scalar(true, origin)]);
  const options: [string, ComposeNode][] = hides ? [['nocopy', scalar(true, origin)]] : [];
  if (user !== undefined && name !== undefined && !readOnly) options.push(['chown', scalar(true, origin)]);
  if (options.length > 0) entries.push(['volume', map(options, origin)]);
  return map(entries, origin);
}

/** One volume for each path, whoever mounts it; the name tells the path. */
function nameVolume(
  { directory }: Project,
  volumes: BindVolumes,
  { node, place, source }: Bind & Where,
): string {
  const path = place === null ? source : posix.relative(`/${directory}`, `/${place}`);
  const normal = posix.normalize(path).replace(/\/$/, '');
  const words = normal.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'here';
  const plain = /^[A-Za-z0-9_.]+(\/[A-Za-z0-9_.]+)*$/.test(normal) && words.length <= 60;
  const name = plain ? `bind-${words}` : `bind-${words.slice(0, 60)}-${sha256(normal).slice(0, 6)}`;
  if (!volumes.has(name)) volumes.set(name, scalar(null, node.origin));
  return name;
}
