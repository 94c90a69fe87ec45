import { posix } from 'node:path';
import { isDirectory, joinPath, listFiles, resolvePath } from '../../file-tree.ts';
import { isProblem } from '../../../base/problem.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { child, list, scalar, textOf, withEntry } from '../node.ts';
import { isContextHere } from '../service.ts';
import { copy, fileAt, listContext } from './copies.ts';
import type { Import } from './import.ts';

/** Finishes a service that is in the words of a kombination already. */
export function importService(shared: Import, name: string, service: MapNode, written: MapNode): MapNode {
  let result = importConfigs(shared, service, written);
  result = importBuild(shared, name, result, written);
  shared.note('mapped', written, 'is a service with all that is not listed here');
  if (result.entries.has('restart') || child(result, 'deploy', 'restart_policy') !== undefined) return result;
  shared.note(
    'changed',
    written,
    'restart: "no" is written out: without it, a service is always kept running',
  );
  return withEntry(result, 'restart', scalar('no', written.origin));
}

/** Configs are entries of `files` by now; the files themselves come along. */
function importConfigs(shared: Import, service: MapNode, written: MapNode): MapNode {
  const uses = child(written, 'configs');
  for (const use of uses?.kind === 'list' ? uses.items : []) {
    const name = textOf(use.kind === 'map' ? child(use, 'source') : use) ?? '';
    shared.note('changed', use, `the config ${name} becomes an entry of files`);
  }
  const files = service.entries.get('files');
  if (files?.kind !== 'list') return service;
  const items = files.items.flatMap((file): readonly ComposeNode[] => {
    const source = child(file, 'source');
    // Files of mounts have come along.
    if (!source || file.kind !== 'map' || source.origin.path[0] !== 'configs') return [file];
    const path = joinPath(shared.directory, textOf(source) ?? '');
    const found = path === null ? undefined : resolvePath(shared.tree, path);
    if (path === null || !found || isProblem(found)) {
      shared.note('dropped', source, `${textOf(source) ?? ''} is not there`);
      return [];
    }
    const place = copy(shared, path, listFiles(found.node, found.path));
    return [withEntry(file, 'source', scalar(place, source.origin))];
  });
  return withEntry(service, 'files', items.length > 0 ? list(items, files.origin) : undefined);
}

function importBuild(shared: Import, name: string, service: MapNode, written: MapNode): MapNode {
  const build = service.entries.get('build');
  const place = contextOf(build);
  if (build?.kind !== 'map' || place === undefined) return service;
  const context = joinPath(shared.directory, place) ?? place;
  const inline = child(build, 'dockerfile_inline') !== undefined;
  const dockerfile = posix.join(context, textOf(child(build, 'dockerfile')) ?? 'Dockerfile');
  const found = resolvePath(shared.tree, context);
  const isThere = !isProblem(found) && isDirectory(found.node) && found.node.size > 0;
  const missing = !isThere ? place : inline || fileAt(shared.tree, dockerfile) ? null : dockerfile;
  if (missing !== null) {
    shared.note('dropped', build, `${missing} is not here: ${insteadOfBuild(shared, name, service)}`);
    return withoutBuild(shared, name, service);
  }
  const files = [...listContext(shared, context, dockerfile)];
  shared.note('mapped', build, `${files.length} files of the context come along`);
  return withEntry(
    service,
    'build',
    writeContext(build, child(written, 'build'), copy(shared, context, files)),
  );
}

/** A build with its context as it was written, where that says the same. */
function writeContext(build: MapNode, written: ComposeNode | undefined, path: string): ComposeNode {
  const said = contextOf(written);
  const isSame = said !== undefined && posix.normalize(said) === posix.normalize(path);
  const context = scalar(isSame ? said : path, (child(build, 'context') ?? build).origin);
  if (written?.kind === 'scalar' && build.entries.size === 1) return context;
  const isLeftOut = path === '.' && written?.kind === 'map' && !written.entries.has('context');
  return withEntry(build, 'context', isLeftOut ? undefined : context);
}

/** A directory of the project; `undefined` for a context from elsewhere. */
export function contextOf(build: ComposeNode | undefined): string | undefined {
  if (build === undefined) return undefined;
  const text = textOf(build.kind === 'map' ? (child(build, 'context') ?? scalar('.', build.origin)) : build);
  return text !== undefined && isContextHere(text) ? text : undefined;
}

/** Replaces a build that cannot be done here by an image from elsewhere. */
export function withoutBuild({ name: stack }: Import, name: string, service: MapNode): MapNode {
  const build = service.entries.get('build');
  const result = withEntry(service, 'build', undefined);
  if (!build || service.entries.has('image')) return result;
  const image = scalar(imageName(stack, name), build.origin);
  return withEntry(withEntry(result, 'image', image), 'pull_policy', scalar('never', build.origin));
}

export function insteadOfBuild({ name: stack }: Import, name: string, service: MapNode): string {
  return service.entries.has('image')
    ? 'the image is pulled instead of built'
    : `the image ${imageName(stack, name)} is expected to be on the engine`;
}

function imageName(stack: string, service: string): string {
  return `${stack}-${service}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
}
