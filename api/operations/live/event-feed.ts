import type { Job, Reconciler, ReconcilerEvent } from '../../../reconciler/index.ts';
import { isReconcilerError, newId } from '../../../reconciler/index.ts';
import type { EventRing } from './event-ring.ts';
import { createEventRing } from './event-ring.ts';
import { createPaced } from './paced.ts';

export type FeedType = ReconcilerEvent['type'];

/** Types of events, in the order of the documentation. */
export const FEED_TYPES: readonly FeedType[] = [
  'stack',
  'gone',
  'repository',
  'node',
  'health',
  'job',
  'step',
  'log',
];

/** An event that readers share: the same object for all of them. */
export type FeedEvent = {
  /** Stack that it is about; `null` for what is about none. */
  readonly stack: string | null;
} & (
  | {
      /** The stack stands otherwise than before: how is to be asked when the event is read. `gone`: it is not known any more. */
      readonly type: 'stack' | 'gone';
      readonly stack: string;
    }
  | Exclude<ReconcilerEvent, { type: 'stack' | 'gone' }>
);

export type FeedItem =
  /** Events after this place follow: the first item, and what stands for those that are lost. */
  | { readonly kind: 'hello' | 'reset'; readonly place: FeedPlace }
  | { readonly kind: 'event'; readonly place: FeedPlace; readonly event: FeedEvent };

/** A place between two events of this process. */
export interface FeedPlace {
  /** Another one in every process. */
  readonly epoch: string;
  /** Number of the event before it. */
  readonly sequence: number;
}

export interface FeedFilter {
  readonly types: ReadonlySet<FeedType>;
  /** Leaves out what is about other stacks. */
  readonly stack?: string;
  /** Leaves out other jobs, with their steps and lines. */
  readonly job?: string;
}

export interface EventFeed {
  /**
   * Events as they happen, until the signal aborts. Nothing is lost unseen: where a reader was too slow, or comes back too late, a `reset` stands for
   * what is missing.
   *
   * @param after place to go on from, `<epoch>-<sequence>`; `undefined`: from now on
   */
  follow(
    filter: FeedFilter,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<FeedItem, void, undefined>;
}

export interface EventFeedOptions {
  readonly reconciler: Pick<Reconciler, 'subscribe' | 'getJob' | 'getStackRow'>;
  /** Stops listening. */
  readonly stopping: AbortSignal;
  /** Events that are kept for those who come back. Default 5,000. */
  readonly most?: number;
  /** Least time between two events of how the same stack stands, in milliseconds. Default 200. */
  readonly stackEveryMs?: number;
}

/** One memory of what happened, however many read it. It begins with the first reader, and goes on without any, so that they can come back. */
export function createEventFeed({
  reconciler,
  stopping,
  most = 5_000,
  stackEveryMs = 200,
}: EventFeedOptions): EventFeed {
  const epoch = newId(Date.now());
  const ring = createEventRing<FeedEvent>(most);
  let isListening = false;
  return {
    async *follow(filter, after, signal) {
      if (!isListening) listen(reconciler, { ring, stopping, stackEveryMs });
      isListening = true;
      const from = after === undefined ? ring.newest() : readPlace(after, epoch);
      const isKnown = from !== null && ring.reaches(from);
      let seen = isKnown ? from : ring.newest();
      yield { kind: 'hello', place: { epoch, sequence: seen } };
      if (!isKnown) yield { kind: 'reset', place: { epoch, sequence: seen } };
      while (!signal.aborted) {
        if (!ring.reaches(seen)) {
          seen = ring.newest();
          yield { kind: 'reset', place: { epoch, sequence: seen } };
        } else if (seen === ring.newest()) {
          await ring.wait(signal);
        } else {
          seen += 1;
          const event = ring.at(seen);
          if (event !== undefined && isWanted(event, filter))
            yield { kind: 'event', place: { epoch, sequence: seen }, event };
        }
      }
    },
  };
}

/** @returns `null` when it is a place of another process, or none */
function readPlace(text: string, epoch: string): number | null {
  const digits = text.startsWith(`${epoch}-`) ? text.slice(epoch.length + 1) : '';
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

interface Listening {
  readonly ring: EventRing<FeedEvent>;
  readonly stopping: AbortSignal;
  readonly stackEveryMs: number;
}

function listen(
  reconciler: EventFeedOptions['reconciler'],
  { ring, stopping, stackEveryMs }: Listening,
): void {
  if (stopping.aborted) return;
  const jobs = createJobWatch(reconciler);
  const paced = createPaced(stackEveryMs, createStackTeller(reconciler, ring));
  let read = '';
  const subscription = reconciler.subscribe((event) => {
    switch (event.type) {
      case 'stack':
      case 'gone':
        return paced.touch(event.stack);
      case 'health':
        ring.push(event);
        return paced.touch(event.stack);
      case 'job':
        ring.push({ ...event, stack: event.job.stack });
        if (jobs.isNews(event.job)) paced.touch(event.job.stack);
        return;
      case 'step':
        return void ring.push({ ...event, stack: jobs.stackOf(event.step.jobId) });
      case 'log':
        return void ring.push({ ...event, stack: jobs.stackOf(event.log.jobId) });
      case 'repository': {
        const { revision, error } = event;
        const said = JSON.stringify([revision, error]);
        // It is read every few seconds.
        if (said !== read) ring.push({ ...event, stack: null });
        read = said;
        return;
      }
      default:
        return void ring.push({ ...event, stack: null });
    }
  });
  const stop = () => {
    subscription[Symbol.dispose]();
    paced[Symbol.dispose]();
  };
  stopping.addEventListener('abort', stop, { once: true });
}

/** Puts in that a stack stands otherwise, in the place of what was said of it before, which is of no use to anybody. */
function createStackTeller(
  reconciler: Pick<Reconciler, 'getStackRow'>,
  ring: EventRing<FeedEvent>,
): (stack: string) => void {
  const told = new Map<string, { readonly sequence: number; readonly type: 'stack' | 'gone' }>();
  const stands = (stack: string): boolean => {
    try {
      reconciler.getStackRow(stack);
      return true;
    } catch (error) {
      return !isReconcilerError(error, 'UNKNOWN_STACK');
    }
  };
  return (stack) => {
    const type = stands(stack) ? 'stack' : 'gone';
    const before = told.get(stack);
    if (type === 'gone' && before?.type === 'gone') return;
    if (before !== undefined) ring.drop(before.sequence);
    told.set(stack, { type, sequence: ring.push({ type, stack }) });
  };
}

interface JobWatch {
  /** Tells whether a job has begun or ended; its progress in between is not told with its stack. */
  isNews(job: Job): boolean;
  stackOf(job: string): string | null;
}

/** Jobs that are remembered. */
const MAX_JOBS = 1_000;

function createJobWatch(reconciler: Pick<Reconciler, 'getJob'>): JobWatch {
  const known = new Map<string, { readonly stack: string | null; readonly status: Job['status'] | null }>();
  const remember = (id: string, job: { stack: string | null; status: Job['status'] | null }): void => {
    const [oldest] = known.keys();
    if (known.size >= MAX_JOBS && oldest !== undefined) known.delete(oldest);
    known.set(id, job);
  };
  return {
    isNews({ id, stack, status }) {
      const before = known.get(id);
      remember(id, { stack, status });
      return before?.status !== status;
    },
    stackOf(id) {
      const before = known.get(id);
      if (before !== undefined) return before.stack;
      const stack = findStack(reconciler, id);
      remember(id, { stack, status: null });
      return stack;
    },
  };
}

function findStack(reconciler: Pick<Reconciler, 'getJob'>, id: string): string | null {
  try {
    return reconciler.getJob(id).job.stack;
  } catch (error) {
    // A store that does not answer is no reason to lose a line.
    if (isReconcilerError(error)) return null;
    throw error;
  }
}

function isWanted(event: FeedEvent, { types, stack, job }: FeedFilter): boolean {
  if (!types.has(event.type)) return false;
  if (stack !== undefined && event.type !== 'repository' && event.type !== 'node' && event.stack !== stack)
    return false;
  const id = jobOf(event);
  return job === undefined || id === null || id === job;
}

function jobOf(event: FeedEvent): string | null {
  switch (event.type) {
    case 'job':
      return event.job.id;
    case 'step':
      return event.step.jobId;
    case 'log':
      return event.log.jobId;
    default:
      return null;
  }
}
