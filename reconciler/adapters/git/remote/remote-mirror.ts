import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, isReconcilerError } from '../../../base/errors.ts';
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
import { createRefs, readHead } from '../repository/refs.ts';
import type { Extent } from './followed-refs.ts';
import { isFollowed, isRemotes, prefixesOf } from './followed-refs.ts';
import { createTagWatch } from './tag-watch.ts';
import type { RemoteRefs, Transport } from './transport.ts';
import { isCovered } from './transport.ts';

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
  /** Fetches what is new: the branch each time, tags as `TagWatch` says. A mirror that is damaged is built anew beside the old one, which stays until that has worked. */
  sync(deadline: Deadline): Promise<RemoteHead>;
  /** Something that should be there could not be read: the next `sync` builds anew. */
  suspect(): void;
  /** Tags may have changed: the next `sync` looks for all of them. */
  expectTags(): void;
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

/** A remote that is itself damaged must not be fetched anew all the time. */
const REBUILD_PAUSE_MS = 10 * 60_000;
/** The branch may move between listing and fetching. */
const FETCH_ATTEMPTS = 3;
const DEFAULT_BRANCH = 'main';

export function createRemoteMirror(options: RemoteMirrorOptions): RemoteMirror {
  const { path, cacheDir, git, clock, logger } = options;
  let opened: (Content & { readonly identity: string }) | undefined;
  let suspected = false;
  let rebuiltAt = Number.NEGATIVE_INFINITY;
  const tags = createTagWatch(clock);
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
    const remote = await buildBeside(options, old, deadline);
    tags.seen('everything', remote.listed);
    close();
    suspected = false;
    return remote.head;
  };
  return {
    open,
    sync: async (deadline) => {
      if (suspected) return rebuild(new Error('a part of it could not be read'), deadline);
      const parts = await open();
      const extent = tags.next();
      let head: RemoteHead;
      try {
        const pulled = await pull(options, { path, ...parts }, { extent, deadline });
        tags.seen(extent, pulled.listed);
        head = pulled.head;
      } catch (error) {
        if (extent === 'everything') tags.expect();
        if (!isDamage(error, deadline)) throw error;
        return rebuild(error, deadline);
      }
      if (await compactMirror(path, git, deadline.signal)) return head;
      return rebuild(new Error('it has too many packs'), deadline);
    },
    suspect: () => {
      suspected = clock.elapsed() - rebuiltAt >= REBUILD_PAUSE_MS;
    },
    expectTags: () => tags.expect(),
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

interface Pulled {
  readonly head: RemoteHead;
  readonly listed: RemoteRefs;
}

interface PullOrder {
  readonly extent: Extent;
  readonly deadline: Deadline;
}

async function pull(
  options: RemoteMirrorOptions,
  place: Place,
  { extent, deadline }: PullOrder,
): Promise<Pulled> {
  const followed = options.branch ?? (await readHead(place.path)).branch ?? DEFAULT_BRANCH;
  const prefixes = prefixesOf(extent, [...new Set([followed, options.branch ?? DEFAULT_BRANCH])]);
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === FETCH_ATTEMPTS;
    const remote = await options.transport.listRefs(prefixes, deadline);
    const head = chooseHead(remote, options.branch) ?? (await missBranch(options, remote, deadline));
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
    await dropGone(place, remote);
    await writeFile(join(place.path, 'HEAD'), `ref: refs/heads/${head.branch}\n`);
    return { head, listed: remote };
  }
}

function chooseHead(remote: RemoteRefs, wanted: string | undefined): RemoteHead | null {
  for (const branch of candidatesOf(remote, wanted)) {
    const commit = remote.refs.get(`refs/heads/${branch}`);
    if (commit !== undefined) return { branch, commit };
  }
  return null;
}

function candidatesOf({ head }: RemoteRefs, wanted: string | undefined): readonly string[] {
  return wanted === undefined ? [head ?? DEFAULT_BRANCH, DEFAULT_BRANCH] : [wanted];
}

/** Throws BRANCH_NOT_FOUND with the branches that there are. */
async function missBranch(
  { transport, branch }: RemoteMirrorOptions,
  remote: RemoteRefs,
  deadline: Deadline,
): Promise<never> {
  const heads = 'refs/heads/';
  const { refs } = await transport.listRefs([heads], deadline);
  const names = [...refs.keys()].filter((name) => name.startsWith(heads));
  throw branchNotFound(
    candidatesOf(remote, branch)[0] ?? DEFAULT_BRANCH,
    names.map((name) => name.slice(heads.length)),
  );
}

/** Refs of the mirror that differ from the remote's. */
async function findWanted({ refs }: Place, remote: RemoteRefs, head: RemoteHead): Promise<readonly Ref[]> {
  const wanted: Ref[] = [{ name: `refs/heads/${head.branch}`, id: head.commit }];
  const followed = [...remote.refs].filter(([name]) => isFollowed(name));
  if (followed.length === 0) return wanted;
  const have = new Map((await refs.list('refs/')).map(({ name, id }) => [name, id]));
  for (const [name, id] of followed) if (have.get(name) !== id) wanted.push({ name, id });
  return wanted;
}

/** Drops the tags that are the remote's, and that it does not have any more. */
async function dropGone({ refs }: Place, remote: RemoteRefs): Promise<void> {
  if (!remote.covers.some((prefix) => 'refs/tags/'.startsWith(prefix) || prefix.startsWith('refs/tags/')))
    return;
  for (const { name, id } of await refs.list('refs/tags/')) {
    if (isRemotes(name) && isCovered(remote, name) && !remote.refs.has(name)) await refs.remove(name, id);
  }
}

async function filterMissing(store: ObjectStore, refs: readonly Ref[]): Promise<readonly Ref[]> {
  const missing: Ref[] = [];
  // Many tags may be on one commit.
  const known = new Set<string>();
  for (const ref of refs) {
    if (known.has(ref.id)) continue;
    if (await store.has(ref.id)) known.add(ref.id);
    else missing.push(ref);
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

async function buildBeside(options: RemoteMirrorOptions, old: Content, deadline: Deadline): Promise<Pulled> {
  const path = `${options.path}.new-${randomBytes(4).toString('hex')}`;
  await ensureMirror(options.cacheDir, path);
  using store = createObjectStore(path, options.git);
  const refs = createRefs(path);
  try {
    const pulled = await pull(options, { path, store, refs }, { extent: 'everything', deadline });
    await restoreTags(store, refs, await keepTags(old.store, old.refs));
    await discardMirror(options.path);
    await rename(path, options.path);
    return pulled;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
