import { sha256 } from '../../base/json.ts';
import type { Trouble } from '../../model/notify/events.ts';
import type { SyncState } from '../../public/reconciler.ts';
import type { Hold } from '../decide/decide.ts';

/** State of a stack, as far as it decides whether people should know. */
export interface Condition {
  readonly state: SyncState;
  readonly hold: Hold['kind'] | null;
  /** A node of it does not answer, and nothing else is known to be the matter. */
  readonly isAway: boolean;
}

/** Troubles of a stack itself. */
export type StackTrouble = Exclude<Trouble, 'node_away' | 'backup_failed'>;

/** The topic that people should know of in a state; `null`: it passes, or is as somebody wants it. */
const WORTH_TELLING: Readonly<Record<SyncState, StackTrouble | 'well' | null>> = {
  in_sync: 'well',
  failed: 'failed',
  degraded: 'failed',
  invalid: 'findings',
  drifted: 'drift',
  blocked: 'blocked',
  pending: null,
  applying: null,
  stopped: null,
  removed: null,
  unknown: null,
};

/** Decides what a stack's condition is for people. Pure. */
export function judge({ state, hold, isAway }: Condition): StackTrouble | 'well' | null {
  if (state === 'pending' && hold === 'frozen') return 'frozen';
  const topic = WORTH_TELLING[state];
  // The node is told of, once for all of its stacks.
  return topic === 'failed' && isAway ? null : topic;
}

export interface CauseParts {
  readonly subject: string;
  readonly type: Trouble;
  /** Digest of what is described, `''` where nothing is. */
  readonly desired: string;
  readonly code: string | null;
}

/** The same for what is the same trouble, whatever its text says; 16 hex digits. */
export function causeOf({ subject, type, desired, code }: CauseParts): string {
  return sha256(JSON.stringify([subject, type, desired, code])).slice(0, 16);
}

/** Causes of one subject that are remembered until it is well. */
const MAX_CAUSES = 50;

/** Milliseconds within which a trouble that comes again is the same one that comes and goes. */
const FLAPPING_MS = 600_000;

interface Known {
  type: Trouble;
  readonly causes: Set<string>;
  isFlapping: boolean;
}

/** Memory of what people have been told. Times are of `Clock.elapsed`. */
export class Told {
  readonly #subjects = new Map<string, Known>();
  /** Troubles that are over, and when they ended; those of the last ten minutes. */
  readonly #ended = new Map<string, { readonly at: number; readonly causes: ReadonlySet<string> }>();

  has(subject: string, cause: string): boolean {
    return this.#subjects.get(subject)?.causes.has(cause) === true;
  }

  note(subject: string, type: Trouble, cause: string, now: number): void {
    const known = this.#subjects.get(subject) ?? { type, causes: new Set<string>(), isFlapping: false };
    const ended = this.#ended.get(subject);
    known.type = type;
    known.causes.add(cause);
    known.isFlapping ||= ended !== undefined && now - ended.at < FLAPPING_MS && ended.causes.has(cause);
    const [oldest] = known.causes;
    if (known.causes.size > MAX_CAUSES && oldest !== undefined) known.causes.delete(oldest);
    this.#subjects.set(subject, known);
  }

  /** Returns the trouble that was told last, `null` when none was or it has ended. */
  trouble(subject: string): Trouble | null {
    return this.#subjects.get(subject)?.type ?? null;
  }

  /** Returns how long a subject has to be well before that is told: no time, unless its trouble comes and goes. */
  settlingMs(subject: string): number {
    return this.#subjects.get(subject)?.isFlapping === true ? FLAPPING_MS : 0;
  }

  /** Forgets what was told of a subject, but for troubles that come again soon. */
  end(subject: string, now: number): void {
    const known = this.#subjects.get(subject);
    if (known === undefined) return;
    this.#subjects.delete(subject);
    for (const [other, { at }] of this.#ended) if (now - at >= FLAPPING_MS) this.#ended.delete(other);
    this.#ended.set(subject, { at: now, causes: known.causes });
  }
}
