import type { AbortScope } from '../../base/abort-scope.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { TargetFacts } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';

/** State of one target, as far as it is known. */
export interface TargetState {
  readonly reference: TargetReference;
  /** `null`: not asked yet. */
  reachable: boolean | null;
  /** ISO 8601. */
  lastSeen: string | null;
  facts: TargetFacts | null;
  message: string | null;
}

/** One way to reach one target, with what is known of it. */
export interface Entry {
  readonly target: Target;
  readonly state: TargetState;
  readonly closing: AbortController;
  /** When a stack or a shared node last needed it, by `Clock.elapsed`. */
  usedAt: number;
  /** Ends its watch; `null`: it is not watched. */
  watching: AbortScope | null;
  /** It was watched before, so that events may have been missed. */
  wasWatched: boolean;
  /** Error of a target that is away: nobody but one prober asks it, until it answers. */
  outage: Error | null;
  /** Ends when it is lost; another one stands for the time after it is back. */
  presence: AbortController;
  /** Resolves when it is back; `null`: nobody waits for that. */
  returned: PromiseWithResolvers<void> | null;
  /** Work that finds out whether it is there; nobody who can wait asks meanwhile. */
  doubt: Promise<void> | null;
  /** The call under way that asks whether it is there, and when it began: for all who want to know. */
  probe: { readonly ended: Promise<void>; readonly at: number } | null;
  isProbed: boolean;
  hasAnswered: boolean;
  /** Pause before the next probe, and when it was back last: one that is lost again soon is asked less often. */
  pauseMs: number;
  backAt: number;
  /** When it is asked again, by `Clock.elapsed`; infinity where it is not away. */
  nextProbeAt: number;
}

/** Knowledge of whether a target is there: `unknown` while that is being found out. */
export type Standing = 'there' | 'away' | 'unknown';

/** Nobody knows yet whether the target is there; that is no failure, and looked at again soon. */
export class NotYetAnswered extends ReconcilerError {
  constructor(target: string) {
    super('TARGET_UNREACHABLE', `${target} has not answered yet`, { retryable: true });
  }
}

/** Pause before a target that has fallen silent is asked for the first time, in milliseconds. */
export const FIRST_PROBE_PAUSE_MS = 1_000;

/** @param usedAt time by `Clock.elapsed` */
export function createEntry(reference: TargetReference, target: Target, usedAt: number): Entry {
  return {
    target,
    state: { reference, reachable: null, lastSeen: null, facts: null, message: null },
    closing: new AbortController(),
    usedAt,
    watching: null,
    wasWatched: false,
    outage: null,
    presence: new AbortController(),
    returned: null,
    doubt: null,
    probe: null,
    isProbed: false,
    hasAnswered: false,
    pauseMs: FIRST_PROBE_PAUSE_MS,
    backAt: Number.NEGATIVE_INFINITY,
    nextProbeAt: Number.POSITIVE_INFINITY,
  };
}

/** A target that tells nothing of itself is only asked whether it is there. */
export async function readFacts(target: Target, signal: AbortSignal): Promise<TargetFacts | null> {
  if (hasCapability(target, 'facts')) return target.facts(signal);
  await target.owned(signal);
  return null;
}

/** Error of a target that has said nothing for so long. */
export function silenceOf(reference: TargetReference, milliseconds: number): ReconcilerError {
  const message = `${targetKey(reference)} says nothing for ${milliseconds / 1_000} s`;
  return new ReconcilerError('TARGET_UNREACHABLE', message, { retryable: true });
}
