import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isReconcilerError } from '../../base/errors.ts';
import { createMutex } from '../../base/mutex.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { CommitRequest, ProposalRequest, Revision, Source } from '../../ports/source.ts';
import { asGitError, branchNotFound, gitError, isMissing, writeConflict } from './errors.ts';
import { foldHere } from './fold-tags.ts';
import type { GitCommand } from './repository/git-command.ts';
import type { Modules } from './modules/modules.ts';
import type { Checkout, Layout } from './repository/layout.ts';
import { findCheckouts, readIdentity, readLayout } from './repository/layout.ts';
import { createObjectStore } from './repository/object-store.ts';
import { mergeCommits } from './repository/merge.ts';
import type { Identity } from './repository/objects.ts';
import { createRefs, readHead } from './repository/refs.ts';
import type { Repository } from './repository/repository.ts';
import { createRepository } from './repository/repository.ts';
import { watchLocal } from './watch-local.ts';
import type { CommitSigner } from './signatures/commit-signer.ts';
import type { CommitVerifier } from './signatures/verify-commits.ts';
import type { PreparedCheckout } from './repository/work-tree.ts';
import { isDirty, prepareCheckout } from './repository/work-tree.ts';

export interface LocalSourceOptions {
  readonly path: string;
  readonly modules: Modules;
  readonly verifier: CommitVerifier;
  readonly signer: CommitSigner | null;
  readonly branch: string | undefined;
  readonly git: GitCommand;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly committer: Identity;
  /** True for one command: the work tree is compared with its commit once, not for every stack. */
  readonly oneCommand: boolean;
}

/** Branch that is read when neither the caller nor HEAD names one that exists. */
const DEFAULT_BRANCH = 'main';
const DETACHED = 'HEAD';

/**
 * A repository on this machine, bare or with a work tree. It has no remote as far as this source is concerned: even when it
 * has an `origin`, commits and tags stay here, because nothing is fetched from there either.
 */
export function createLocalSource(options: LocalSourceOptions): Source {
  const { path, clock, logger, modules, verifier } = options;
  const access = createAccess(options);
  const { use } = access;
  return {
    location: path,
    get branch() {
      return access.branch();
    },
    root: '',
    hasRemote: false,
    resolve: async (signal) => {
      signal.throwIfAborted();
      const work = async (opened: Opened): Promise<Revision> => {
        const head = await readBranch(opened, options.branch);
        access.setBranch(head.branch);
        return resolveRevision(opened, head, signal);
      };
      return use('the branch cannot be read', work, { signal, fresh: true });
    },
    // Tags are read where they are made.
    expectTags: () => undefined,
    // There is no other copy of it.
    lastKnown: () => Promise.resolve(null),
    ...commitQuestions(access, verifier),
    diff: (from, to, signal) =>
      use('comparing commits', ({ repository }) => repository.diff(from, to, signal), { signal }),
    diffWithModules: (from, to, signal) =>
      use('comparing commits', ({ repository }) => modules.diff(repository, from, to, signal), { signal }),
    fetchLarge: (files, maxBytes, signal) =>
      use(
        'fetching large files',
        ({ repository }) => modules.fetchLarge(repository, files, maxBytes, signal),
        { signal },
      ),
    isIncomplete: (commit) => modules.isIncomplete(commit),
    readBlob: (blob) => use('reading a file', ({ repository }) => modules.readBlob(repository, blob)),
    readBlobs: async function* (blobs, maxBytes, signal) {
      const { repository } = await use('reading files', async (opened) => opened, { signal });
      yield* modules.readBlobs(repository, blobs, maxBytes, signal);
    },
    ...commits(access),
    tryMerge: (request, signal) =>
      use('merging', ({ repository }) => mergeCommits(options.git, repository, request, signal), { signal }),
    tag: (request) => use('tagging', ({ repository }) => repository.tag(request)),
    ...tagMoves(access),
    tags: (prefix) => use('reading tags', ({ repository }) => repository.tags(prefix)),
    watch: (onChange, signal) => {
      const readState = (): Promise<string> => describeState(options);
      return watchLocal({ path, branch: options.branch, clock, logger, readState }, onChange, signal);
    },
    [Symbol.asyncDispose]: async () => {
      access[Symbol.dispose]();
      modules[Symbol.dispose]();
    },
  };
}

/** One after the other: two at once would take each other for a Git command that is at work. */
function commits({ use }: Access): Pick<Source, 'commit' | 'propose'> {
  const exclusively = createMutex();
  return {
    commit: async (request, signal) => {
      signal.throwIfAborted();
      return exclusively(() =>
        use('committing', (opened) => commitLocally(opened, request), { signal, fresh: true }),
      );
    },
    propose: async (request, signal) =>
      exclusively(() =>
        use('proposing', (opened) => proposeLocally(opened, request, signal), { signal, fresh: true }),
      ),
  };
}

function commitQuestions(
  { use }: Access,
  verifier: CommitVerifier,
): Pick<Source, 'lookup' | 'contains' | 'comesAfter' | 'between' | 'verify'> {
  return {
    verify: (request, signal) =>
      use('checking signatures', ({ repository }) => verifier.verify(repository, request, signal), {
        signal,
      }),
    lookup: (reference) => use('looking up a commit', ({ repository }) => repository.lookup(reference)),
    contains: (commit) => use('looking for a commit', ({ repository }) => repository.contains(commit)),
    comesAfter: (later, earlier) =>
      use('comparing commits', ({ repository }) => repository.comesAfter(later, earlier)),
    between: (earlier, later, limit) =>
      use('listing commits', ({ repository }) => repository.between(earlier, later, limit)),
  };
}

/** Changes of tags that nothing but the one who knows where they are may make, and of many at a time. */
function tagMoves({ use }: Access): Pick<Source, 'moveTag' | 'deleteTag' | 'pushTags' | 'foldTags'> {
  return {
    pushTags: async () => ({ taken: [], refused: new Map() }),
    foldTags: async (folding, signal) => {
      await use('folding tags', ({ repository }) => foldHere(repository, folding), { signal });
      return new Map();
    },
    moveTag: (request, expected, signal) =>
      use(
        'tagging',
        async ({ repository }) => {
          const { ref, id } = await repository.expectTag(request.name, expected);
          await repository.refs.update(ref, await repository.writeTag(request), id);
        },
        { signal },
      ),
    deleteTag: (name, expected, signal) =>
      use(
        'deleting a tag',
        async ({ repository }) => {
          const { ref, id } = await repository.expectTag(name, expected);
          if (id !== null) await repository.refs.remove(ref, id);
        },
        { signal },
      ),
  };
}

interface Access extends Disposable {
  branch(): string;
  setBranch(branch: string): void;
  /** Works on the repository as it is now; another one in its place is opened anew. */
  use<T>(
    doing: string,
    work: (opened: Opened) => Promise<T>,
    how?: { readonly signal?: AbortSignal; readonly fresh?: boolean },
  ): Promise<T>;
}

function createAccess(options: LocalSourceOptions): Access {
  const { path, git, clock, committer, signer } = options;
  let opened: Opened | undefined;
  let branch = options.branch ?? DEFAULT_BRANCH;
  let compared: Promise<boolean> | undefined;
  const compare = (checkout: Checkout, signal: AbortSignal): Promise<boolean> => {
    if (!options.oneCommand) return isDirty(git, checkout, signal);
    return (compared ??= isDirty(git, checkout, signal));
  };
  const close = (): void => {
    opened?.repository.store[Symbol.dispose]();
    opened = undefined;
  };
  /** `fresh`: also look again at what kind of repository it is; otherwise only whether it is still the same one. */
  const open = async (fresh: boolean): Promise<Opened> => {
    if (!fresh && opened !== undefined) {
      const { commonDir, identity } = opened.layout;
      if ((await readIdentity(commonDir)) === identity) return opened;
    }
    const layout = await readLayout(path);
    const same = opened?.layout.identity === layout.identity && opened.layout.commonDir === layout.commonDir;
    if (opened !== undefined && same) return opened;
    close();
    const { commonDir } = layout;
    const [store, refs] = [createObjectStore(commonDir, git), createRefs(commonDir)];
    const now = (): number => clock.now();
    const parts = { commonDir, store, refs, committer, signer, now };
    const repository = createRepository({ ...parts, branch: () => branch });
    opened = { options, layout, repository, isDirty: compare };
    return opened;
  };
  return {
    branch: () => branch,
    setBranch: (name) => {
      branch = name;
    },
    use: async (doing, work, { signal, fresh = false } = {}) => {
      const current = await open(fresh);
      try {
        return await work(current);
      } catch (error) {
        // A repository that vanished meanwhile is the better explanation for whatever went wrong.
        await readLayout(path);
        throw asGitError(error, doing, signal);
      }
    },
    [Symbol.dispose]: close,
  };
}

interface Opened {
  readonly options: LocalSourceOptions;
  readonly layout: Layout;
  readonly repository: Repository;
  readonly isDirty: (checkout: Checkout, signal: AbortSignal) => Promise<boolean>;
}

interface Head {
  readonly branch: string;
  readonly commit: string;
}

/** The branch asked for; else the one HEAD names, else `main`, else the commit of a detached HEAD (as CI checks out). */
async function readBranch(
  {
    layout,
    repository: { refs },
  }: Pick<Opened, 'layout'> & { readonly repository: Pick<Repository, 'refs'> },
  wanted: string | undefined,
): Promise<Head> {
  const head = wanted === undefined ? await readHead(layout.gitdir) : { branch: wanted, commit: null };
  if (head.commit !== null) return { branch: DETACHED, commit: head.commit };
  const first = head.branch ?? DEFAULT_BRANCH;
  for (const branch of wanted === undefined ? [first, DEFAULT_BRANCH] : [first]) {
    const commit = await refs.read(`refs/heads/${branch}`);
    if (commit !== null) return { branch, commit };
  }
  const branches = await refs.list('refs/heads/');
  throw branchNotFound(
    first,
    branches.map(({ name }) => name.slice('refs/heads/'.length)),
  );
}

/** Reads a branch as `readBranch` does, though it may have no commit yet. */
async function readTip(
  opened: Opened,
  wanted: string | undefined,
): Promise<{ readonly branch: string; readonly commit: string | null }> {
  try {
    return await readBranch(opened, wanted);
  } catch (error) {
    if (!isReconcilerError(error, 'BRANCH_NOT_FOUND')) throw error;
    const { branch } = await readHead(opened.layout.gitdir);
    return { branch: wanted ?? branch ?? DEFAULT_BRANCH, commit: null };
  }
}

async function resolveRevision(opened: Opened, head: Head, signal: AbortSignal): Promise<Revision> {
  const { layout, repository } = opened;
  const { gitdir, workTree } = layout;
  const checkedOut = workTree === null ? null : await readHead(gitdir);
  const same = checkedOut !== null && (checkedOut.branch ?? DETACHED) === head.branch;
  const dirty = same && workTree !== null && (await opened.isDirty({ gitdir, workTree }, signal));
  return repository.revision(head.commit, head.branch, dirty);
}

/** Returns what a watcher compares: the commit of the branch, or that there is none. */
async function describeState({ path, branch }: LocalSourceOptions): Promise<string> {
  try {
    const layout = await readLayout(path);
    const head = await readBranch({ layout, repository: { refs: createRefs(layout.commonDir) } }, branch);
    return `${head.branch} ${head.commit}`;
  } catch {
    return 'none';
  }
}

async function commitLocally(opened: Opened, request: CommitRequest): Promise<string> {
  const { options, layout, repository } = opened;
  const head = await readTip(opened, options.branch);
  if (head.branch === DETACHED) throw gitError('HEAD is detached: name the branch that commits go to');
  if (head.commit !== request.expectedHead) {
    throw writeConflict(`${head.branch} has moved on to ${head.commit?.slice(0, 12) ?? 'nothing'}`);
  }
  const prepared = await repository.prepareCommit(request);
  const checkouts = await findCheckouts(layout, head.branch, await linkedWorkTrees(layout));
  const ready: PreparedCheckout[] = [];
  try {
    for (const checkout of withoutDuplicates(checkouts)) {
      ready.push(await prepareCheckout(options.git, checkout, prepared.files, options.logger));
    }
    await repository.refs.update(`refs/heads/${head.branch}`, prepared.commit, request.expectedHead);
  } catch (error) {
    for (const checkout of ready) await checkout.cancel();
    throw error;
  }
  for (const checkout of ready) await checkout.finish();
  return prepared.commit;
}

async function proposeLocally(
  { layout, repository }: Opened,
  request: ProposalRequest,
  signal: AbortSignal,
): Promise<{ readonly commit: string; readonly isNew: boolean }> {
  const ref = `refs/heads/${request.branch}`;
  const checkouts = await findCheckouts(layout, request.branch, await linkedWorkTrees(layout));
  if (checkouts.length > 0) throw writeConflict(`${request.branch} is checked out; it is left as it is`);
  const tip = await repository.refs.read(ref);
  const prepared = await repository.prepareProposal(request, tip, signal);
  if (prepared === null) return { commit: tip ?? request.base, isNew: false };
  await repository.refs.update(ref, prepared.commit, tip);
  return { commit: prepared.commit, isNew: true };
}

async function linkedWorkTrees({ commonDir }: Layout): Promise<readonly string[]> {
  return readdir(join(commonDir, 'worktrees')).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
}

function withoutDuplicates(checkouts: readonly Checkout[]): readonly Checkout[] {
  return [...new Map(checkouts.map((checkout) => [checkout.gitdir, checkout])).values()];
}
