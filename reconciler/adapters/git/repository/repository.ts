import { join } from 'node:path';
import type {
  CommitRequest,
  DeploymentTag,
  FileChange,
  ProposalRequest,
  Revision,
  Source,
  TagRequest,
} from '../../../ports/source.ts';
import { compareText } from '../../../base/values.ts';
import { gitError, writeConflict } from '../errors.ts';
import type { CommitSigner } from '../signatures/commit-signer.ts';
import { comesAfter, listBetween } from './ancestry.ts';
import type { FoldedTags } from './folded-tags.ts';
import { createFoldedTags } from './folded-tags.ts';
import { readText } from './layout.ts';
import type { ObjectStore } from './object-store.ts';
import type { Commit, Identity, Tag, TreeEntry } from './objects.ts';
import {
  formatCommit,
  formatTag,
  isObjectId,
  MAX_COMMIT_BYTES,
  MAX_TREE_BYTES,
  parseCommit,
  parseTag,
  parseTree,
  readTagged,
  TREE_MODE,
} from './objects.ts';
import type { Refs } from './refs.ts';
import { isRefName } from './refs.ts';
import { comparePaths, createBounds, diffTrees, fileEntry, isSafeName } from './tree-diff.ts';
import type { WrittenFile } from './tree-edit.ts';
import { editTree } from './tree-edit.ts';

/** A commit that is written but that no ref names yet. */
export interface PreparedCommit {
  readonly commit: string;
  /** Everything that a remote which has the parent lacks. */
  readonly objects: readonly string[];
  readonly files: readonly WrittenFile[];
}

/** The operations on objects and refs of a repository on this machine: somebody's, or our mirror. */
export interface Repository extends Pick<
  Source,
  'between' | 'comesAfter' | 'contains' | 'diff' | 'lookup' | 'readBlob' | 'readBlobs' | 'tag' | 'tags'
> {
  readonly commonDir: string;
  readonly store: ObjectStore;
  readonly refs: Refs;
  /** Deployment tags without refs of their own; `tags`, `lookup` and `tag` know them as all others. */
  readonly folded: FoldedTags;
  /** Returns what the tree of a commit has at a path. */
  entryAt(commit: string, path: string): Promise<TreeEntry | null>;
  revision(commit: string, branch: string, dirty?: boolean): Promise<Revision>;
  /**
   * Files that differ between a commit and a tree.
   *
   * @param readMade reads trees that are elsewhere; `null`: this one is not
   */
  diffTree(
    commit: string,
    tree: string,
    signal: AbortSignal,
    readMade?: (id: string) => Promise<Buffer> | null,
  ): Promise<readonly FileChange[]>;
  /** The object of a new tag, which no ref names yet. */
  writeTag(request: TagRequest): Promise<string>;
  /** Returns what a tag's ref is on, once that was seen to be as expected. Throws WRITE_CONFLICT. */
  expectTag(name: string, expected: string | null): Promise<ExpectedTag>;
  prepareCommit(request: CommitRequest): Promise<PreparedCommit>;
  /** `tip` is what the branch of proposals has now; `null` when it says the same already. */
  prepareProposal(
    request: ProposalRequest,
    tip: string | null,
    signal: AbortSignal,
  ): Promise<PreparedCommit | null>;
}

export interface ExpectedTag {
  readonly ref: string;
  /** The tag's object, `null` when there is none. */
  readonly id: string | null;
}

export interface RepositoryOptions {
  readonly commonDir: string;
  readonly store: ObjectStore;
  readonly refs: Refs;
  readonly committer: Identity;
  /** `null`: commits are not signed. */
  readonly signer: Pick<CommitSigner, 'sign'> | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Branch that revisions are reported on when nothing else names one. */
  readonly branch: () => string;
}

const MIN_ABBREVIATION = 4;

export function createRepository(options: RepositoryOptions): Repository {
  const { commonDir, store, refs } = options;
  const folded = createFoldedTags(options);
  const parts: Parts = { store, refs, folded, options };
  const revision: Repository['revision'] = async (commit, branch, dirty = false) =>
    toRevision(commit, await readCommit(store, commit), { branch, dirty });
  return {
    commonDir,
    store,
    refs,
    folded,
    entryAt: (commit, path) => findEntry(store, commit, path),
    revision,
    lookup: async (reference) => {
      const found = await findCommit(parts, reference);
      return revision(found.commit, found.branch ?? options.branch());
    },
    contains: async (commit) => {
      if (isObjectId(commit) && (await store.has(commit))) {
        return (await store.read(commit, MAX_COMMIT_BYTES))?.type === 'commit';
      }
      return (await readText(join(commonDir, 'shallow'))) === null ? false : 'unknown';
    },
    comesAfter: (later, earlier) => comesAfter((id) => findCommitObject(store, id), later, earlier),
    between: async (earlier, later, limit) => {
      const found = await listBetween((id) => findCommitObject(store, id), { earlier, later, limit });
      return found.map(({ id, commit }) => {
        const { author, subject, time } = toRevision(id, commit, { branch: '', dirty: false });
        return { commit: id, author, subject, time, parent: commit.parents[0] ?? null };
      });
    },
    diff: (from, to, signal) => diffCommits(store, from, to, signal),
    diffTree: async (commit, tree, signal, readMade = () => null) => {
      const before = (await readCommit(store, commit)).tree;
      const readTree = (id: string) => readMade(id) ?? readTreeObject(store, id);
      return diffTrees(readTree, before, tree, signal);
    },
    readBlob: async (blob) => {
      const object = await store.read(blob);
      if (object?.type !== 'blob') throw gitError(`there is no file content ${blob} in the repository`);
      return object.content;
    },
    readBlobs: (blobs, maxBytes, signal) => readBlobs(store, blobs, { maxBytes, signal }),
    prepareCommit: (request) => prepareCommit(parts, request),
    prepareProposal: (request, tip, signal) => prepareProposal(parts, request, { tip, signal }),
    tag: (request) => createTag(parts, request),
    writeTag: (request) => writeTag(parts, request),
    expectTag: (name, expected) => expectTag(parts, name, expected),
    tags: (prefix) => readTags(parts, prefix),
  };
}

interface Parts {
  readonly store: ObjectStore;
  readonly refs: Refs;
  readonly folded: FoldedTags;
  readonly options: RepositoryOptions;
}

async function readCommit(store: ObjectStore, id: string): Promise<Commit> {
  const commit = await findCommitObject(store, id);
  if (commit === null) throw gitError(`there is no commit ${id} in the repository`);
  return commit;
}

async function findCommitObject(store: ObjectStore, id: string): Promise<Commit | null> {
  const object = await store.read(id, MAX_COMMIT_BYTES);
  return object?.type === 'commit' ? parseCommit(object.content) : null;
}

async function readTreeObject(store: ObjectStore, id: string): Promise<Buffer> {
  const object = await store.read(id, MAX_TREE_BYTES);
  if (object?.type !== 'tree') throw gitError(`there is no tree ${id} in the repository`);
  return object.content;
}

async function findEntry(store: ObjectStore, commit: string, path: string): Promise<TreeEntry | null> {
  let found: TreeEntry = { mode: TREE_MODE, name: '', id: (await readCommit(store, commit)).tree };
  for (const name of path.split('/')) {
    if (found.mode !== TREE_MODE) return null;
    const entry = parseTree(await readTreeObject(store, found.id)).find((one) => one.name === name);
    if (entry === undefined) return null;
    found = entry;
  }
  return found;
}

function toRevision(
  id: string,
  commit: Commit,
  place: { readonly branch: string; readonly dirty: boolean },
): Revision {
  return {
    commit: id,
    branch: place.branch,
    author: commit.author,
    subject: commit.message.trimStart().split('\n', 1)[0] ?? '',
    time: new Date(commit.time * 1000).toISOString(),
    dirty: place.dirty,
  };
}

async function findCommit(
  { refs, store, folded }: Parts,
  reference: string,
): Promise<{ readonly commit: string; readonly branch: string | null }> {
  const unknown = gitError(`${JSON.stringify(reference)} is no branch, tag or commit of the repository`);
  for (const prefix of ['refs/heads/', 'refs/tags/', '']) {
    const name = `${prefix}${reference}`;
    if (!isRefName(reference) || (prefix === '' && !/^(refs\/|HEAD$)/.test(name))) continue;
    const id = await refs.read(name);
    const commit = id === null ? null : await peel(store, id);
    if (commit !== null) return { commit, branch: prefix === 'refs/heads/' ? reference : null };
  }
  const away = await folded.find(reference.replace(/^refs\/tags\//, ''));
  if (away !== null) return { commit: away.object, branch: null };
  const digits = reference.toLowerCase();
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_ABBREVIATION) throw unknown;
  const id = isObjectId(digits) ? digits : await store.expand(digits);
  const commit = id === null ? null : await peel(store, id);
  if (commit === null) throw unknown;
  return { commit, branch: null };
}

/** The commit behind a commit or (a chain of) tag objects. */
async function peel(store: ObjectStore, id: string, depth = 0): Promise<string | null> {
  const object = await store.read(id, MAX_COMMIT_BYTES);
  if (object?.type === 'commit') return id;
  return object?.type === 'tag' && depth < 5 ? peel(store, parseTag(object.content).object, depth + 1) : null;
}

async function diffCommits(
  store: ObjectStore,
  from: string | null,
  to: string,
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  signal.throwIfAborted();
  const { tree } = await readCommit(store, to);
  if (from === null) {
    const listing = await store.listRecursive(to, signal);
    if (listing !== null) return parseListing(listing);
  }
  const before = from === null ? null : (await readCommit(store, from)).tree;
  return diffTrees((id) => readTreeObject(store, id), before, tree, signal);
}

/** Output of `git ls-tree -r -t -z`: `<mode> <type> <id>\t<path>` and a zero byte for each file and directory. */
function parseListing(listing: Buffer): readonly FileChange[] {
  const changes: FileChange[] = [];
  const count = createBounds();
  for (let start = 0; start < listing.length;) {
    const end = listing.indexOf(0, start);
    const record = listing.toString('utf8', start, end < 0 ? listing.length : end);
    start = end < 0 ? listing.length : end + 1;
    const tab = record.indexOf('\t');
    const [mode = '', type = '', id = ''] = record.slice(0, tab).split(' ');
    const path = record.slice(tab + 1);
    count([{ path }]);
    const after = tab < 0 || type === 'tree' ? null : fileEntry(mode, id);
    if (after !== null && path.split('/').every(isSafeName)) changes.push({ path, before: null, after });
  }
  return changes.sort(comparePaths);
}

async function* readBlobs(
  store: ObjectStore,
  blobs: readonly string[],
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): ReturnType<Source['readBlobs']> {
  for await (const { id, type, size, content } of store.readMany(blobs, maxBytes, signal)) {
    if (type !== 'blob') throw gitError(`there is no file content ${id} in the repository`);
    yield { blob: id, size, content };
  }
}

async function prepareCommit({ store, options }: Parts, request: CommitRequest): Promise<PreparedCommit> {
  const objects: string[] = [];
  const writeObject: ObjectStore['write'] = async (type, content) => {
    const id = await store.write(type, content);
    objects.push(id);
    return id;
  };
  const root =
    request.expectedHead === null
      ? await writeObject('tree', new Uint8Array())
      : (await readCommit(store, request.expectedHead)).tree;
  const { tree, files } = await editTree(
    { readTree: (id) => readTreeObject(store, id), writeObject },
    root,
    request.writes,
  );
  const unsigned = {
    tree,
    parent: request.expectedHead,
    author: request.author,
    committer: options.committer,
    time: Math.floor(options.now() / 1000),
    message: request.message,
  };
  const signature = await options.signer?.sign(formatCommit(unsigned));
  const commit = await writeObject('commit', formatCommit(unsigned, signature));
  return { commit, objects, files };
}

async function prepareProposal(
  parts: Parts,
  request: ProposalRequest,
  { tip, signal }: { readonly tip: string | null; readonly signal: AbortSignal },
): Promise<PreparedCommit | null> {
  const { base, branch, writes, message, author } = request;
  const prepared = await prepareCommit(parts, { writes, message, author, expectedHead: base });
  if (tip === null) return prepared;
  const there = await readCommit(parts.store, tip);
  if (there.author.email !== author.email || there.author.name !== author.name) {
    throw writeConflict(`${there.author.name} has committed on ${branch}; it is left as it is`);
  }
  const changes = await diffCommits(parts.store, tip, prepared.commit, signal);
  const written = new Set(writes.map(({ path }) => path));
  const same = there.message.trim() === message.trim() && !changes.some(({ path }) => written.has(path));
  return same ? null : prepared;
}

async function createTag(parts: Parts, request: TagRequest): Promise<void> {
  const { ref } = await expectTag(parts, request.name, null);
  await parts.refs.update(ref, await writeTag(parts, request), null);
}

async function writeTag({ store, options }: Parts, request: TagRequest): Promise<string> {
  await readCommit(store, request.commit);
  const content = formatTag({
    object: request.commit,
    name: request.name,
    tagger: options.committer,
    time: Math.floor(options.now() / 1000),
    message: request.message,
  });
  return store.write('tag', content);
}

async function expectTag(
  { store, refs, folded }: Parts,
  name: string,
  expected: string | null,
): Promise<ExpectedTag> {
  const ref = `refs/tags/${name}`;
  if (!isRefName(name)) throw gitError(`${JSON.stringify(name)} cannot be the name of a tag`);
  const id = await refs.read(ref);
  const commit = id === null ? null : await peel(store, id);
  if (expected === null && (await folded.find(name)) !== null)
    throw writeConflict(`there is a tag ${name} already, among those that are folded`);
  if (commit === expected && (id === null) === (expected === null)) return { ref, id };
  if (expected === null) throw writeConflict(`there is a tag ${name} already`);
  throw writeConflict(
    commit === null ? `there is no tag ${name}` : `the tag ${name} has moved on to ${commit.slice(0, 12)}`,
  );
}

async function readTags({ store, refs, folded }: Parts, prefix: string): Promise<readonly DeploymentTag[]> {
  const away = await folded.list(prefix);
  const names = new Set(away.map(({ name }) => `refs/tags/${name}`));
  const listed = (await refs.list(`refs/tags/${prefix}`)).filter(({ name }) => !names.has(name));
  const never = new AbortController().signal;
  const found = new Map<string, Tag | Commit>();
  const ids = listed.map(({ id }) => id);
  for await (const { id, type, content } of store.readMany(ids, MAX_COMMIT_BYTES, never)) {
    const object = content === null ? null : readTagged(type, content);
    if (object !== null) found.set(id, object);
  }
  const tags = away.map((tag) => toDeploymentTag(tag.name, tag, tag.object));
  for (const { name, id } of listed) {
    const object = found.get(id);
    if (object === undefined) continue;
    const light = 'tree' in object;
    const commit = light ? id : object.type === 'commit' ? object.object : await peel(store, id);
    if (commit !== null) tags.push(toDeploymentTag(name.slice('refs/tags/'.length), object, commit));
  }
  return away.length === 0 ? tags : tags.sort((a, b) => compareText(a.name, b.name));
}

/** Takes the message of a tag of its own; a ref of a tag on a commit has none. */
function toDeploymentTag(name: string, object: Tag | Commit, commit: string): DeploymentTag {
  const message = 'tree' in object ? '' : object.message.trimEnd();
  return { name, commit, message, time: new Date(object.time * 1000).toISOString() };
}
