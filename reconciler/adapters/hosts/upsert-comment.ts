import { LRUCache } from 'lru-cache';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { PullComment } from '../../ports/hosts/git-host.ts';
import { HostAnswer } from './host-fetch.ts';

export interface WrittenComment {
  readonly id: string;
  /** Web address. */
  readonly address: string;
}

/** Comments of pull requests, as a host keeps them. */
export interface CommentPlace {
  /** All of a pull request, oldest first. */
  list(pull: number, signal: AbortSignal): Promise<readonly PullComment[]>;
  create(pull: number, text: string, signal: AbortSignal): Promise<WrittenComment>;
  update(
    comment: Pick<PullComment, 'id' | 'pull'>,
    text: string,
    signal: AbortSignal,
  ): Promise<WrittenComment>;
  /** Login of who writes here; `null`: the host does not tell. */
  login(signal: AbortSignal): Promise<string | null>;
}

/** Comments that are remembered, to write them again without a search. */
const MAX_REMEMBERED = 1_000;

/**
 * Keeps one comment for each marker of a pull request, also while several are written at the same time. The first that has the marker as its first
 * line, and is by who writes here, is it. Where the host does not tell who that is, anybody's with the marker counts.
 */
export function createCommentWriter(
  place: CommentPlace,
): (pull: number, marker: string, text: string, signal: AbortSignal) => Promise<string> {
  const exclusively = createKeyedMutex();
  const known = new LRUCache<string, string>({ max: MAX_REMEMBERED });

  async function find(pull: number, marker: string, signal: AbortSignal): Promise<string | null> {
    const login = await place.login(signal);
    const comments = await place.list(pull, signal);
    const own = comments.find(
      ({ author, text }) => (login === null || author === login) && firstLineOf(text) === marker,
    );
    return own?.id ?? null;
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
    const created = await place.create(pull, text, signal);
    known.set(key, created.id);
    return created.address;
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
