import { ReconcilerError } from '../../base/errors.ts';
import { isProblem } from '../../base/problem.ts';
import type { Ignore } from '../../config/kombination/checks/docker-ignore.ts';
import { IGNORE_NOTHING, parseDockerIgnore } from '../../config/kombination/checks/docker-ignore.ts';
import type { PlannedBuild } from '../../ports/builds/build-planner.ts';
import type { ContentFile } from '../../model/resource.ts';
import type { FetchedRepository } from '../../ports/builds/repository-fetcher.ts';
import type { BuildRequest } from './read-request.ts';

/** Files that are sent to the engine. */
export interface BuildContext {
  /** Paths below the context. */
  readonly files: readonly ContentFile[];
  /** Path of the Dockerfile among them; `null`: there is none. */
  readonly dockerfile: string | null;
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
  /** Things to be told: what is left out though somebody might look for it. */
  readonly warnings: readonly string[];
}

const MAX_FILES = 50_000;
const MAX_BYTES = 1024 ** 3;
const MAX_IGNORE_STEPS = 20_000_000;
const MAX_IGNORE_BYTES = 256 * 1024;

type Wanted = Pick<BuildRequest, 'context' | 'dockerfile'>;

/**
 * Collects what a repository is built from, without what its `.dockerignore` leaves out. Throws BAD_OPTIONS for a context or a Dockerfile that is
 * named and not there, FILE_TOO_LARGE for more than a builder should be sent.
 */
export async function collectContext(repository: FetchedRepository, wanted: Wanted): Promise<BuildContext> {
  const prefix = wanted.context === '.' ? '' : `${wanted.context}/`;
  const below = repository.files
    .filter(({ path }) => path.startsWith(prefix))
    .map((file) => ({ ...file, path: file.path.slice(prefix.length) }));
  if (below.length === 0)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `the repository has no directory ${wanted.context}, or nothing in it`,
    );
  const there = new Map(below.map((file) => [file.path, file]));
  const dockerfile = findDockerfile(wanted, prefix, (path) => there.has(path));
  const readBlob = createBoundedReader(repository);
  const ignored = [...(dockerfile === null ? [] : [`${dockerfile}.dockerignore`]), '.dockerignore'];
  const ignoreFile = ignored.find((path) => there.has(path));
  const blob = ignoreFile === undefined ? undefined : there.get(ignoreFile)?.blob;
  const ignore =
    blob === undefined ? IGNORE_NOTHING : readIgnore(ignoreFile ?? '', await repository.readBlob(blob));
  const files: ContentFile[] = [];
  const modules: string[] = [];
  for (const { path, type, blob: id } of below) {
    if (ignore.work.steps > MAX_IGNORE_STEPS)
      throw new ReconcilerError('BAD_OPTIONS', `the patterns of ${ignoreFile} take too long for all files`);
    // Builders are sent these two whatever the patterns say.
    if (path !== dockerfile && path !== ignoreFile && ignore(path)) continue;
    if (type === 'submodule') modules.push(path);
    else files.push({ path, type, blob: id });
    if (files.length > MAX_FILES)
      throw new ReconcilerError(
        'FILE_TOO_LARGE',
        `more than ${MAX_FILES} files are no source of an image: leave some out with .dockerignore`,
      );
  }
  return {
    files,
    dockerfile,
    readBlob,
    warnings: modules.map((path) => `the submodule ${path} is not fetched: its files are not there`),
  };
}

/** The path below the context; a Dockerfile may be named from the root of the repository, too. */
function findDockerfile(
  { context, dockerfile }: Wanted,
  prefix: string,
  isThere: (path: string) => boolean,
): string | null {
  if (dockerfile === null) return isThere('Dockerfile') ? 'Dockerfile' : null;
  const named = [dockerfile, ...(dockerfile.startsWith(prefix) ? [dockerfile.slice(prefix.length)] : [])];
  const found = named.find(isThere);
  if (found !== undefined) return found;
  const place = context === '.' ? 'the repository' : context;
  throw new ReconcilerError('BAD_OPTIONS', `there is no ${dockerfile} in ${place}`);
}

function readIgnore(file: string, content: Uint8Array): Ignore {
  const ignore =
    content.byteLength > MAX_IGNORE_BYTES
      ? { problem: `it is larger than ${MAX_IGNORE_BYTES / 1024} KiB` }
      : parseDockerIgnore(Buffer.from(content).toString('utf8'));
  if (isProblem(ignore))
    throw new ReconcilerError('BAD_OPTIONS', `${file} cannot be read: ${ignore.problem}`);
  return ignore;
}

/** The context with what a program has planned in it; a file of the application gives way. */
export function withPlan(context: BuildContext, { files, dockerfile }: PlannedBuild): BuildContext {
  const planned = new Map(files.map((file, index) => [`planned:${index}`, file]));
  const paths = new Set(files.map(({ path }) => path));
  return {
    ...context,
    dockerfile,
    files: [
      ...context.files.filter(({ path }) => !paths.has(path)),
      ...[...planned].map(([blob, { path, type }]) => ({ path, type, blob })),
    ],
    readBlob: async (blob) => planned.get(blob)?.content ?? context.readBlob(blob),
  };
}

/** Reads as many bytes as a builder is sent at most. */
function createBoundedReader({ readBlob }: FetchedRepository): BuildContext['readBlob'] {
  let read = 0;
  return async (blob) => {
    const content = await readBlob(blob);
    read += content.byteLength;
    if (read > MAX_BYTES)
      throw new ReconcilerError(
        'FILE_TOO_LARGE',
        `more than ${MAX_BYTES / 1024 ** 2} MiB are no source of an image: leave some out with .dockerignore`,
      );
    return content;
  };
}
