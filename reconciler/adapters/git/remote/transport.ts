import { RemoteError } from '../errors.ts';
import { isObjectId } from '../repository/objects.ts';
import { isRefName } from '../repository/refs.ts';
import type { Deadline } from './deadline.ts';

/** Refs that a remote has. */
export interface RemoteRefs {
  /** Branch that its HEAD names, `null` when it does not say. */
  readonly head: string | null;
  /** Object ids by full name. */
  readonly refs: ReadonlyMap<string, string>;
  /** Beginnings of names of which it has no others than these; `['']`: they are all that it has. */
  readonly covers: readonly string[];
}

/** Tells whether a remote would have listed a ref if it had one of this name. */
export function isCovered({ covers }: RemoteRefs, name: string): boolean {
  return covers.some((prefix) => name.startsWith(prefix));
}

/** Refs that a remote may list; a repository of a hundred stacks has some ten thousand deployment tags. */
const MAX_REFS = 250_000;

/**
 * Takes in what a remote lists as its refs: those that Git itself would take. A name becomes a path of the mirror, and an id a line to `git cat-file`.
 *
 * @param listed ids by full name; throws GIT_ERROR for more than anybody has
 */
export function takeRefs(listed: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  const refs = new Map<string, string>();
  for (const [name, id] of listed) {
    if (name.startsWith('refs/') && isRefName(name) && isObjectId(id)) refs.set(name, id);
    if (refs.size > MAX_REFS)
      throw new RemoteError(`the Git server lists more than ${MAX_REFS} branches and tags`);
  }
  return refs;
}

export interface WantedRef {
  readonly ref: string;
  readonly id: string;
}

/** `from: null` the ref must not exist yet, `to: null` it is taken away. */
export interface RefUpdate {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Outcome of a ref update; `conflict` somebody else was first, `refused` the remote does not want it at all. */
export interface UpdateResult {
  readonly ref: string;
  readonly outcome: 'done' | 'conflict' | 'refused';
  readonly reason: string;
}

/** Carries objects between a mirror and its remote. It moves no refs of the mirror. */
export interface Transport {
  /**
   * Asks for the refs whose full names begin with one of these, and for the branch that HEAD names, which is listed as well. A remote that knows
   * no such question lists more.
   */
  listRefs(prefixes: readonly string[], deadline: Deadline): Promise<RemoteRefs>;
  /** Brings the objects behind these refs into the mirror. */
  fetch(mirrorDir: string, wanted: readonly WantedRef[], deadline: Deadline): Promise<void>;
  push(request: PushRequest, deadline: Deadline): Promise<readonly UpdateResult[]>;
}

export interface PushRequest {
  readonly mirrorDir: string;
  readonly updates: readonly RefUpdate[];
  /** A pack of what the remote lacks; a transport that finds that out by itself does not ask. */
  readonly pack: () => Promise<Buffer>;
}

const CONFLICT =
  /fetch first|non-fast-forward|not-fast-forward|stale info|already exists|cannot lock ref|failed to (update|lock)|incorrect old value/i;

export function judgeRejection(ref: string, reason: string): UpdateResult {
  return { ref, outcome: CONFLICT.test(reason) ? 'conflict' : 'refused', reason };
}
