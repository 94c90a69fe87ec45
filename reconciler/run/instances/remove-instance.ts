import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Instance } from '../../pods/instance.ts';
import type { InstanceContext } from './context.ts';

export interface Removal {
  /** True when an instance stays if its containers cannot be removed; otherwise they are left for later. */
  readonly strict: boolean;
  /** Takes it out of the store. Default: it alone. */
  readonly record?: (instance: Instance) => void;
}

/** Removes instances, each once at a time. */
export interface Remover {
  /** Throws what the backend says with `strict`, and what the store says. */
  remove(id: string, removal: Removal): Promise<'deleted' | 'not_found'>;
  isRemoving(id: string): boolean;
}

/** `stopWork`: ends what is being done for an instance, and waits for that. */
export function createRemover(context: InstanceContext, stopWork: (id: string) => Promise<void>): Remover {
  const removing = new Map<string, Promise<void>>();
  return {
    isRemoving: (id) => removing.has(id),
    async remove(id, removal) {
      for (let other = removing.get(id); other !== undefined; other = removing.get(id)) {
        await other.catch(() => undefined);
      }
      const instance = context.table.get(id);
      if (instance === undefined) return 'not_found';
      const work = removeOne(context, { instance, removal, stopWork });
      removing.set(id, work);
      try {
        await work;
      } finally {
        removing.delete(id);
      }
      return 'deleted';
    },
  };
}

const REMOVAL_MS = 60_000;

interface RemovalWork {
  readonly instance: Instance;
  readonly removal: Removal;
  readonly stopWork: (id: string) => Promise<void>;
}

async function removeOne(
  { backend, records, table, ports, logger, closing }: InstanceContext,
  { instance, removal, stopWork }: RemovalWork,
): Promise<void> {
  const { id } = instance;
  await stopWork(id);
  try {
    await withAbortScope({ signals: [closing], timeoutMs: REMOVAL_MS }, (signal) =>
      backend.remove(id, signal),
    );
  } catch (error) {
    // A removal that the end of the process cut short is not done: the next one goes on.
    if (removal.strict || closing.aborted) throw error;
    logger.warn(
      { instance: id, error: errorMessage(error) },
      'containers of a deleted instance are left for later',
    );
  }
  if (removal.record === undefined) records.deleteInstance(id);
  else removal.record(instance);
  table.remove(id);
  ports.forget(id);
}
