import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, isReconcilerError } from '../../../base/errors.ts';
import { parseRelease } from '../../../model/release-tag.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Deadline } from './deadline.ts';
import { branchNotFound, gitError, RemoteError } from '../errors.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { readIdentity, readLayout } from '../repository/layout.ts';
import { compactMirror, discardMirror, ensureMirror, keepTags, restoreTags } from './mirror-files.ts';
import type { ObjectStore } from '../repository/object-store.ts';
import { createObjectStore } from '../repository/object-store.ts';
import { MAX_COMMIT_BYTES, MAX_TREE_BYTES, parseCommit } from '../repository/objects.ts';
import type { Ref } from '../repository/packed-refs.ts';
import type { Refs } from '../repository/refs.ts';
import { createRefs } from '../repository/refs.ts';
import type { RemoteRefs, Transport } from './transport.ts';

export interface RemoteHead {
  readonly branch: string;
  readonly commit: string;
}

interface Content {
  readonly store: ObjectStore;
  readonly refs: Refs;
}

/** A bare repository in the state directory that follows one branch and the deployment tags of a remote. */
export interface RemoteMirror extends Disposable {
  /** The mirror's content as it is now; may be replaced by `sync`. */
  open(): Promise<Content>;
  /** Fetches what is new. A mirror that is damaged is built anew beside the old one, which stays until that has worked. */
  sync(deadline: Deadline): Promise<RemoteHead>;
  /** Something that should be there could not be read: the next `sync` builds anew. */
  suspect(): void;
}

export interface RemoteMirrorOptions {
  readonly path: string;
  readonly cacheDir: string;
  readonly transport: Transport;
  readonly branch: string | undefined;
  readonly git: GitCommand;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tags that are fetched; all others but releases stay where they are. */
const TAGS = 'refs/tags/deploy/';
const EVERYTHING = [''];
/** A remote that is itself damaged must not be fetched anew all the time. */
const REBUILD_PAUSE_MS = 10 * 60_000;
/** The branch may move between listing and fetching. */
const FETCH_ATTEMPTS = 3;

export function createRemoteMirror(options: RemoteMirrorOptions): RemoteMirror {
  const { path, cacheDir, git, clock, logger } = options;
  let opened: (Content & { readonly identity: string }) | undefined;
  let suspected = false;
  let rebuiltAt = Number.NEGATIVE_INFINITY;
  const close = (): void => {
    opened?.store[Symbol.dispose]();
    opened = undefined;
  };
  const open: RemoteMirror['open'] = async () => {
    if (opened !== undefined && (await readIdentity(path)) === opened.identity) return opened;
    close();
    await ensureMirror(cacheDir, path);
    const { identity } = await readLayout(path);
    opened = { identity, store: createObjectStore(path, git), refs: createRefs(path) };
    return opened;
  };
  const rebuild = async (reason: unknown, deadline: Deadline): Promise<RemoteHead> => {
    if (clock.elapsed() - rebuiltAt < REBUILD_PAUSE_MS) throw reason;
    rebuiltAt = clock.elapsed();
    logger.warn({ mirror: path, reason: errorMessage(reason) }, 'mirror of the repository is built anew');
    const old = await open();
    const head = await buildBeside(options, old, deadline);
    close();
    suspected = false;
    return head;
  };
  return {
    open,
    sync: async (deadline) => {
      if (suspected) return rebuild(new Error('a part of it could not be read'), deadline);
      const parts = await open();
      let head: RemoteHead;
      try {
        head = await pull(options, { path, ...parts }, deadline);
      } catch (error) {
        if (!isDamage(error, deadline)) throw error;
        return rebuild(error, deadline);
      }
      if (await compactMirror(path, git, deadline.signal)) return head;
      return rebuild(new Error('it has too many packs'), deadline);
    },
    suspect: () => {
      suspected = clock.elapsed() - rebuiltAt >= REBUILD_PAUSE_MS;
    },
    [Symbol.dispose]: close,
  };
}

/** Errors of the remote (unreachable, unauthorized, an answer that is cut short, …) say nothing about the mirror. */
function isDamage(error: unknown, deadline: Deadline): boolean {
  if (deadline.signal.aborted || error instanceof RemoteError) return false;
  return !isReconcilerError(error) || error.code === 'GIT_ERROR';
}

interface Place extends Content {
  readonly path: string;
}

async function pull(options: RemoteMirrorOptions, place: Place, deadline: Deadline): Promise<RemoteHead> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === FETCH_ATTEMPTS;
    const remote = await options.transport.listRefs(EVERYTHING, deadline);
    const head = chooseHead(remote, options.branch);
    const wanted = await findWanted(place, remote, head);
    const missing = await filterMissing(place.store, wanted);
    if (missing.length > 0) {
      const refs = missing.map(({ name, id }) => ({ ref: name, id }));
      const fetched = await options.transport.fetch(place.path, refs, deadline).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof RemoteError) || isLast) throw error;
          return false;
        },
      );
      if (!fetched) continue;
    }
    if ((await filterMissing(place.store, wanted)).length > 0) {
      if (!isLast) continue;
      throw gitError('the remote did not send what it has listed');
    }
    await checkComplete(place.store, head.commit);
    await place.refs.put(wanted);
    await dropReleases(place, remote);
    await writeFile(join(place.path, 'HEAD'), `ref: refs/heads/${head.branch}\n`);
    return head;
  }
}

function chooseHead(remote: RemoteRefs, wanted: string | undefined): RemoteHead {
  const candidates = wanted === undefined ? [remote.head ?? 'main', 'main'] : [wanted];
  for (const branch of candidates) {
    const commit = remote.refs.get(`refs/heads/${branch}`);
    if (commit !== undefined) return { branch, commit };
  }
  const names = [...remote.refs.keys()].filter((name) => name.startsWith('refs/heads/'));
  throw branchNotFound(
    candidates[0] ?? 'main',
    names.map((name) => name.slice('refs/heads/'.length)),
  );
}

/** Refs of the mirror that differ from the remote's. */
async function findWanted({ refs }: Place, remote: RemoteRefs, head: RemoteHead): Promise<readonly Ref[]> {
  const have = new Map((await refs.list('refs/tags/')).map(({ name, id }) => [name, id]));
  const wanted: Ref[] = [{ name: `refs/heads/${head.branch}`, id: head.commit }];
  for (const [name, id] of remote.refs) {
    if ((name.startsWith(TAGS) || isRelease(name)) && have.get(name) !== id) wanted.push({ name, id });
  }
  return wanted;
}

/** Releases are the remote's alone: those that it does not have any more go here, too. Deployment tags may wait to be pushed. */
async function dropReleases({ refs }: Place, remote: RemoteRefs): Promise<void> {
  for (const { name, id } of await refs.list('refs/tags/')) {
    if (isRelease(name) && !remote.refs.has(name)) await refs.remove(name, id);
  }
}

function isRelease(ref: string): boolean {
  return ref.startsWith('refs/tags/') && parseRelease(ref.slice('refs/tags/'.length)) !== null;
}

async function filterMissing(store: ObjectStore, refs: readonly Ref[]): Promise<readonly Ref[]> {
  const missing: Ref[] = [];
  for (const ref of refs) {
    if (!(await store.has(ref.id))) missing.push(ref);
  }
  return missing;
}

/** The commit and its root must be readable; deeper damage shows when it is read. */
async function checkComplete(store: ObjectStore, commit: string): Promise<void> {
  const object = await store.read(commit, MAX_COMMIT_BYTES);
  const tree = object?.type === 'commit' ? parseCommit(object.content).tree : null;
  if (tree === null || (await store.read(tree, MAX_TREE_BYTES))?.type !== 'tree')
    throw gitError('the mirror is incomplete');
}

async function buildBeside(
  options: RemoteMirrorOptions,
  old: Content,
  deadline: Deadline,
): Promise<RemoteHead> {
  const path = `${options.path}.new-${randomBytes(4).toString('hex')}`;
  await ensureMirror(options.cacheDir, path);
  using store = createObjectStore(path, options.git);
  const refs = createRefs(path);
  try {
    const head = await pull(options, { path, store, refs }, deadline);
    await restoreTags(store, refs, await keepTags(old.store, old.refs));
    await discardMirror(options.path);
    await rename(path, options.path);
    return head;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
