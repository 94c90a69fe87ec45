import { blobId } from '../../../base/blob-id.ts';
import type { BuildModel } from '../service/build-model.ts';
import type { BuildSpec, BuiltImageSpec } from '../../../model/docker/docker-spec.ts';
import type { Ignore } from './docker-ignore.ts';
import { IGNORE_NOTHING, parseDockerIgnore } from './docker-ignore.ts';
import { parseGitContext } from '../../../model/docker/git-context.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { TreeDirectory, TreeFile } from '../../file-tree.ts';
import { contentElsewhere, isDirectory, joinPath, listLeaves, resolvePath } from '../../file-tree.ts';
import { isProblem } from '../../../base/problem.ts';
import { canonicalJson, sha256 } from '../../../base/json.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';
import type { ContentFile } from '../../../model/resource.ts';
import type { FileOptions } from './service-files.ts';
import { compareText, defined } from '../../../base/values.ts';

/** An image that the stack builds, with everything that goes into it. */
export interface BuiltImage {
  readonly spec: BuiltImageSpec;
  /** The context without what is ignored, by path; the Dockerfile is among it. */
  readonly content: readonly ContentFile[];
  /** Path where the build is written. */
  readonly path: DocumentPath;
}

export interface FoundBuilds {
  /** Built images by service; services that use the image of another one by its name have it too. */
  readonly images: ReadonlyMap<string, BuiltImage>;
  /** Dockerfiles written in the document itself, by blob id. */
  readonly inline: ReadonlyMap<string, Uint8Array>;
  readonly watched: ReadonlySet<string>;
}

/** More files than this are no source of an image, but something that should be ignored. */
const MAX_CONTEXT_FILES = 20_000;
/** Work for telling what is ignored: a second or so. */
const MAX_IGNORE_STEPS = 20_000_000;
/** Links that are reported one by one. */
const MAX_LINKS_REPORTED = 10;
const DIGEST_LENGTH = 12;

interface Search extends FileOptions {
  readonly stack: string;
  readonly inline: Map<string, Uint8Array>;
  readonly watched: Set<string>;
}

/** Looks up the build contexts of all services in the repository. Contents are not read: blob ids tell what changed. */
export function findBuilds({ name, services }: Kombination, options: FileOptions): FoundBuilds {
  const search: Search = { ...options, stack: name, inline: new Map(), watched: new Set() };
  const images = new Map<string, BuiltImage>();
  const named = new Map<string, BuiltImage>();
  for (const service of services) {
    const { build, image } = service;
    const built = build && findBuild(service, build, search);
    if (!built) continue;
    images.set(service.name, built);
    for (const tag of [image ?? [], build.tags ?? []].flat()) if (!named.has(tag)) named.set(tag, built);
  }
  for (const { name: other, build, image = '' } of services) {
    const built = build ? undefined : named.get(image);
    if (built) images.set(other, built);
  }
  return { images, inline: search.inline, watched: search.watched };
}

/** The services with the names under which their built images run. */
export function withBuiltImages(kombination: Kombination, { images }: FoundBuilds): Kombination {
  if (images.size === 0) return kombination;
  const services = kombination.services.map((service): ServiceModel => {
    const built = images.get(service.name);
    return built ? { ...service, image: built.spec.reference } : service;
  });
  return { ...kombination, services };
}

function findBuild(service: ServiceModel, build: BuildModel, search: Search): BuiltImage | undefined {
  const sources = findSources(build, search);
  if (!sources) return undefined;
  const { content, ...digests } = sources;
  const spec = buildSpec(service, build, digests);
  const reference = `${imageName(search.stack, service.name)}:${sha256(canonicalJson(spec)).slice(0, DIGEST_LENGTH)}`;
  return { spec: { reference, ...spec }, content, path: build.path };
}

type Sources = Pick<BuildSpec, 'dockerfile' | 'context' | 'remote'>;

/** Returns where an image comes from, with the files that are sent. */
function findSources(build: BuildModel, search: Search): (Sources & Pick<BuiltImage, 'content'>) | undefined {
  const { context, dockerfile: named = 'Dockerfile' } = build;
  if (isRemote(context))
    return { context: digestText(context), remote: context, dockerfile: named, content: [] };
  const place = findContext(build, search);
  const dockerfile = place && findDockerfile(build, place.path, search);
  if (!place || !dockerfile) return undefined;
  const ignore = readIgnore(build, place.path, dockerfile, search);
  const files = collect(build, place, ignore, search);
  if (!files) return undefined;
  const inside = files.find(({ path }) => path === dockerfile.inContext);
  const name = inside?.path ?? `.dockerfile.${dockerfile.blob.slice(0, DIGEST_LENGTH)}`;
  const extra: readonly ContentFile[] = inside ? [] : [{ path: name, type: 'file', blob: dockerfile.blob }];
  const content = [...files, ...extra].sort((a, b) => compareText(a.path, b.path));
  return { dockerfile: name, context: digestOf(content), content };
}

/** Tells of a context that the engine fetches; one that it cannot fetch has been reported. */
function isRemote(context: string): boolean {
  return parseGitContext(context) !== null;
}

/** Names of images are in lower case, with single separators. */
function imageName(stack: string, service: string): string {
  return `${stack}-${service}`
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .replace(/[._-]{2,}/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
}

function buildSpec(
  service: ServiceModel,
  build: BuildModel,
  sources: Sources,
): Omit<BuiltImageSpec, 'reference' | 'secrets'> {
  const {
    context: _,
    dockerfile: __,
    dockerfileInline: ___,
    path: ____,
    secrets: _____,
    tags = [],
    platform,
    ...rest
  } = build;
  const names = [...new Set([service.image ?? [], tags].flat())].sort(compareText);
  return defined({
    service: service.name,
    build: { ...rest, ...sources },
    platform: platform ?? service.options.platform,
    tags: names.length > 0 ? names : undefined,
  });
}

function digestOf(files: readonly ContentFile[]): string {
  return digestText(files.map(({ path, type, blob }) => `${path}\0${type}\0${blob}\n`).join(''));
}

function digestText(text: string): string {
  return sha256(text).slice(0, 32);
}

interface Place {
  readonly path: string;
  readonly node: TreeDirectory;
}

function findContext({ context, path }: BuildModel, search: Search): Place | undefined {
  const { tree, directory, diagnostics, watched } = search;
  const joined = joinPath(directory, context);
  if (joined === null) {
    diagnostics.error(
      'PATH_OUTSIDE_REPOSITORY',
      path,
      `${context} is an absolute path; images are built from the repository`,
      {
        hint: 'use a path relative to this file',
      },
    );
    return undefined;
  }
  const found = resolvePath(tree, joined);
  for (const visited of found.visited) watched.add(visited);
  if (isProblem(found)) {
    diagnostics.error(found.code, path, found.problem, {
      hint: found.hint ?? 'paths are relative to the directory of this file',
    });
    return undefined;
  }
  if (isDirectory(found.node)) return { path: found.path, node: found.node };
  diagnostics.error('INVALID_VALUE', path, `${context} is a file; a build context is a directory`, {
    hint: 'name the file with dockerfile',
  });
  return undefined;
}

interface Dockerfile {
  readonly blob: string;
  /** Path where it really is; `undefined` for one that is written in the document. */
  readonly path?: string;
  /** Its path inside of the context. */
  readonly inContext?: string;
}

function findDockerfile(build: BuildModel, context: string, search: Search): Dockerfile | undefined {
  const { dockerfile = 'Dockerfile', dockerfileInline, path } = build;
  if (dockerfileInline !== undefined) {
    const content = new TextEncoder().encode(dockerfileInline);
    const blob = blobId(content);
    search.inline.set(blob, content);
    return { blob };
  }
  const at = build.dockerfile === undefined ? path : [...path, 'dockerfile'];
  const joined = joinPath(context, dockerfile);
  if (joined === null) {
    search.diagnostics.error('PATH_OUTSIDE_REPOSITORY', at, `${dockerfile} is an absolute path`, {
      hint: 'a dockerfile is named relative to the build context',
    });
    return undefined;
  }
  const found = resolvePath(search.tree, joined);
  for (const visited of found.visited) search.watched.add(visited);
  if (isProblem(found)) {
    search.diagnostics.error(found.code, at, found.problem, {
      hint: found.hint ?? 'a dockerfile is named relative to the build context',
    });
    return undefined;
  }
  if (isDirectory(found.node)) {
    search.diagnostics.error('INVALID_VALUE', at, `${joined} is a directory, not a Dockerfile`);
    return undefined;
  }
  const prefix = context === '' ? '' : `${context}/`;
  const inContext = found.path.startsWith(prefix) ? found.path.slice(prefix.length) : undefined;
  return defined({ blob: found.node.blob, path: found.path, inContext });
}

/** `<Dockerfile>.dockerignore` goes before the `.dockerignore` of the context. */
function readIgnore({ path }: BuildModel, context: string, dockerfile: Dockerfile, search: Search): Ignore {
  const own = dockerfile.path === undefined ? [] : [`${dockerfile.path}.dockerignore`];
  for (const file of [...own, context === '' ? '.dockerignore' : `${context}/.dockerignore`]) {
    const found = resolvePath(search.tree, file);
    for (const visited of found.visited) search.watched.add(visited);
    if (isProblem(found) || isDirectory(found.node)) continue;
    const { text } = found.node;
    const ignore = text === undefined ? { problem: 'it is too large, or no text' } : parseDockerIgnore(text);
    if (!isProblem(ignore)) return ignore;
    search.diagnostics.error('INVALID_FORMAT', path, `${file} cannot be read: ${ignore.problem}`);
    break;
  }
  return IGNORE_NOTHING;
}

/** Collects what is sent to the engine, by path; `undefined` when it may not be. */
function collect(
  build: BuildModel,
  { node, path: context }: Place,
  ignore: Ignore,
  { tree, diagnostics }: Search,
): readonly ContentFile[] | undefined {
  const files: ContentFile[] = [];
  const leaving: string[] = [];
  let missing = false;
  for (const [path, file] of listLeaves(node)) {
    if (ignore.work.steps > MAX_IGNORE_STEPS) {
      diagnostics.error(
        'OUT_OF_RANGE',
        build.path,
        'the patterns of .dockerignore take too long for all files of the build context',
        {
          hint: 'write fewer of them, with fewer stars',
        },
      );
      return undefined;
    }
    if (ignore(path)) continue;
    if (files.length === MAX_CONTEXT_FILES) {
      diagnostics.error(
        'OUT_OF_RANGE',
        build.path,
        `the build context has more than ${MAX_CONTEXT_FILES} files`,
        {
          hint: 'leave out what is not needed with .dockerignore',
        },
      );
      return undefined;
    }
    const place = context === '' ? path : `${context}/${path}`;
    const elsewhere = contentElsewhere(file, place);
    if (elsewhere !== null || file.type === 'submodule') {
      missing = true;
      if (elsewhere !== null)
        diagnostics.error(elsewhere.code, build.path, elsewhere.problem, { hint: elsewhere.hint ?? '' });
      continue;
    }
    if (leadsOut(tree, place, file)) leaving.push(path);
    files.push(toContent(path, file));
  }
  for (const path of leaving.sort(compareText).slice(0, MAX_LINKS_REPORTED)) {
    const message = `${path} in the build context is a symlink that leads out of the repository`;
    diagnostics.error('PATH_OUTSIDE_REPOSITORY', build.path, message, {
      hint: 'make the link in a step of the Dockerfile, or leave it out with .dockerignore',
    });
  }
  return leaving.length > 0 || missing ? undefined : files;
}

/** A link that leads nowhere stays what it is. */
function leadsOut(tree: TreeDirectory, path: string, { type }: TreeFile): boolean {
  if (type !== 'symlink') return false;
  const found = resolvePath(tree, path);
  return isProblem(found) && found.code === 'PATH_OUTSIDE_REPOSITORY';
}

function toContent(path: string, { type, blob }: TreeFile): ContentFile {
  return { path, type, blob };
}
