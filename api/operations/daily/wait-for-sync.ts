import type { SyncState } from '../../../reconciler/index.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import { createEventQueue } from '../follow/event-queue.ts';

export interface SyncRequest {
  /** Names; `null`: every stack there is, also those that only others have left behind. */
  readonly stacks: readonly string[] | null;
  /** Id of a commit, or its first digits: it counts from that revision on. `null`: from the one that is there. */
  readonly revision: string | null;
  readonly timeoutMs: number;
  /** Nobody else looks: repository and targets are asked again this often, in milliseconds. Default: what a daemon sees by itself counts. */
  readonly lookEveryMs?: number;
}

export interface StackSync {
  readonly name: string;
  readonly state: SyncState;
  /** Reason for the state. */
  readonly message: string | null;
}

export interface SyncReport {
  /** `null`: it goes on. `failed`: at least one stack will not come in sync unless somebody does something. */
  readonly outcome: 'in_sync' | 'failed' | 'timed_out' | null;
  /** Commit that was read last. */
  readonly revision: string | null;
  /** False while the wanted commit has not been read yet; nothing is said of stacks then. */
  readonly hasReached: boolean;
  /** Stacks by name. */
  readonly stacks: readonly StackSync[];
  /** Reason why the repository cannot be read now. */
  readonly error: string | null;
}

/** States in which waiting is over, one way or the other; in all others something is still to happen. */
const SETTLED: Readonly<Partial<Record<SyncState, 'in_sync' | 'failed'>>> = {
  in_sync: 'in_sync',
  // It is not described any more, and gone.
  removed: 'in_sync',
  failed: 'failed',
  invalid: 'failed',
  blocked: 'failed',
  drifted: 'failed',
  stopped: 'failed',
};

/**
 * Tells how far stacks are until all are in sync at a revision, or one of them will not be; the last report has an outcome. Reports come when
 * something has changed. Throws UNKNOWN_STACK once the revision is there, and BAD_OPTIONS for what is no commit. The signal ends it without one.
 */
export async function* waitForSync(
  deps: Pick<ApiDeps, 'reconciler'>,
  request: SyncRequest,
  signal: AbortSignal,
): AsyncGenerator<SyncReport, void, undefined> {
  if (request.revision !== null && !/^[0-9a-f]{7,40}$/.test(request.revision))
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `"${request.revision}" is no commit: write its id, at least 7 hexadecimal digits`,
    );
  const { push, read } = createEventQueue<null>(signal, 1);
  using subscription = deps.reconciler.subscribe(() => push(null));
  using clock = wakeAt(push, request);
  void subscription;
  push(null);
  let last = '';
  for await (const _ of read()) {
    const report = await look(deps, request, signal);
    const isLate = report.outcome === null && clock.isOver();
    const told: SyncReport = isLate ? { ...report, outcome: 'timed_out' } : report;
    const text = JSON.stringify(told);
    if (text !== last) yield told;
    if (told.outcome !== null) return;
    last = text;
  }
}

/** Wakes it when the time is over, and before that as often as it looks. The timer alone tells the time: another clock may be a moment behind. */
function wakeAt(
  push: (nothing: null) => void,
  { timeoutMs, lookEveryMs }: SyncRequest,
): Disposable & { isOver(): boolean } {
  let isOver = false;
  const end = setTimeout(() => {
    isOver = true;
    push(null);
  }, timeoutMs);
  const looks = lookEveryMs === undefined ? undefined : setInterval(() => push(null), lookEveryMs);
  return {
    isOver: () => isOver,
    [Symbol.dispose]() {
      clearTimeout(end);
      clearInterval(looks);
    },
  };
}

async function look(
  deps: Pick<ApiDeps, 'reconciler'>,
  request: SyncRequest,
  signal: AbortSignal,
): Promise<SyncReport> {
  const { reconciler } = deps;
  const looks = request.lookEveryMs !== undefined;
  if (looks) await readIfPossible(deps, signal);
  const { revision, error } = reconciler.repository();
  const known = {
    revision: revision?.commit ?? null,
    error: error?.message ?? null,
  };
  const hasReached = request.revision === null || (await reconciler.hasReached(request.revision));
  if (!hasReached || revision === null) return { ...known, hasReached: false, outcome: null, stacks: [] };
  const names = request.stacks ?? reconciler.stackNames();
  const stacks: StackSync[] = [];
  for (const name of new Set([...names].sort())) {
    const { state, message } = looks ? await observe(deps, name, signal) : reconciler.getStack(name);
    stacks.push({ name, state, message });
  }
  const settled = stacks.map(({ state }) => SETTLED[state] ?? null);
  const outcome = settled.includes('failed')
    ? 'failed'
    : settled.every((one) => one === 'in_sync')
      ? 'in_sync'
      : null;
  return { ...known, hasReached, outcome, stacks };
}

/** A repository that is away now may be back with the next look: `repository` says why. */
async function readIfPossible({ reconciler }: Pick<ApiDeps, 'reconciler'>, signal: AbortSignal) {
  try {
    await reconciler.refresh(signal);
  } catch (error) {
    if (signal.aborted || !isReconcilerError(error) || reconciler.repository().error === null) throw error;
  }
}

/** A target that does not answer now may do so with the next look. */
async function observe(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  name: string,
  signal: AbortSignal,
): Promise<Pick<StackSync, 'state' | 'message'>> {
  try {
    return await reconciler.observe(name, signal);
  } catch (error) {
    if (signal.aborted || !isReconcilerError(error) || !error.retryable) throw error;
    return { state: 'unknown', message: errorMessage(error) };
  }
}
