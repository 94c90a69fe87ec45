import { posix } from 'node:path';
import { isDirectory, joinPath, listFiles, resolvePath } from '../../file-tree.ts';
import type { TreeFile, TreeNode } from '../../file-tree.ts';
import { isProblem } from '../../../base/problem.ts';
import type { Bind, BindVolumes } from '../binds.ts';
import { addFiles, copyOf, copyOfFile, hasContent, mountVolume, readBind } from '../binds.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { list, map, scalar, withEntry } from '../node.ts';
import { copy } from './copies.ts';
import type { Import } from './import.ts';

/*
 * Bind mounts of relative paths. What a container only reads is content: it comes along and is copied into the container. What
 * it writes is data: it belongs in a volume and never in Git. A directory that it may write holds both; what is under version
 * control in there, or goes into an image that is built here, is content.
 */

/** A service without bind mounts of relative paths; volumes for them are added to those given. */
export function placeMounts(shared: Import, name: string, service: MapNode, volumes: BindVolumes): MapNode {
  const mounts = service.entries.get('volumes');
  if (mounts?.kind !== 'list') return service;
  const files: ComposeNode[] = [];
  const kept = mounts.items.flatMap((item): readonly ComposeNode[] => {
    const bind = readBind(item, service);
    if (!bind) return [item];
    const { mount, file } = placeMount(shared, name, bind);
    if (mount?.volume !== undefined) volumes.set(mount.volume, map([], item.origin));
    if (file) files.push(file);
    return mount ? [mount.node] : [];
  });
  const result = withEntry(service, 'volumes', list(kept, mounts.origin));
  return files.length > 0 ? addFiles(result, files) : result;
}

interface Placed {
  readonly mount?: { readonly node: ComposeNode; readonly volume?: string };
  readonly file?: ComposeNode;
}

function placeMount(shared: Import, service: string, bind: Bind): Placed {
  const { source, target, readOnly, node } = bind;
  const path = source.startsWith('~') ? null : joinPath(node.origin.file.base, source);
  const found = path === null ? undefined : resolvePath(shared.tree, path);
  const there = found && !isProblem(found) && isFull(found.node) ? found : undefined;
  const volume = nameVolume(shared, path ?? source, volumeName(source, service));
  const inVolume = {
    volume,
    node:
      bind.user === undefined || readOnly
        ? scalar(`${volume}:${target}${readOnly ? ':ro' : ''}`, node.origin)
        : mountVolume(bind, { name: volume, hides: true }),
  };
  if (!there || path === null) {
    shared.note('changed', node, `${source} is not there and becomes the volume ${volume}`);
    return { mount: inVolume };
  }
  if (!isDirectory(there.node)) return placeFile(shared, { bind, path, file: there.node });
  const files = listFiles(there.node, there.path);
  const chosen = readOnly ? [...files] : chooseContent(shared, bind, files);
  if (chosen.length === 0) {
    const message = `${source} is written to: it becomes the volume ${volume}, and what is in it is not copied`;
    shared.note('changed', node, `${message}; say :ro if the container only reads it`);
    return { mount: inVolume };
  }
  const file = copyOf(bind, copy(shared, path, chosen));
  const copied = `${source} is copied into the container from the repository (files:)`;
  if (readOnly) {
    shared.note('changed', node, copied);
    return { file, mount: { node: mountVolume(bind, { hides: true }) } };
  }
  shared.note('changed', node, `${copied}; what the container writes there is kept in the volume ${volume}`);
  return { file, mount: { volume, node: mountVolume(bind, { name: volume, hides: true }) } };
}

function isFull(node: TreeNode): boolean {
  return !isDirectory(node) || hasContent(node);
}

type Files = Iterable<readonly [string, TreeFile]>;

/** More files than this are data. */
const MOST_FILES = 200;

/**
 * Chooses the content of a directory that the container may write to: files that Git knows or images are built from, and outside of
 * Git a few texts where nobody keeps data.
 */
function chooseContent(
  shared: Import,
  { source, target }: Bind,
  all: Files,
): readonly (readonly [string, TreeFile])[] {
  const { isTracked, contexts, isVersioned, texts } = shared;
  const isBuilt = (path: string): boolean =>
    contexts.some((context) => context === '' || path.startsWith(`${context}/`));
  const known: (readonly [string, TreeFile])[] = [];
  const others: (readonly [string, TreeFile])[] = [];
  const isKept = isVersioned || DATA_PLACE.test(target) || DATA_PLACE.test(posix.basename(source));
  for (const [path, file] of all) {
    if (isTracked(path) || isBuilt(path)) known.push([path, file]);
    else if (!isKept) others.push([path, file]);
    if (others.length > MOST_FILES) return known;
  }
  const isText = ([, { blob }]: readonly [string, TreeFile]): boolean =>
    !(texts.get(blob) ?? '\0').includes('\0');
  return others.every(isText) ? [...known, ...others] : known;
}

const DATA_PLACE =
  /^\/var\/(?!www\b)|(^|[/_-])(data|db|databases?|backups?|logs?|uploads?|media|storage|cache|tmp|state|letsencrypt|acme)(\/|$)/i;

interface FoundFile {
  readonly bind: Bind;
  readonly path: string;
  readonly file: TreeFile;
}

function placeFile(shared: Import, { bind, path, file }: FoundFile): Placed {
  const { source, readOnly, node } = bind;
  const lost = readOnly ? '' : '; what the container writes to it is lost when it is made anew';
  shared.note('changed', node, `${source} is copied into the container from the repository (files:)${lost}`);
  return { file: copyOfFile(bind, copy(shared, path, [[path, file]])) };
}

/** One volume for each directory, whoever mounts it. */
function nameVolume({ volumes }: Import, path: string, words: string): string {
  const directory = path.replace(/\/+$/, '');
  const known = volumes.get(directory);
  if (known !== undefined) return known;
  const taken = new Set(volumes.values());
  let name = words;
  for (let count = 2; taken.has(name); count += 1) name = `${words}-${count}`;
  volumes.set(directory, name);
  return name;
}

function volumeName(source: string, service: string): string {
  const words = source
    .replace(/^[./]+/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return words === '' || words === 'data' ? `${service}-data` : words.toLowerCase();
}
