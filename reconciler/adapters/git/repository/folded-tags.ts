import { LRUCache } from 'lru-cache';
import type { ObjectStore } from './object-store.ts';
import type { Identity, Tag, TreeEntry } from './objects.ts';
import {
  formatCommit,
  formatTree,
  hashObject,
  MAX_COMMIT_BYTES,
  MAX_TREE_BYTES,
  parseCommit,
  parseTree,
  readTagged,
} from './objects.ts';
import type { Ref } from './packed-refs.ts';
import type { Refs } from './refs.ts';

/*
 * Deployment tags that are folded: `refs/kombinator/history/<stack>` is a commit whose tree has a file for some fifty of them. A file holds the tag
 * objects one after the other, each as `git cat-file --batch` prints it. The commits that they are on are parents, so that Git keeps them.
 */

/** Beginning of the refs that folded tags are behind. */
export const HISTORY = 'refs/kombinator/history/';
const DEPLOYMENTS = 'deploy/';

/** A tag that has no ref of its own any more. */
export interface FoldedTag extends Tag {
  /** Id of the tag object. */
  readonly id: string;
}

/** A fold that is written but that no ref names yet. */
export interface PreparedFold {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string;
  /** Everything that a remote which has the tags and `from` lacks. */
  readonly objects: readonly string[];
}

export interface FoldedTags {
  /** Lists those whose name, such as `deploy/web/1`, begins so, in no order. */
  list(prefix: string): Promise<readonly FoldedTag[]>;
  find(name: string): Promise<FoldedTag | null>;
  /** Writes the tags of a stack to those that are folded already; `null` where all of them are, or none can be. */
  prepare(stack: string, tags: readonly Ref[]): Promise<PreparedFold | null>;
}

export interface FoldedTagsOptions {
  readonly store: ObjectStore;
  readonly refs: Refs;
  readonly committer: Identity;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Tags in one file, which is one commit. */
const TAGS_IN_FILE = 50;
const FILE_BYTES = 4 * 1024 ** 2;
/** Largest file that is read: one tag more than `FILE_BYTES`. */
const MAX_FILE_BYTES = FILE_BYTES + 2 * MAX_COMMIT_BYTES;
const CACHE_BYTES = 32 * 1024 ** 2;
const NEVER = new AbortController().signal;

export function createFoldedTags(options: FoldedTagsOptions): FoldedTags {
  const { store, refs } = options;
  const files = new LRUCache<string, readonly FoldedTag[]>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (tags) => tags.reduce((sum, { message }) => sum + message.length + 512, 512),
  });
  const readFiles = async (entries: readonly TreeEntry[]): Promise<readonly FoldedTag[]> => {
    const ids = entries.map(({ id }) => id);
    const known = ids.flatMap((id) => files.get(id) ?? []);
    const missing = ids.filter((id) => !files.has(id));
    for await (const { id, type, content } of store.readMany(missing, MAX_FILE_BYTES, NEVER)) {
      const tags = type === 'blob' && content !== null ? parseFile(content) : [];
      files.set(id, tags);
      known.push(...tags);
    }
    return known;
  };
  const readHistory = async ({ name, id }: Ref): Promise<readonly FoldedTag[]> => {
    const own = `${DEPLOYMENTS}${name.slice(HISTORY.length)}/`;
    const tags = await readFiles(await readEntries(store, id));
    return tags.filter((tag) => tag.name.startsWith(own));
  };
  const list: FoldedTags['list'] = async (prefix) => {
    const found: FoldedTag[] = [];
    for (const ref of await historiesOf(refs, prefix))
      for (const tag of await readHistory(ref)) if (tag.name.startsWith(prefix)) found.push(tag);
    return found;
  };
  return {
    list,
    find: async (name) => (await list(name)).find((tag) => tag.name === name) ?? null,
    prepare: async (stack, tags) => {
      const known = new Set((await list(`${DEPLOYMENTS}${stack}/`)).map(({ name }) => `refs/tags/${name}`));
      const fresh = tags.filter(({ name }) => !known.has(name));
      return fresh.length === 0 ? null : writeFold(options, stack, fresh);
    },
  };
}

/** Histories that may have tags of such names. */
async function historiesOf(refs: Refs, prefix: string): Promise<readonly Ref[]> {
  const stack = /^deploy\/(.+)\/[^/]*$/.exec(prefix)?.[1];
  if (stack === undefined) {
    if (prefix.startsWith(DEPLOYMENTS)) return refs.list(`${HISTORY}${prefix.slice(DEPLOYMENTS.length)}`);
    return DEPLOYMENTS.startsWith(prefix) ? refs.list(HISTORY) : [];
  }
  const name = `${HISTORY}${stack}`;
  const id = await refs.read(name);
  return id === null ? [] : [{ name, id }];
}

async function readEntries(store: ObjectStore, commit: string): Promise<readonly TreeEntry[]> {
  const object = await store.read(commit, MAX_COMMIT_BYTES);
  if (object?.type !== 'commit') return [];
  const tree = await store.read(parseCommit(object.content).tree, MAX_TREE_BYTES);
  return tree?.type === 'tree' ? parseTree(tree.content) : [];
}

/** Tags of a file: `<id> tag <size>`, a line break, the object, a line break. What somebody has changed by hand is left out. */
function parseFile(content: Buffer): readonly FoldedTag[] {
  const tags: FoldedTag[] = [];
  for (let at = 0; at < content.length;) {
    const end = content.indexOf(0x0a, at);
    const [, id, size] = /^([0-9a-f]{40}) tag (\d{1,8})$/.exec(content.toString('latin1', at, end)) ?? [];
    if (end < 0 || id === undefined) return tags;
    const start = end + 1;
    const object = content.subarray(start, start + Number(size));
    at = start + Number(size) + 1;
    if (hashObject('tag', object) !== id) continue;
    const tag = readTagged('tag', object);
    if (tag !== null && 'object' in tag && tag.type === 'commit') tags.push({ ...tag, id });
  }
  return tags;
}

async function writeFold(
  { store, refs, committer, now }: FoldedTagsOptions,
  stack: string,
  tags: readonly Ref[],
): Promise<PreparedFold | null> {
  const ref = `${HISTORY}${stack}`;
  const from = await refs.read(ref);
  const objects: string[] = [];
  const write: ObjectStore['write'] = async (type, content) => {
    const id = await store.write(type, content);
    objects.push(id);
    return id;
  };
  let entries = from === null ? [] : await readEntries(store, from);
  let to = from;
  for await (const file of filesOf(store, stack, tags)) {
    const id = await write('blob', file.content);
    const taken = new Set(entries.map(({ name }) => name));
    let { name } = file;
    while (taken.has(name)) name += '+';
    entries = [...entries, { mode: '100644', name, id }];
    const tree = await write('tree', formatTree(entries));
    to = await write(
      'commit',
      formatCommit({
        tree,
        parent: to,
        others: file.commits,
        author: committer,
        committer,
        time: Math.floor(now() / 1000),
        message: `Fold deployments ${name} of ${stack}`,
      }),
    );
  }
  return to === null || to === from ? null : { ref, from, to, objects };
}

interface FoldFile {
  readonly name: string;
  readonly content: Buffer;
  /** Commits that its tags are on. */
  readonly commits: readonly string[];
}

/** Files for tags in the order of their numbers; what is no annotated tag of that stack, on a commit, written by a deployment, is left out. */
async function* filesOf(store: ObjectStore, stack: string, tags: readonly Ref[]): AsyncGenerator<FoldFile> {
  let part: { readonly tag: Tag; readonly text: Buffer }[] = [];
  let bytes = 0;
  const take = (): FoldFile => {
    const [first, last] = [part[0], part.at(-1)].map((one) => one?.tag.name.split('/').at(-1) ?? '');
    const file = {
      name: `${first?.padStart(10, '0')}-${last?.padStart(10, '0')}`,
      content: Buffer.concat(part.map(({ text }) => text)),
      commits: [...new Set(part.map(({ tag }) => tag.object))],
    };
    part = [];
    bytes = 0;
    return file;
  };
  for (const { name, id } of tags) {
    const { type, content } = await store.readBounded(id, MAX_COMMIT_BYTES);
    const tag = type === 'tag' && content !== null ? readTagged(type, content) : null;
    if (content === null || tag === null || !('object' in tag) || tag.type !== 'commit') continue;
    if (`refs/tags/${tag.name}` !== name || !tag.name.startsWith(`${DEPLOYMENTS}${stack}/`)) continue;
    if (!/^Job: /m.test(tag.message)) continue;
    const text = Buffer.concat([Buffer.from(`${id} tag ${content.length}\n`), content, Buffer.from('\n')]);
    part.push({ tag, text });
    bytes += text.length;
    if (part.length >= TAGS_IN_FILE || bytes >= FILE_BYTES) yield take();
  }
  if (part.length > 0) yield take();
}
