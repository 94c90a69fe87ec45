import { createHash } from 'node:crypto';
import type { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { ReconcilerError as SourceError } from '../../../reconciler/base/errors.ts';
import type {
  CommitRequest,
  DeploymentTag,
  FileChange,
  FileEntry,
  FileWrite,
  LoggedCommit,
  MergeResult,
  Revision,
  Source,
} from '../../../reconciler/ports/source.ts';

export type MemoryFiles = Readonly<Record<string, string | Uint8Array | null>>;

export type MemoryWrite = Omit<FileWrite, 'type'> & { readonly type?: FileEntry['type'] };

/** A config repository in memory that passes the same contract as the real ones. */
export interface MemorySource extends Source {
  /** Commits as somebody else would; `null` deletes a file, files that are not named stay. Returns the commit. */
  push(files: MemoryFiles, message?: string, author?: Revision['author']): string;
  /** Writes with a type of their own (symlinks, executables, submodules). */
  pushWrites(writes: readonly MemoryWrite[], message?: string): string;
  /** Moves the branch to any commit, as a force push does; `null` removes it. */
  moveBranch(commit: string | null): void;
  /** Every call that reads or writes throws this, until `null`. */
  failWith(error: ReconcilerError | null): void;
  /** Makes a commit count as signed by its author; those of `commit` and `propose` are. */
  sign(commit: string): void;
  /** Forgets a commit, as a repository that dropped it would. */
  forget(commit: string): void;
  setDirty(dirty: boolean): void;
  /** Somebody else's tag at the remote; `resolve` brings it here. */
  tagAtRemote(tag: DeploymentTag): void;
  /** Names of tags that were pushed, in order. */
  readonly pushedTags: readonly string[];
  /** Branches of proposals and what they hold, with the whole message. */
  /** Commits on top of any commit, where no branch goes. Returns the commit. */
  commitBeside(parent: string, files: MemoryFiles, message?: string): string;
  proposal(branch: string): { readonly commit: string; readonly message: string } | undefined;
  /** Blobs read so far, counted. */
  readonly blobReads: number;
}

export interface MemorySourceOptions {
  readonly branch?: string;
  readonly location?: string;
  readonly hasRemote?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface StoredCommit {
  readonly parent: string | null;
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly author: Revision['author'];
  readonly message: string;
  readonly time: string;
}

export function createMemorySource(options: MemorySourceOptions = {}): MemorySource {
  const { branch = 'main', location = 'memory:config', hasRemote = false, now = Date.now } = options;
  const commits = new Map<string, StoredCommit>();
  const blobs = new Map<string, Uint8Array>();
  const tags = new Map<string, DeploymentTag>();
  const pushedTags: string[] = [];
  /** Tags of others that are at the remote only. */
  const foreign = new Map<string, DeploymentTag>();
  const proposals = new Map<string, string>();
  const signed = new Set<string>();
  const watchers = new Set<() => void>();
  let head: string | null = null;
  let failure: ReconcilerError | null = null;
  let dirty = false;
  let blobReads = 0;

  const check = (signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (failure !== null) throw failure;
  };
  const moveTo = (commit: string | null): void => {
    head = commit;
    for (const notify of watchers) queueMicrotask(notify);
  };
  const read = (commit: string): StoredCommit => {
    const stored = commits.get(commit);
    if (stored === undefined) throw new SourceError('GIT_ERROR', `there is no commit ${commit}`);
    return stored;
  };
  const store = (
    parent: string | null,
    writes: readonly MemoryWrite[],
    by: { readonly message: string; readonly author: Revision['author'] },
  ): string => {
    const files = new Map(parent === null ? [] : read(parent).files);
    for (const write of writes) applyWrite(files, blobs, write);
    const time = new Date(Math.floor(now() / 1000) * 1000).toISOString();
    const commit = sha1(JSON.stringify([parent, [...files], by, time, commits.size]));
    commits.set(commit, { parent, files, ...by, time });
    return commit;
  };
  const revision = (commit: string, on: string): Revision => {
    const { author, message, time } = read(commit);
    const subject = message.trimStart().split('\n', 1)[0] ?? '';
    return { commit, branch: on, author, subject, time, dirty };
  };
  const describe = (commit: string) => {
    const { author, subject } = revision(commit, branch);
    return { commit, author, subject };
  };
  const pushWrites: MemorySource['pushWrites'] = (writes, message = 'change') => {
    moveTo(store(head, writes, { message, author: { name: 'Ada', email: 'ada@example.org' } }));
    return head ?? '';
  };
  const readOne = (blob: string): Uint8Array => {
    const content = blobs.get(blob);
    if (content === undefined) throw new SourceError('GIT_ERROR', `there is no file content ${blob}`);
    blobReads += 1;
    return content;
  };
  return {
    location,
    branch,
    root: '',
    hasRemote,
    pushedTags,
    proposal: (name) => {
      const commit = proposals.get(name);
      return commit === undefined ? undefined : { commit, message: read(commit).message };
    },
    get blobReads() {
      return blobReads;
    },
    resolve: async (signal) => {
      check(signal);
      if (head === null)
        throw new SourceError('BRANCH_NOT_FOUND', `no branch ${branch}`, { retryable: true });
      for (const [name, tag] of foreign) tags.set(name, tag);
      foreign.clear();
      return revision(head, branch);
    },
    expectTags: () => undefined,
    lastKnown: async () => (hasRemote && head !== null ? revision(head, branch) : null),
    lookup: async (reference) => {
      check();
      const commit = proposals.get(reference) ?? find(reference, { branch, head, tags, commits });
      if (commit === null) throw new SourceError('GIT_ERROR', `${reference} is no branch, tag or commit`);
      return revision(commit, branch);
    },
    contains: async (commit) => {
      check();
      return commits.has(commit);
    },
    comesAfter: async (later, earlier) => {
      check();
      for (let at: string | null = later; at !== null; at = commits.get(at)?.parent ?? null)
        if (at === earlier) return true;
      return false;
    },
    between: async (earlier, later, limit) => {
      check();
      const old = new Set<string>();
      for (let at: string | null = earlier; at !== null; at = commits.get(at)?.parent ?? null) old.add(at);
      const found: LoggedCommit[] = [];
      for (let at: string | null = later; at !== null && !old.has(at); at = commits.get(at)?.parent ?? null)
        found.push({ ...revision(at, branch), parent: commits.get(at)?.parent ?? null });
      return found.slice(0, limit);
    },
    diff: async (from, to, signal) => {
      check(signal);
      return compare(from === null ? new Map() : read(from).files, read(to).files);
    },
    diffWithModules: async (from, to, signal) => {
      check(signal);
      return compare(from === null ? new Map() : read(from).files, read(to).files);
    },
    isIncomplete: () => false,
    fetchLarge: async (files) => new Map(files.map(({ blob }) => [blob, null])),
    readBlob: async (blob) => {
      check();
      return readOne(blob);
    },
    readBlobs: async function* (ids, maxBytes, signal) {
      for (const blob of new Set(ids)) {
        check(signal);
        const content = readOne(blob);
        yield { blob, size: content.length, content: content.length > maxBytes ? null : content };
      }
    },
    commit: async (request: CommitRequest, signal) => {
      check(signal);
      if (head !== request.expectedHead) throw new SourceError('WRITE_CONFLICT', `${branch} has moved on`);
      const commit = store(head, request.writes, request);
      signed.add(commit);
      moveTo(commit);
      return commit;
    },
    propose: async ({ branch: name, base, writes, message, author }, signal) => {
      check(signal);
      const tip = proposals.get(name);
      const commit = store(base, writes, { message, author });
      signed.add(commit);
      if (tip !== undefined) {
        const there = read(tip);
        if (there.author.email !== author.email)
          throw new SourceError('WRITE_CONFLICT', `${there.author.name} has committed on ${name}`);
        const differs = compare(there.files, read(commit).files).map(({ path }) => path);
        if (there.message === message && !writes.some(({ path }) => differs.includes(path)))
          return { commit: tip, isNew: false };
      }
      proposals.set(name, commit);
      return { commit, isNew: true };
    },
    tryMerge: async ({ base, head: proposed }, signal) => {
      check(signal);
      return merge(commits, base, proposed);
    },
    verify: async ({ tip, known }, signal) => {
      check(signal);
      [tip, ...known].forEach(read);
      const trusted = new Set<string>();
      for (const id of known)
        for (let at: string | null = id; at !== null; at = commits.get(at)?.parent ?? null) trusted.add(at);
      const ids: string[] = known.includes(tip) ? [] : [tip];
      let at = known.length === 0 ? null : read(tip).parent;
      for (; at !== null && !trusted.has(at); at = commits.get(at)?.parent ?? null) ids.push(at);
      const unverified = ids
        .filter((id) => !signed.has(id))
        .map((id) => ({ ...describe(id), reason: 'is not signed' }));
      return { checked: ids.length, unverified };
    },
    tag: async ({ name, commit, message }) => {
      check();
      if (tags.has(name)) throw new SourceError('WRITE_CONFLICT', `there is a tag ${name} already`);
      const below = [...tags.keys()].find((other) => other.startsWith(`${name}/`));
      if (below !== undefined) throw new SourceError('WRITE_CONFLICT', `the tag ${below} is in the way`);
      read(commit);
      const time = new Date(Math.floor(now() / 1000) * 1000).toISOString();
      tags.set(name, { name, commit, message: message.trimEnd(), time });
    },
    moveTag: async ({ name, commit, message }, expected, signal) => {
      check(signal);
      if ((tags.get(name)?.commit ?? null) !== expected)
        throw new SourceError(
          'WRITE_CONFLICT',
          expected === null ? `there is a tag ${name} already` : `${name} has moved on`,
        );
      read(commit);
      const time = new Date(Math.floor(now() / 1000) * 1000).toISOString();
      tags.set(name, { name, commit, message: message.trimEnd(), time });
    },
    deleteTag: async (name, expected, signal) => {
      check(signal);
      if (tags.get(name)?.commit !== expected)
        throw new SourceError('WRITE_CONFLICT', `${name} has moved on, or is gone`);
      tags.delete(name);
    },
    tags: async (prefix) => {
      check();
      const found = [...tags.values()].filter(({ name }) => name.startsWith(prefix));
      return found.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    pushTags: async (names, signal) => {
      check(signal);
      if (!hasRemote) return { taken: [], refused: new Map() };
      const taken = names.filter((name) => foreign.has(name));
      const known = new Set([...pushedTags, ...taken]);
      pushedTags.push(...names.filter((name) => !known.has(name)));
      return { taken, refused: new Map() };
    },
    foldTags: async (_options, signal) => {
      check(signal);
      return new Map();
    },
    watch: async (onChange, signal) => {
      if (signal.aborted) return;
      watchers.add(onChange);
      onChange();
      const ended = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => ended.resolve(), { once: true });
      await ended.promise;
      watchers.delete(onChange);
    },
    push: (files, message = 'change', author = { name: 'Ada', email: 'ada@example.org' }) => {
      const writes = Object.entries(files).map(([path, content]) => ({ path, content }));
      moveTo(store(head, writes, { message, author }));
      return head ?? '';
    },
    pushWrites,
    commitBeside: (parent, files, message = 'proposed') =>
      store(
        parent,
        Object.entries(files).map(([path, content]) => ({ path, content })),
        { message, author: { name: 'Eve', email: 'eve@example.org' } },
      ),
    tagAtRemote: (tag) => void foreign.set(tag.name, tag),
    moveBranch: moveTo,
    failWith: (error) => {
      failure = error;
    },
    sign: (commit) => void signed.add(commit),
    forget: (commit) => void commits.delete(commit),
    setDirty: (value) => {
      dirty = value;
    },
    [Symbol.asyncDispose]: async () => watchers.clear(),
  };
}

function applyWrite(files: Map<string, FileEntry>, blobs: Map<string, Uint8Array>, write: MemoryWrite): void {
  const { path, content } = write;
  const parts = path.split('/');
  const unsafe = parts.some((part) => ['', '.', '..', '.git'].includes(part.toLowerCase()));
  const through = parts.slice(1).some((_, index) => files.has(parts.slice(0, index + 1).join('/')));
  const onDirectory = [...files.keys()].some((other) => other.startsWith(`${path}/`));
  if (unsafe || through || onDirectory) throw new SourceError('GIT_ERROR', `${path} cannot be written`);
  if (content === null) {
    if (!files.delete(path)) throw new SourceError('WRITE_CONFLICT', `${path} is not there`);
    return;
  }
  const bytes = Buffer.from(content);
  const blob = sha1(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));
  blobs.set(blob, bytes);
  files.set(path, { type: write.type ?? files.get(path)?.type ?? 'file', blob });
}

function compare(
  before: ReadonlyMap<string, FileEntry>,
  after: ReadonlyMap<string, FileEntry>,
): readonly FileChange[] {
  const changes: FileChange[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path) ?? null, after.get(path) ?? null];
    if (a?.blob !== b?.blob || a?.type !== b?.type) changes.push({ path, before: a, after: b });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A merge by files: whatever both sides have changed otherwise is in conflict. */
function merge(commits: ReadonlyMap<string, StoredCommit>, base: string, head: string): MergeResult {
  const filesOf = (commit: string | null) => commits.get(commit ?? '')?.files ?? new Map<string, FileEntry>();
  const before = new Set<string | null>();
  for (let at: string | null = base; at !== null; at = commits.get(at)?.parent ?? null) before.add(at);
  let fork: string | null = head;
  while (fork !== null && !before.has(fork)) fork = commits.get(fork)?.parent ?? null;
  const ours = new Map(compare(filesOf(fork), filesOf(base)).map((change) => [change.path, change]));
  const files = new Map(filesOf(base));
  const conflicts: string[] = [];
  for (const { path, after } of compare(filesOf(fork), filesOf(head))) {
    const other = ours.get(path);
    if (other !== undefined && (other.after?.blob !== after?.blob || other.after?.type !== after?.type))
      conflicts.push(path);
    if (after === null) files.delete(path);
    else files.set(path, after);
  }
  if (!commits.has(base) || !commits.has(head))
    throw new SourceError('GIT_ERROR', `there is no commit ${commits.has(base) ? head : base}`);
  return conflicts.length > 0
    ? { changes: [], conflicts: conflicts.sort() }
    : { changes: compare(filesOf(base), files), conflicts: [] };
}

interface Names {
  readonly branch: string;
  readonly head: string | null;
  readonly tags: ReadonlyMap<string, DeploymentTag>;
  readonly commits: ReadonlyMap<string, StoredCommit>;
}

function find(reference: string, { branch, head, tags, commits }: Names): string | null {
  if (reference === branch || reference === 'HEAD') return head;
  const tag = tags.get(reference);
  if (tag !== undefined) return tag.commit;
  if (!/^[0-9a-f]{4,40}$/.test(reference)) return null;
  const found = [...commits.keys()].filter((id) => id.startsWith(reference));
  return found.length === 1 ? (found[0] ?? null) : null;
}

function sha1(data: string | Uint8Array): string {
  return createHash('sha1').update(data).digest('hex');
}
