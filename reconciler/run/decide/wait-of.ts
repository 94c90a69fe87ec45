import { isReconcilerError } from '../../base/errors.ts';
import type { HeldStack } from '../../ports/store.ts';
import type { StackWait } from '../../public/live/waits.ts';
import type { Hold } from './decide.ts';
import { onHoldOf } from './words.ts';
import type { Situation } from './state-of.ts';

/**
 * Says what a stack waits for, for people who have not seen such a thing before; `null`: for nothing but its turn. Pure.
 *
 * @param now milliseconds since the epoch
 */
export function waitOf(situation: Situation, now: number): StackWait | null {
  if (situation.at === 'planned' && 'waitsFor' in situation.decision)
    return waitOfHold(situation.decision, now);
  if (situation.at === 'failed' && isReconcilerError(situation.error)) {
    const kind = KIND_OF_ERROR[situation.error.code];
    if (kind !== undefined) return { reason: kind, message: tell(kind, situation.error.message) };
  }
  return null;
}

/** Says the same of one that is held, also while there is nothing to apply to it. */
export function waitOfHeld(held: HeldStack): StackWait {
  return { reason: 'on-hold', message: tell('on-hold', onHoldOf(held)) };
}

/** Somebody has asked, and was told that this keeps it from being done. */
const KIND_OF_ERROR: Readonly<Record<string, Hold['kind']>> = {
  CONFIRMATION_REQUIRED: 'blocked',
  FROZEN: 'frozen',
  DEPENDENCY_NOT_READY: 'out-of-turn',
};

function waitOfHold({ kind, reason, waitsFor, ...hold }: Hold, now: number): StackWait {
  const isRefused = kind === 'blocked' && waitsFor.what === 'target';
  const message = isRefused ? `Something on the node is in the way: ${reason}` : tell(kind, reason);
  const time = 'until' in hold ? hold.until : waitsFor.what === 'time' ? now + waitsFor.afterMs : undefined;
  // A window without an end has none that could be written down.
  const isTold = time !== undefined && Math.abs(time) <= MAX_TIME;
  return { reason: kind, message, ...(isTold ? { until: new Date(time).toISOString() } : {}) };
}

/** The latest time that a date can be, milliseconds since the epoch. */
const MAX_TIME = 8_640_000_000_000_000;

function tell(kind: Hold['kind'], reason: string): string {
  const words = WORDS[kind];
  return words === null ? `${reason.charAt(0).toUpperCase()}${reason.slice(1)}` : `${words}: ${reason}`;
}

/** Words before a reason; `null` where it says everything itself. */
const WORDS: Readonly<Record<Hold['kind'], string | null>> = {
  frozen: 'Nothing is changed at the moment, as the operator has set it',
  blocked: 'Somebody has to confirm it',
  'out-of-turn': 'Another stack comes first',
  held: 'It failed, and trying the same again would not help; change its description, or apply it, to try again',
  cancelled: null,
  'on-hold': null,
  destroyed: null,
  stopped: null,
  waiting: null,
  paced: 'It was repaired often lately, and is left alone for a while',
  contested: null,
};
