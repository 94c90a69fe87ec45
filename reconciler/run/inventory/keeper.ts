import { createAbortScope, untilAborted } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import { connectionKey, targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { TargetWith } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import type { ObjectStep, ObjectTable } from './object-table.ts';
import { createObjectTable } from './object-table.ts';

export interface KeeperOptions {
  readonly reference: TargetReference;
  readonly peek: (reference: TargetReference) => Target;
  /** Resolves while the target is not known to be away, to a signal that ends when it is lost. */
  readonly presence: (reference: TargetReference, signal: AbortSignal) => Promise<AbortSignal>;
  readonly clock: Clock;
  /** Tells whether anybody has a use for the target still. */
  readonly isWanted: () => boolean;
  /** @param first the target is looked at for the first time */
  readonly onSteps: (steps: readonly ObjectStep[], first: boolean) => void;
}

/** Keeps the table of one target up to date until it is closed. */
export interface Keeper {
  readonly reference: TargetReference;
  /** Changes with the way in which the target is reached. */
  readonly key: string;
  readonly table: ObjectTable;
  readonly target: () => Target;
  /** Reason why nothing is told at the moment. */
  readonly error: () => string | null;
  /** Resolves when the target has told what it has, or that it cannot. */
  readonly settled: (signal: AbortSignal) => Promise<void>;
  /** Looks at everything again. */
  refresh(): void;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
const NOT_YET = 'it has not answered yet';

export function createKeeper(options: KeeperOptions): Keeper {
  const { reference, clock, isWanted, onSteps } = options;
  const table = createObjectTable(targetKey(reference), () => reference.name);
  const closing = new AbortController();
  const settled = Promise.withResolvers<void>();
  let round = createAbortScope({ signals: [closing.signal] });
  let [error, isFirst]: [string | null, boolean] = [NOT_YET, true];
  const sink = {
    told(objects: Parameters<ObjectTable['take']>[0]): void {
      error = null;
      const first = isFirst;
      isFirst = false;
      const steps = table.take(objects, clock.now());
      settled.resolve();
      if (steps.length > 0) onSteps(steps, first);
    },
    failed(reason: unknown): void {
      error = errorMessage(reason);
      settled.resolve();
    },
  };
  async function look(target: TargetWith<'inventory'>, there: AbortSignal): Promise<void> {
    using scope = createAbortScope({ signals: [round.signal, there] });
    await target.inventory(sink, scope.signal).catch((reason: unknown) => {
      if (!scope.signal.aborted) sink.failed(reason);
    });
    if (there.aborted) error = 'it does not answer';
  }
  async function keep(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !closing.signal.aborted; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      const there = await options.presence(reference, closing.signal);
      const target = options.peek(reference);
      if (!hasCapability(target, 'inventory')) {
        error = null;
        return settled.resolve();
      }
      await look(target, there);
      if (closing.signal.aborted) return;
      if (round.signal.aborted) round = createAbortScope({ signals: [closing.signal] });
      // A connection that was closed is opened anew.
      else await clock.sleep(pause * (0.5 + clock.random() / 2), closing.signal).catch(() => undefined);
      // Opening it would be a use.
      if (!isWanted()) return;
    }
  }
  const keeping = keep().catch(sink.failed);
  return {
    reference,
    key: connectionKey(reference),
    table,
    target: () => options.peek(reference),
    error: () => error,
    settled: (signal) => untilAborted(settled.promise, signal),
    refresh: () => round.abort(),
    async close() {
      closing.abort();
      await keeping;
    },
  };
}
