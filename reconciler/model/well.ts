import type { DesiredResource, Health, RunFacts } from './resource.ts';

/*
 * When something counts as well. One definition for every kind of target: its own probe says so (the target answers without a `run` then), or,
 * without one, it has run for its stable time and was not restarted within it.
 */

/** Milliseconds that a program without a probe has to run, unless a policy says otherwise. */
export const DEFAULT_STABLE_MS = 10_000;
/** Ends that are further apart than this are no part of a start. */
const MAX_GROWTH_MS = 300_000;

/** Wait of somebody for a version to be well. */
export interface Watched {
  readonly stableMs: number;
  /** Milliseconds that it has been seen to run by who waits. */
  readonly watchedMs: number;
  /** Restarts that it had had before anybody waited. */
  readonly restartsBefore: number;
}

/** Judges the run of a version that is waited for: `restarted` is final, a number says how many milliseconds are left. */
export function judgeRun(
  run: RunFacts,
  { stableMs, watchedMs, restartsBefore }: Watched,
): 'well' | 'restarted' | number {
  if (run.restarts > restartsBefore) return 'restarted';
  const left = stableMs - watchedMs;
  return left <= 0 ? 'well' : left;
}

/**
 * Judges something that nobody waits for. A program that was restarted a moment ago has to prove itself again, and so has a version that nobody
 * has seen to be well yet.
 */
export function asObserved(
  health: Health,
  { stableMs, proven }: { readonly stableMs: number; readonly proven: boolean },
): Health {
  const { run } = health;
  if (health.status !== 'healthy' || run === undefined) return health;
  const left = stableMs - run.runningMs;
  if (left <= 0 || (proven && run.restarts === 0)) return health;
  const ran = `has run for ${Math.max(0, Math.floor(run.runningMs / 1_000))} of ${stableMs / 1_000} s`;
  const reason = run.restarts === 0 ? ran : `was restarted, ${ran}`;
  return { ...health, status: 'starting', reason, retryAfterMs: left };
}

/**
 * Says what to write for something that did its work and was started again: only its author knows whether it is to end.
 *
 * @returns `''` where nothing is to be said
 */
export function adviceToEnd(run: RunFacts | undefined, desired: DesiredResource | undefined): string {
  if (run?.exitCode !== 0 || run.restarts === 0 || desired?.toEnd === undefined) return '';
  const { file, line } = desired.origin;
  return `; if it is to end, write ${desired.toEnd} where it is described (${file}:${line})`;
}

/**
 * The stable time of a version, which grows with what the one before needed: twice as long as that ran between two restarts.
 *
 * @param stableMs as the policy has it; 0 stays 0
 * @param before how the version before runs; left out: there was none, or it has a probe
 */
export function stableTime(stableMs: number, before?: RunFacts): number {
  if (stableMs === 0 || before === undefined || before.restarts === 0) return stableMs;
  const apart = (before.settledMs ?? 0) / before.restarts;
  return apart > MAX_GROWTH_MS ? stableMs : Math.max(stableMs, 2 * apart);
}
