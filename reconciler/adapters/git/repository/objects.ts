import { createHash } from 'node:crypto';
import { isReconcilerError } from '../../../base/errors.ts';
import { gitError } from '../errors.ts';

/** Git's object formats: bytes in, values out and back. Pure. */

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly content: Buffer;
}

export interface TreeEntry {
  /** Mode as Git writes it, without a leading zero: `100644`, `100755`, `120000`, `40000`, `160000`. */
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Identity;
  /** Time of the committer, seconds since the epoch. */
  readonly time: number;
  readonly message: string;
}

export interface Tag {
  readonly object: string;
  readonly type: string;
  readonly name: string;
  /** Time of the tagger, seconds since the epoch; 0 when there is none. */
  readonly time: number;
  readonly message: string;
}

/** Largest commit or tag that is read, in bytes. */
export const MAX_COMMIT_BYTES = 1024 * 1024;
/** Largest directory that is read, in bytes: some 100,000 names. */
export const MAX_TREE_BYTES = 16 * 1024 * 1024;

export const TREE_MODE = '40000';
export const SUBMODULE_MODE = '160000';
const ID_BYTES = 20;

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Object id (SHA-1 over the header and the content), 40 hex digits. */
export function hashObject(type: ObjectType, content: Uint8Array): string {
  return createHash('sha1').update(`${type} ${content.byteLength}\0`).update(content).digest('hex');
}

/** Entries of a tree between two byte offsets that must lie on entry boundaries. */
export function parseTree(raw: Buffer, start = 0, end = raw.length): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let position = start;
  while (position < end) {
    const space = raw.indexOf(0x20, position);
    const zero = raw.indexOf(0, space);
    const next = zero + 1 + ID_BYTES;
    if (space < 0 || zero < 0 || next > end) throw gitError('a tree object is damaged');
    entries.push({
      mode: raw.toString('latin1', position, space).replace(/^0+/, ''),
      name: raw.toString('utf8', space + 1, zero),
      id: raw.toString('hex', zero + 1, next),
    });
    position = next;
  }
  return entries;
}

/** Offset just behind the entry that starts at this offset. */
export function entryEnd(raw: Buffer, start: number): number {
  const zero = raw.indexOf(0, start);
  if (zero < 0 || zero + 1 + ID_BYTES > raw.length) throw gitError('a tree object is damaged');
  return zero + 1 + ID_BYTES;
}

/** Writes a tree in Git's order: by bytes, directories as if their name ended in `/`. */
export function formatTree(entries: readonly TreeEntry[]): Buffer {
  const sorted = entries
    .map((entry) => ({ entry, key: Buffer.from(entry.mode === TREE_MODE ? `${entry.name}/` : entry.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const parts: Buffer[] = [];
  for (const { entry } of sorted) {
    parts.push(Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(entry.id, 'hex'));
  }
  return Buffer.concat(parts);
}

export function parseCommit(content: Buffer): Commit {
  const { headers, message } = splitHeaders(content);
  const tree = headers.find(([key]) => key === 'tree')?.[1];
  if (tree === undefined) throw gitError('a commit object is damaged');
  const author = parseSignature(headers.find(([key]) => key === 'author')?.[1] ?? '');
  const committer = parseSignature(headers.find(([key]) => key === 'committer')?.[1] ?? '');
  return {
    tree,
    parents: headers.filter(([key]) => key === 'parent').map(([, value]) => value),
    author: { name: author.name, email: author.email },
    time: committer.time,
    message,
  };
}

export function parseTag(content: Buffer): Tag {
  const { headers, message } = splitHeaders(content);
  const value = (name: string): string => headers.find(([key]) => key === name)?.[1] ?? '';
  if (!isObjectId(value('object'))) throw gitError('a tag object is damaged');
  return {
    object: value('object'),
    type: value('type'),
    name: value('tag'),
    time: parseSignature(value('tagger')).time,
    message,
  };
}

export interface NewCommit {
  readonly tree: string;
  /** `null` for the first commit of a branch. */
  readonly parent: string | null;
  /** Further parents. Default: none. */
  readonly others?: readonly string[];
  readonly author: Identity;
  readonly committer: Identity;
  /** Seconds since the epoch, UTC. */
  readonly time: number;
  readonly message: string;
}

/** @param signature armored, over the same commit without one */
export function formatCommit(commit: NewCommit, signature?: string): Buffer {
  const signed = signature === undefined ? '' : `gpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}\n`;
  const parents = [...(commit.parent === null ? [] : [commit.parent]), ...(commit.others ?? [])];
  return Buffer.from(
    `tree ${commit.tree}\n${parents.map((id) => `parent ${id}\n`).join('')}` +
      `author ${formatSignature(commit.author, commit.time)}\n` +
      `committer ${formatSignature(commit.committer, commit.time)}\n${signed}\n${cleanMessage(commit.message)}`,
  );
}

export interface NewTag {
  readonly object: string;
  readonly name: string;
  readonly tagger: Identity;
  /** Seconds since the epoch, UTC. */
  readonly time: number;
  readonly message: string;
}

export function formatTag(tag: NewTag): Buffer {
  return Buffer.from(
    `object ${tag.object}\ntype commit\ntag ${tag.name}\n` +
      `tagger ${formatSignature(tag.tagger, tag.time)}\n\n${cleanMessage(tag.message)}`,
  );
}

/** A name or address can hold nothing that would end it early: a caller's name must not forge header lines. */
function formatSignature({ name, email }: Identity, time: number): string {
  const clean = (text: string): string =>
    text
      .replaceAll(/[<>\p{Cc}]/gu, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim();
  return `${clean(name) || 'unknown'} <${clean(email)}> ${time} +0000`;
}

function cleanMessage(message: string): string {
  return `${message.replaceAll('\0', '').replaceAll('\r\n', '\n').trimEnd()}\n`;
}

/** The last second that a date can have. */
const MAX_SECONDS = 8_640_000_000_000;

/** The time is the pusher's to write, and Git takes any number: one that is no date counts as none. */
function parseSignature(text: string): Identity & { readonly time: number } {
  const match = /^([^<\n]*)<([^>]*)>(?: (\d+))?/.exec(text);
  const time = Number(match?.[3] ?? 0);
  const name = match?.[1]?.replace(/ $/, '') ?? '';
  return { name, email: match?.[2] ?? '', time: time <= MAX_SECONDS ? time : 0 };
}

/** Returns what a ref of a tag is on; `null` for anything else, and for what somebody has written by hand and Git itself would call damaged. */
export function readTagged(type: ObjectType | null, content: Buffer): Tag | Commit | null {
  try {
    return type === 'tag' ? parseTag(content) : type === 'commit' ? parseCommit(content) : null;
  } catch (error) {
    if (isReconcilerError(error, 'GIT_ERROR')) return null;
    throw error;
  }
}

/** Header lines up to the empty line; continuation lines (signatures) are dropped. */
function splitHeaders(content: Buffer): {
  readonly headers: readonly (readonly [string, string])[];
  readonly message: string;
} {
  const text = content.toString('utf8');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const headers = head
    .split('\n')
    .filter((line) => !line.startsWith(' '))
    .map((line) => {
      const space = line.indexOf(' ');
      return space < 0 ? ([line, ''] as const) : ([line.slice(0, space), line.slice(space + 1)] as const);
    });
  return { headers, message: end < 0 ? '' : text.slice(end + 2) };
}
