import type { Job, JobDetail, JobLog, JobStep, ReconcilerEvent } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';

export type JobEvent =
  | { readonly type: 'step'; readonly step: JobStep }
  | { readonly type: 'log'; readonly log: JobLog }
  /** The last one. */
  | { readonly type: 'complete'; readonly job: Job };

/** Events that are kept for a reader who has not taken the ones before. */
const MAX_WAITING = 1_000;

/**
 * A job as it goes: first where each step stands and the lines so far, then what happens, until the job has ended.
 * Log lines up to `afterSequence` are left out. Throws UNKNOWN_JOB. The signal ends it early.
 */
export async function* followJob(
  { reconciler }: ApiDeps,
  id: string,
  afterSequence: number,
  signal: AbortSignal,
): AsyncGenerator<JobEvent, void, undefined> {
  const waiting: ReconcilerEvent[] = [];
  let isBehind = true;
  let wake = () => {};
  // Listening starts before reading, so nothing falls between the two; the sequence drops what is in both.
  using subscription = reconciler.subscribe((event) => {
    if (!belongsTo(event, id)) return;
    // A slow reader is told from the store what has happened meanwhile, not from memory.
    if (waiting.length >= MAX_WAITING) isBehind = true;
    if (!isBehind) waiting.push(event);
    wake();
  });
  void subscription;
  const readAnew = (): JobDetail => {
    isBehind = false;
    waiting.length = 0;
    return reconciler.getJob(id);
  };
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    let seen = afterSequence;
    do {
      const detail = isBehind ? readAnew() : null;
      if (detail !== null) yield* snapshot(detail, seen);
      seen = Math.max(seen, detail?.logs.at(-1)?.sequence ?? 0);
      if (detail !== null && hasEnded(detail.job)) return yield { type: 'complete', job: detail.job };
      const event = waiting.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || isBehind || waiting.length > 0) resolve();
        });
      } else if (event.type === 'step') yield { type: 'step', step: event.step };
      else if (event.type === 'log' && event.log.sequence > seen) {
        seen = event.log.sequence;
        yield { type: 'log', log: event.log };
      } else if (event.type === 'job' && hasEnded(event.job))
        return yield { type: 'complete', job: event.job };
    } while (!signal.aborted);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function* snapshot({ steps, logs }: JobDetail, afterSequence: number): Generator<JobEvent> {
  for (const step of steps) yield { type: 'step', step };
  for (const log of logs) if (log.sequence > afterSequence) yield { type: 'log', log };
}

function belongsTo(event: ReconcilerEvent, id: string): boolean {
  switch (event.type) {
    case 'job':
      return event.job.id === id;
    case 'step':
      return event.step.jobId === id;
    case 'log':
      return event.log.jobId === id;
    default:
      return false;
  }
}

function hasEnded({ status }: Job): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
