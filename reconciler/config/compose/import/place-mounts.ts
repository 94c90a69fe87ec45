import { posix } from 'node:path';
import { isDirectory, joinPath, listFiles, resolvePath } from '../../file-tree.ts';
import type { TreeDirectory, TreeFile } from '../../file-tree.ts';
import { isProblem } from '../../../base/problem.ts';
import type { Bind } from '../binds.ts';
import { addFiles, copyOf, copyOfFile, dataMount, hasContent, mountVolume, readBind } from '../binds.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { list, scalar, withEntry } from '../node.ts';
import { copy } from './copies.ts';
import type { Import } from './import.ts';

/*
 * Bind mounts of relative paths (decision 046). What a container only reads is content: it comes along and is copied into the container. What
 * it may write is data: it stays where it is, and out of Git. A single file that is plainly configuration counts as content.
 */

type Content = TreeDirectory | TreeFile;

/** A service whose bind mounts of relative paths are content, or data that is left where it is. */
export function placeMounts(shared: Import, service: MapNode): MapNode {
  const mounts = service.entries.get('volumes');
  if (mounts?.kind !== 'list') return service;
  const files: ComposeNode[] = [];
  const kept = mounts.items.flatMap((item): readonly ComposeNode[] => {
    const bind = readBind(item, service);
    if (!bind) return [item];
    const { mount, file } = placeMount(shared, bind);
    if (file) files.push(file);
    return mount ? [mount] : [];
  });
  const result = withEntry(service, 'volumes', list(kept, mounts.origin));
  return files.length > 0 ? addFiles(result, files) : result;
}

interface Placed {
  readonly mount?: ComposeNode;
  readonly file?: ComposeNode;
}

function placeMount(shared: Import, bind: Bind): Placed {
  const { source, readOnly, node } = bind;
  const path = source.startsWith('~') ? null : joinPath(node.origin.file.base, source);
  const found = path === null ? undefined : resolvePath(shared.tree, path);
  const there = found && !isProblem(found) && isFull(found.node) ? found : undefined;
  const isContent = readOnly
    ? !isWritten(shared, path ?? '')
    : isConfiguration(shared, path ?? '', there?.node);
  if (there && path !== null && isContent)
    return placeContent(shared, bind, { path, node: there.node, realPath: there.path });
  return placeData(shared, bind, there?.node);
}

/** Paths from the root of the tree that some service may write to: what others read there is data as well. */
export function findWritten(
  shared: Omit<Import, 'written'>,
  services: readonly MapNode[],
): ReadonlySet<string> {
  const written = services.flatMap((service): readonly string[] => {
    const mounts = service.entries.get('volumes');
    return (mounts?.kind === 'list' ? mounts.items : []).flatMap((item) => {
      const bind = readBind(item, service);
      if (!bind || bind.readOnly || bind.source.startsWith('~')) return [];
      const path = joinPath(bind.node.origin.file.base, bind.source);
      if (path === null) return [];
      const found = resolvePath(shared.tree, path);
      return !isProblem(found) && isConfiguration(shared, path, found.node) ? [] : [path.replace(/\/+$/, '')];
    });
  });
  return new Set(written);
}

/** Also what is inside of a written directory, or holds one. */
function isWritten({ written }: Import, path: string): boolean {
  const place = path.replace(/\/+$/, '');
  return [...written].some(
    (one) => one === place || place.startsWith(`${one}/`) || one.startsWith(place === '' ? '' : `${place}/`),
  );
}

function isFull(node: Content): boolean {
  return !isDirectory(node) || hasContent(node);
}

interface Found {
  readonly path: string;
  readonly node: Content;
  readonly realPath: string;
}

function placeContent(shared: Import, bind: Bind, { path, node, realPath }: Found): Placed {
  const { source, readOnly } = bind;
  const copied = `${source} is copied into the container from the repository (files:)`;
  if (!isDirectory(node)) {
    const lost = readOnly ? '' : '; what the container writes to it is lost when it is made anew';
    shared.note('changed', bind.node, copied + lost);
    return { file: copyOfFile(bind, copy(shared, path, [[path, node]])) };
  }
  shared.note('changed', bind.node, copied);
  const file = copyOf(bind, copy(shared, path, listFiles(node, realPath)));
  return { file, mount: mountVolume(bind, { hides: true }) };
}

function placeData(shared: Import, bind: Bind, there: Content | undefined): Placed {
  const { source, target, readOnly, node } = bind;
  const mount = dataMount(shared.project, bind);
  const path = source.startsWith('~') ? null : posix.normalize(source).replace(/\/+$/, '');
  if (path !== null && !path.startsWith('..')) shared.data.add(path);
  const isPlain = node.kind === 'scalar' && path !== null && !node.origin.file.base.startsWith('..');
  const written = isPlain && !source.startsWith('..') ? `./${path}:${target}${readOnly ? ':ro' : ''}` : null;
  if (there === undefined)
    shared.note('changed', node, `${source} is not there, so it counts as data: a directory of the host`);
  else {
    const hint = isDirectory(there)
      ? 'say :ro if the container only reads it'
      : 'say :ro if it is configuration';
    const message = `${source} may be written to, so it is data: it stays where it is and is left out (${hint})`;
    shared.note('left out', node, message);
  }
  return { mount: written === null ? mount : scalar(written, node.origin) };
}

/** Names of files that nobody keeps data in. JSON, keys and whatever has no ending may be either, and count as data. */
const CONFIGURATION =
  /\.(conf|cfg|cnf|ini|ya?ml|toml|properties|sh|sql|xml|html?|css|js|mjs|ts|py|rb|php|lua|tmpl|tpl|template|j2|md)$/i;

/** Tells a file that may be written to and is plainly configuration: Git knows it, or its name says so and it is a text. */
function isConfiguration(
  { isTracked, isVersioned, texts }: Pick<Import, 'isTracked' | 'isVersioned' | 'texts'>,
  path: string,
  node: Content | undefined,
): boolean {
  if (node === undefined || isDirectory(node)) return false;
  const isText = ({ blob }: TreeFile): boolean => !(texts.get(blob) ?? '\0').includes('\0');
  if (isVersioned) return isTracked(path) && isText(node);
  return CONFIGURATION.test(path) && isText(node);
}
