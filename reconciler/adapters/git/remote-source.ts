import { isReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MergeRequest, MergeResult, Revision, Source } from '../../ports/source.ts';
import type { Deadline } from './remote/deadline.ts';
import { createMutex } from '../../base/mutex.ts';
import { withDeadline } from './remote/deadline.ts';
import { asGitError } from './errors.ts';
import type { GitCommand } from './repository/git-command.ts';
import type { Modules } from './modules/modules.ts';
import { mirrorPath } from './remote/mirror-files.ts';
import { mergeCommits } from './repository/merge.ts';
import type { Identity } from './repository/objects.ts';
import { pollRemote } from './poll-timer.ts';
import { readHead } from './repository/refs.ts';
import { createRemoteMirror } from './remote/remote-mirror.ts';
import type { Repository } from './repository/repository.ts';
import { createRepository } from './repository/repository.ts';
import type { CommitSigner } from './signatures/commit-signer.ts';
import type { CommitVerifier } from './signatures/verify-commits.ts';
import type { Transport } from './remote/transport.ts';
import { chooseFolds, splitFolds } from './fold-tags.ts';
import { foldAtRemote } from './remote/remote-fold.ts';
import type { PushPlace } from './remote/remote-push.ts';
import { push, pushDeletedTag, pushMovedTag, pushProposal, pushTags } from './remote/remote-push.ts';

export interface RemoteSourceOptions {
  /** Address without credentials. */
  readonly address: string;
  readonly transport: Transport;
  readonly modules: Modules;
  readonly verifier: CommitVerifier;
  readonly signer: CommitSigner | null;
  readonly branch: string | undefined;
  readonly cacheDir: string;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  readonly git: GitCommand;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly committer: Identity;
}

/** A repository elsewhere, read through a mirror in the state directory. Commits and tags are pushed. */
export async function createRemoteSource(options: RemoteSourceOptions): Promise<Source> {
  const { address, transport, modules, verifier, clock, logger, pollIntervalMs } = options;
  const access = await openMirror(options);
  const { use } = access;
  const place = (repository: Repository): PushPlace => ({
    path: access.path,
    branch: access.branch(),
    transport,
    repository,
  });
  return {
    location: address,
    get branch() {
      return access.branch();
    },
    root: '',
    hasRemote: true,
    resolve: (signal) => access.resolve(signal),
    expectTags: () => access.expectTags(),
    lastKnown: () => access.lastKnown(),
    lookup: (reference) => use('looking up a commit', (repository) => repository.lookup(reference)),
    contains: (commit) => use('looking for a commit', (repository) => repository.contains(commit)),
    comesAfter: (later, earlier) =>
      use('comparing commits', (repository) => repository.comesAfter(later, earlier)),
    between: (earlier, later, limit) =>
      use('listing commits', (repository) => repository.between(earlier, later, limit)),
    ...reads(access, modules, verifier),
    commit: (request, signal) =>
      use(
        'committing',
        (repository) => access.talk(signal, (deadline) => push(place(repository), request, deadline)),
        signal,
        { mayBeEmpty: request.expectedHead === null },
      ),
    propose: (request, signal) =>
      use(
        'proposing',
        (repository) => access.talk(signal, (deadline) => pushProposal(place(repository), request, deadline)),
        signal,
      ),
    tryMerge: (request, signal) =>
      use('merging', (repository) => tryMerge(options, access, { repository, request, signal }), signal),
    tag: (request) => use('tagging', (repository) => repository.tag(request)),
    ...tagMoves(access, place),
    tags: (prefix) => use('reading tags', (repository) => repository.tags(prefix)),
    ...manyTags(access, place, logger),
    watch: (onChange, signal) => pollRemote({ intervalMs: pollIntervalMs, clock }, onChange, signal),
    [Symbol.asyncDispose]: async () => {
      access[Symbol.dispose]();
      modules[Symbol.dispose]();
    },
  };
}

interface MergeTrial {
  readonly repository: Repository;
  readonly request: MergeRequest;
  readonly signal: AbortSignal;
}

async function tryMerge(
  { transport, git }: RemoteSourceOptions,
  access: MirrorAccess,
  { repository, request, signal }: MergeTrial,
): Promise<MergeResult> {
  const { head: id, ref } = request;
  if (!(await repository.store.has(id)))
    await access.talk(signal, (deadline) => transport.fetch(access.path, [{ ref, id }], deadline));
  return mergeCommits(git, repository, request, signal);
}

/** Reads of the mirror and of the submodules in it. */
function reads(
  { use, noteDamage }: MirrorAccess,
  modules: Modules,
  verifier: CommitVerifier,
): Pick<
  Source,
  'diff' | 'diffWithModules' | 'fetchLarge' | 'isIncomplete' | 'readBlob' | 'readBlobs' | 'verify'
> {
  return {
    verify: (request, signal) =>
      use('checking signatures', (repository) => verifier.verify(repository, request, signal), signal),
    diff: (from, to, signal) =>
      use('comparing commits', (repository) => repository.diff(from, to, signal).catch(noteDamage), signal),
    diffWithModules: (from, to, signal) =>
      use(
        'comparing commits',
        (repository) => modules.diff(repository, from, to, signal).catch(noteDamage),
        signal,
      ),
    fetchLarge: (files, maxBytes, signal) =>
      use(
        'fetching large files',
        (repository) => modules.fetchLarge(repository, files, maxBytes, signal),
        signal,
      ),
    isIncomplete: (commit) => modules.isIncomplete(commit),
    readBlob: (blob) =>
      use('reading a file', (repository) => modules.readBlob(repository, blob).catch(noteDamage)),
    readBlobs: async function* (blobs, maxBytes, signal) {
      const repository = await use('reading files', async (ready) => ready, signal);
      try {
        yield* modules.readBlobs(repository, blobs, maxBytes, signal);
      } catch (error) {
        noteDamage(error);
      }
    },
  };
}

/** Changes of tags that nothing but the one who knows where they are may make. */
function tagMoves(
  access: MirrorAccess,
  place: (repository: Repository) => PushPlace,
): Pick<Source, 'moveTag' | 'deleteTag'> {
  const { use } = access;
  /** The tag is not where it was thought to be: the next look shows where it is. */
  const lookAgain = (error: unknown): never => {
    if (isReconcilerError(error, 'WRITE_CONFLICT')) access.expectTags();
    throw error;
  };
  return {
    moveTag: (request, expected, signal) =>
      use(
        'tagging',
        (repository) =>
          access.talk(signal, (deadline) => pushMovedTag(place(repository), { request, expected }, deadline)),
        signal,
      ).catch(lookAgain),
    deleteTag: (name, expected, signal) =>
      use(
        'deleting a tag',
        (repository) =>
          access.talk(signal, (deadline) => pushDeletedTag(place(repository), { name, expected }, deadline)),
        signal,
      ).catch(lookAgain),
  };
}

/** Many tags at a time. When the remote has something else than was thought, the next look shows what it has. */
function manyTags(
  { use, talk, expectTags }: MirrorAccess,
  place: (repository: Repository) => PushPlace,
  logger: Logger,
): Pick<Source, 'pushTags' | 'foldTags'> {
  return {
    pushTags: async (names, signal) => {
      if (names.length === 0) return { taken: [], refused: new Map() };
      const work = (repository: Repository) =>
        talk(signal, (deadline) => pushTags(place(repository), names, { deadline, logger }));
      const pushed = await use('pushing tags', work, signal);
      if (pushed.taken.length > 0) expectTags();
      return pushed;
    },
    foldTags: async (options, signal) => {
      const doing = 'folding tags';
      const folds = await use(doing, (repository) => chooseFolds(repository, options), signal);
      const failed = new Map<string, string>();
      for (const part of splitFolds(folds)) {
        const work = (repository: Repository) =>
          talk(signal, (deadline) => foldAtRemote(place(repository), part, deadline));
        for (const [ref, reason] of await use(doing, work, signal)) failed.set(ref, reason);
      }
      if (failed.size > 0) expectTags();
      return failed;
    },
  };
}

interface MirrorAccess extends Disposable {
  readonly path: string;
  branch(): string;
  resolve(signal: AbortSignal): Promise<Revision>;
  /** The next `resolve` looks for all tags. */
  expectTags(): void;
  lastKnown(): Promise<Revision | null>;
  /** Talks to the remote, alone and under a deadline. */
  talk<T>(signal: AbortSignal, work: (deadline: Deadline) => Promise<T>): Promise<T>;
  /** Works on the mirror, which is fetched first when it never was. */
  use<T>(
    doing: string,
    work: (repository: Repository) => Promise<T>,
    signal?: AbortSignal,
    options?: { readonly mayBeEmpty: boolean },
  ): Promise<T>;
  /** Rethrows; content that a revision names but that cannot be read means that the mirror is not what it should be. */
  noteDamage(error: unknown): never;
}

async function openMirror(options: RemoteSourceOptions): Promise<MirrorAccess> {
  const { address, clock, committer, signer, timeoutMs } = options;
  const path = mirrorPath(options.cacheDir, address);
  const mirror = createRemoteMirror({ ...options, path });
  const exclusively = createMutex();
  let branch = options.branch ?? (await readHead(path)).branch ?? 'main';
  let viewed: Repository | undefined;

  const talk: MirrorAccess['talk'] = (signal, work) =>
    exclusively(() => withDeadline({ location: address, timeoutMs, signal }, work));
  const view = async (): Promise<Repository> => {
    const { store, refs } = await mirror.open();
    if (viewed?.store === store) return viewed;
    const now = (): number => clock.now();
    const parts = { commonDir: path, store, refs, committer, signer, now };
    viewed = createRepository({ ...parts, branch: () => branch });
    return viewed;
  };
  const sync = async (deadline: Deadline): Promise<string> => {
    const head = await mirror.sync(deadline);
    branch = head.branch;
    return head.commit;
  };
  const ready = async (signal: AbortSignal, mayBeEmpty: boolean): Promise<Repository> => {
    const repository = await view();
    if ((await repository.refs.read(`refs/heads/${branch}`)) !== null) return repository;
    await talk(signal, sync).catch(mayBeEmpty ? unlessMissing : undefined);
    return view();
  };
  const use: MirrorAccess['use'] = async (doing, work, signal = new AbortController().signal, options) => {
    try {
      return await work(await ready(signal, options?.mayBeEmpty === true));
    } catch (error) {
      throw asGitError(error, doing, signal);
    }
  };
  const noteDamage: MirrorAccess['noteDamage'] = (error) => {
    if (isReconcilerError(error, 'GIT_ERROR')) mirror.suspect();
    throw error;
  };
  const resolve: MirrorAccess['resolve'] = async (signal) => {
    try {
      const commit = await talk(signal, sync);
      return await (await view()).revision(commit, branch);
    } catch (error) {
      throw asGitError(error, address, signal);
    }
  };
  return {
    path,
    branch: () => branch,
    resolve,
    expectTags: () => mirror.expectTags(),
    lastKnown: async () => readTip(await view(), branch),
    talk,
    use,
    noteDamage,
    [Symbol.dispose]: () => mirror[Symbol.dispose](),
  };
}

async function readTip(repository: Repository, branch: string): Promise<Revision | null> {
  const commit = await repository.refs.read(`refs/heads/${branch}`);
  return commit === null ? null : repository.revision(commit, branch);
}

/** Passes over a missing branch on the remote: it is no trouble for whoever makes its first commit. */
function unlessMissing(error: unknown): void {
  if (!isReconcilerError(error, 'BRANCH_NOT_FOUND')) throw error;
}
