import { LRUCache } from 'lru-cache';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { PullComment } from '../../ports/hosts/git-host.ts';
import { HostAnswer } from './host-fetch.ts';

export interface WrittenComment {
  readonly id: string;
  /** Login of who wrote it; `''` where the host does not tell. */
  readonly author: string;
  /** Web address. */
  readonly address: string;
}

type CommentName = Pick<PullComment, 'id' | 'pull'>;

/** Comments of pull requests, as a host keeps them. */
export interface CommentPlace {
  /** All of a pull request, oldest first, page by page: anybody may have written many long ones. */
  pages(pull: number, signal: AbortSignal): AsyncIterable<readonly PullComment[]>;
  create(pull: number, text: string, signal: AbortSignal): Promise<WrittenComment>;
  update(comment: CommentName, text: string, signal: AbortSignal): Promise<WrittenComment>;
  remove(comment: CommentName, signal: AbortSignal): Promise<void>;
  /** Login of who writes here; `null`: the host does not tell. */
  login(signal: AbortSignal): Promise<string | null>;
}

/** Writes into the one comment that has a marker. Resolves to its web address. */
type WriteComment = (pull: number, marker: string, text: string, signal: AbortSignal) => Promise<string>;

/** Comments that are remembered, to write them again without a search. */
const MAX_REMEMBERED = 1_000;

/**
 * Keeps one comment for each marker of a pull request, also while several are written at the same time. The first that has the marker as its first
 * line, and is by who writes here, is it: hosts let whoever may write change the comments of others, who would still be shown as their authors, and could
 * change them as well. A host that does not tell who writes here tells it by the author of what was written.
 */
export function createCommentWriter(place: CommentPlace): WriteComment {
  const exclusively = createKeyedMutex();
  const known = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  let seenAs: string | null = null;

  async function find(pull: number, marker: string, signal: AbortSignal): Promise<string | null> {
    const login = (await place.login(signal)) ?? seenAs;
    if (login === null) return null;
    for await (const comments of place.pages(pull, signal)) {
      const own = comments.find(({ author, text }) => author === login && firstLineOf(text) === marker);
      if (own !== undefined) return own.id;
    }
    return null;
  }

  /** Writes a new comment, unless its author turns out to have written one before. */
  async function create(
    pull: number,
    marker: string,
    text: string,
    signal: AbortSignal,
  ): Promise<WrittenComment> {
    const created = await place.create(pull, text, signal);
    const isLearned = seenAs === null && created.author !== '';
    if (!isLearned) return created;
    seenAs = created.author;
    if ((await place.login(signal)) !== null) return created;
    const first = await find(pull, marker, signal);
    if (first === null || first === created.id) return created;
    const updated = await place.update({ id: first, pull }, text, signal);
    await place.remove({ id: created.id, pull }, signal);
    return updated;
  }

  async function write(pull: number, marker: string, text: string, signal: AbortSignal): Promise<string> {
    const key = `${pull} ${marker}`;
    const remembered = known.get(key);
    const id = remembered ?? (await find(pull, marker, signal));
    if (id !== null) {
      try {
        const { address } = await place.update({ id, pull }, text, signal);
        known.set(key, id);
        return address;
      } catch (error) {
        if (!isGone(error)) throw error;
        known.delete(key);
        // One that somebody has deleted since it was remembered; there may be another.
        if (remembered !== undefined) return write(pull, marker, text, signal);
      }
    }
    const written = await create(pull, marker, text, signal);
    known.set(key, written.id);
    return written.address;
  }

  return (pull, marker, text, signal) =>
    exclusively(`${pull} ${marker}`, () => write(pull, marker, text, signal));
}

function firstLineOf(text: string): string {
  return (/^[^\r\n]*/.exec(text)?.[0] ?? '').trim();
}

function isGone(error: unknown): boolean {
  return error instanceof HostAnswer && (error.status === 404 || error.status === 410);
}

/** Asks once who writes here. A host that refuses to say, or a token that may not ask, is `null`. */
export function createLogin(
  ask: (signal: AbortSignal) => Promise<string>,
): (signal: AbortSignal) => Promise<string | null> {
  let known: string | null | undefined;
  return async (signal) => {
    if (known !== undefined) return known;
    try {
      known = await ask(signal);
    } catch (error) {
      if (!(error instanceof HostAnswer) || error.code !== 'HOST_REFUSED') throw error;
      known = null;
    }
    return known;
  };
}
