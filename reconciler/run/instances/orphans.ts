import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Bounded } from './bounded.ts';
import type { InstanceContext } from './context.ts';

/** Sightings of instances that the store does not know. */
export interface Orphans {
  add(id: string): void;
  forget(id: string): void;
  /** Removes those whose grace is over. */
  collect(): Promise<void>;
}

const REMOVAL_MS = 60_000;

export function createOrphans(context: InstanceContext, bounded: Bounded): Orphans {
  const { backend, clock, logger, table, placing, settings, closing } = context;
  const since = new Map<string, number>();
  const isOurs = (id: string) => table.get(id) !== undefined || placing.has(id);
  async function remove(id: string): Promise<void> {
    if (isOurs(id)) return void since.delete(id);
    try {
      await withAbortScope({ signals: [closing], timeoutMs: REMOVAL_MS }, (signal) =>
        backend.remove(id, signal),
      );
      since.delete(id);
      logger.info({ instance: id }, 'removed what was left of an instance that is gone');
    } catch (error) {
      logger.warn({ instance: id, error: errorMessage(error) }, 'an orphan could not be removed');
    }
  }
  return {
    add(id) {
      if (!since.has(id)) since.set(id, clock.elapsed());
    },
    forget: (id) => void since.delete(id),
    async collect() {
      const before = clock.elapsed() - settings.orphanGraceMs;
      const due = [...since].filter(([, at]) => at <= before);
      await Promise.all(due.map(([id]) => bounded(() => remove(id))));
    },
  };
}
