import type {
  Actor,
  ImageUpdateList,
  Job,
  LogOptions,
  PrunedRemnant,
  Reconciler,
  RemnantList,
  ServiceAddress,
  StackStats,
} from '../../../reconciler/index.ts';
import { isReconcilerError } from '../../../reconciler/index.ts';
import { unknownStack } from '../terminal/failure.ts';
import type { StackLogEvent } from '../../operations/follow/follow-logs.ts';
import { followStackLogs } from '../../operations/follow/follow-logs.ts';
import { chooseServices, readStackLogs } from '../../operations/stack-logs.ts';
import type { SyncReport, SyncRequest } from '../../operations/daily/wait-for-sync.ts';
import { waitForSync } from '../../operations/daily/wait-for-sync.ts';

export interface StackLogsOptions extends LogOptions {
  readonly stack: string;
  /** Empty: all. */
  readonly services: readonly string[];
}

/** The daily commands: waiting, looking at what runs, images, what is left over. */
export interface DailySession {
  /** Reports until it is over, see `waitForSync`. */
  waitForSync(request: SyncRequest, signal: AbortSignal): AsyncIterable<SyncReport>;
  /** Lines of several services, oldest first; with `follow` as they write it. `tail` counts for all of them together, with `follow` for each. */
  stackLogs(options: StackLogsOptions): AsyncIterable<StackLogEvent>;
  /** Returns what `Reconciler.runStats` does. */
  runStats(stack: string, signal: AbortSignal): Promise<StackStats>;
  addresses(stack: string, signal: AbortSignal): Promise<readonly ServiceAddress[]>;
  /** Begins to fetch the images of a stack. */
  pull(stack: string, signal: AbortSignal): Promise<Job>;
  /** Returns what `Reconciler.listImageUpdates` does. */
  listImageUpdates(stacks: readonly string[] | undefined, signal: AbortSignal): Promise<ImageUpdateList>;
  listRemnants(signal: AbortSignal): Promise<RemnantList>;
  prune(ids: readonly string[], signal: AbortSignal): Promise<readonly PrunedRemnant[]>;
}

export interface LocalDailyOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

/** A command that waits looks by itself so often, in milliseconds. */
const LOOK_MS = 2_000;
/** So many lines are read at most, as the API answers them. */
export const MAX_TAIL_LINES = 10_000;

export function createLocalDaily({ reconciler, actor, readOnce }: LocalDailyOptions): DailySession {
  const origin = { actor, trigger: 'cli' } as const;
  return {
    async addresses(stack, signal) {
      await readOnce(signal);
      await requireKnown(reconciler, stack, () => reconciler.getStack(stack));
      return reconciler.addresses(stack);
    },
    async pull(stack, signal) {
      await readOnce(signal);
      await requireKnown(reconciler, stack, () => reconciler.getStack(stack));
      return reconciler.pull({ stack, ...origin });
    },
    async listImageUpdates(stacks, signal) {
      await readOnce(signal);
      for (const stack of stacks ?? [])
        await requireKnown(reconciler, stack, () => reconciler.getStack(stack));
      return reconciler.listImageUpdates(stacks, signal);
    },
    async listRemnants(signal) {
      await readOnce(signal);
      return reconciler.listRemnants(signal);
    },
    prune: (ids, signal) => reconciler.prune({ ids, ...origin }, signal),
    async runStats(stack, signal) {
      await readOnce(signal);
      await requireKnown(reconciler, stack, () => reconciler.getStack(stack));
      return reconciler.runStats(stack, signal);
    },
    stackLogs: (options) => readLocally({ reconciler, readOnce }, options),
    async *waitForSync(request, signal) {
      try {
        yield* waitForSync({ reconciler }, { ...request, lookEveryMs: LOOK_MS }, signal);
      } catch (error) {
        const known = reconciler.stackNames();
        const name = request.stacks?.find((stack) => !known.includes(stack));
        if (name === undefined || !isReconcilerError(error, 'UNKNOWN_STACK')) throw error;
        throw unknownStack(name, known);
      }
    },
  };
}

async function* readLocally(
  { reconciler, readOnce }: Omit<LocalDailyOptions, 'actor'>,
  { services: wanted, follow = false, tail, ...options }: StackLogsOptions,
): AsyncGenerator<StackLogEvent, void, undefined> {
  const { stack, signal } = options;
  await readOnce(signal);
  // The places of its containers are known once somebody has looked.
  await requireKnown(reconciler, stack, () => reconciler.observe(stack, signal));
  const services = chooseServices({ reconciler }, stack, wanted.length === 0 ? undefined : wanted);
  if (follow) {
    yield* followStackLogs({ reconciler }, { ...options, services, tail: tail ?? MAX_TAIL_LINES });
    return;
  }
  const request = { ...options, services, lines: Math.min(tail ?? MAX_TAIL_LINES, MAX_TAIL_LINES) };
  const { lines, failures } = await readStackLogs({ reconciler }, request);
  for (const line of lines) yield { type: 'line', line };
  for (const [service, message] of Object.entries(failures)) yield { type: 'failure', service, message };
}

/** Turns an objection that a stack is not known into one with the names that are. */
async function requireKnown(reconciler: Reconciler, stack: string, ask: () => unknown): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_STACK')) throw error;
    throw unknownStack(stack, reconciler.stackNames());
  }
}
