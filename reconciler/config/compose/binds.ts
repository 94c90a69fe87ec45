import { posix } from 'node:path';
import type { Unresolved } from '../file-tree.ts';
import { isDirectory, joinPath, listLeaves, resolvePath } from '../file-tree.ts';
import { isProblem } from '../../base/problem.ts';
import { isRelative } from '../../model/docker/mounts.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, list, map, scalar, textOf, withEntry } from './node.ts';
import type { Project } from './project.ts';

/*
 * Bind mounts of relative paths (decision 046): what is in the repository and only read is content, and is copied into the container; everything
 * else is data, which has its place on the host and is none of the repository's.
 */

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

/** A service whose bind mounts of relative paths are content, as `files`, or data, in the long form. */
export function placeBinds(project: Project, service: MapNode): MapNode {
  const mounts = service.entries.get('volumes');
  if (mounts?.kind !== 'list') return service;
  const files: ComposeNode[] = [];
  const kept = mounts.items.flatMap((item): readonly ComposeNode[] => {
    const bind = readBind(item, service);
    if (!bind) return [item];
    const placed = placeBind(project, bind);
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
  if (target === undefined || source === undefined || !isRelative(source)) return undefined;
  return { source, target, readOnly: options.split(',').includes('ro'), mustExist: false, node, user };
}

/** Nothing can be put into a container whose file system is read-only. */
function ownerIn(service: MapNode): string | undefined {
  const user = textOf(service.entries.get('user')) ?? '';
  if (textOf(service.entries.get('read_only')) === 'true') return undefined;
  return /^(|0|root)(:|$)/.test(user) ? undefined : user;
}

interface Placed {
  readonly mount?: ComposeNode;
  readonly file?: ComposeNode;
}

function placeBind(project: Project, bind: Bind): Placed {
  const { source, target, readOnly, node } = bind;
  const place = source.startsWith('~') ? null : joinPath(node.origin.file.base, source);
  const found = place === null ? undefined : resolvePath(project.tree, place);
  for (const visited of found?.visited ?? []) project.watched.add(visited);
  const there = found && !isProblem(found) && (isDirectory(found.node) ? hasContent(found.node) : true);
  if (there && place !== null) {
    const directory = isDirectory(found.node);
    if (!readOnly) {
      const what = directory ? 'a directory' : 'a file';
      const message = `${source} is ${what} of the repository that the container may write to: what it wrote would be in the way of the next commit, or lost`;
      project.error('BIND_TRACKED', node, message, { hint: waysOut(found.path, target) });
      return {};
    }
    const path = posix.relative(`/${project.directory}`, `/${place}`) || '.';
    if (!directory) return { file: copyOfFile(bind, path) };
    return { file: copyOf(bind, path), mount: mountVolume(bind, { hides: true }) };
  }
  if (isProblem(found) && (found.code === 'CONTENT_ELSEWHERE' || leadsOut(found))) {
    project.error(found.code, node, found.problem, {
      hint: found.hint ?? 'commit what it leads to in its place, or use the absolute path of the node',
    });
    return {};
  }
  return { mount: dataMount(project, bind) };
}

function waysOut(path: string, target: string): string {
  return `write :ro after ${target} if the container only reads it; if it is data, git rm -r --cached ${path}, with a line for it in .gitignore: then it stays on its host`;
}

/** Keys of a mount in the long form that say how, not what. */
const OTHER_KEYS = ['read_only', 'bind', 'consistency'];

/** The mount in the long form, with its path from the directory of the description. */
export function dataMount(
  { directory }: Pick<Project, 'directory'>,
  { source, target, readOnly, node }: Bind,
): ComposeNode {
  const { origin } = node;
  const path = source.startsWith('~')
    ? source
    : pathFrom(directory, posix.join(node.origin.file.base, source));
  const entries: [string, ComposeNode][] = [
    ['type', scalar('bind', origin)],
    ['source', scalar(path.startsWith('.') || path.startsWith('~') ? path : `./${path}`, origin)],
    ['target', scalar(target, origin)],
  ];
  if (node.kind === 'map') {
    for (const key of OTHER_KEYS) {
      const value = child(node, key);
      if (value) entries.push([key, value]);
    }
    return map(entries, origin);
  }
  if (readOnly) entries.push(['read_only', scalar(true, origin)]);
  const bind = shortOptions(textOf(node) ?? '');
  if (bind.length > 0) {
    entries.push([
      'bind',
      map(
        bind.map(([key, value]) => [key, scalar(value, origin)]),
        origin,
      ),
    ]);
  }
  return map(entries, origin);
}

/** The way from one directory to a path, both from the root of the repository; the path may lead out of it. */
function pathFrom(directory: string, path: string): string {
  const from = directory.split('/').filter((name) => name !== '');
  const to = posix
    .normalize(path)
    .split('/')
    .filter((name) => name !== '' && name !== '.');
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared += 1;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/') || '.';
}

/** The options of the short form that have a place under `bind` of the long one. */
function shortOptions(text: string): readonly (readonly [string, string])[] {
  const [, , options = ''] = text.split(':');
  return options.split(',').flatMap((option): readonly (readonly [string, string])[] => {
    if (option === 'z' || option === 'Z') return [['selinux', option]];
    return /^r?(shared|slave|private)$/.test(option) ? [['propagation', option]] : [];
  });
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
