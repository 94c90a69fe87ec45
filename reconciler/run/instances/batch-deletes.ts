import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { BatchDeleteItem, BatchDeleteOutcome } from '../../ports/instance-records.ts';
import type { BatchDelete } from '../../public/instances.ts';
import type { Background } from '../loop/background.ts';
import type { Bounded } from './bounded.ts';
import type { InstanceContext } from './context.ts';
import { createHexId } from './context.ts';
import type { Remover } from './remove-instance.ts';

const MAX_ERRORS_SHOWN = 100;
const MAX_ERROR_LENGTH = 512;
/** Time that a job waits for a store that cannot be written. */
const STORE_PAUSE_MS = 5_000;

/** Jobs that delete many instances. An item is counted with the instance it takes out as one, so a restart goes on where it was. */
export interface BatchDeletes {
  create(ids: readonly string[]): BatchDelete;
  /** Throws UNKNOWN_JOB. */
  get(id: string): BatchDelete;
  /** Goes on with what the process before this one did not finish. */
  resume(): void;
  /** Tells whether a job is going to delete it. */
  isWaiting(instance: string): boolean;
}

export interface BatchDeleteParts {
  readonly context: InstanceContext;
  readonly remover: Remover;
  readonly background: Background;
  /** Shared with everything else that removes. */
  readonly bounded: Bounded;
}

export function createBatchDeletes(parts: BatchDeleteParts): BatchDeletes {
  const { context, background } = parts;
  const { records, clock } = context;
  const waiting = new Map<string, number>();
  const get = (id: string): BatchDelete => {
    const job = records.getBatchDelete(id);
    if (job === undefined) throw new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`);
    return { ...job, errors: records.failedItems(id, MAX_ERRORS_SHOWN) };
  };
  function run(id: string): void {
    const items = records.openItems(id);
    for (const { instance } of items) waiting.set(instance, (waiting.get(instance) ?? 0) + 1);
    background.run(`batch delete ${id}`, (signal) => runJob({ ...parts, waiting }, { id, items }, signal));
  }
  return {
    get,
    create(ids) {
      const now = clock.now();
      const counts = { total: ids.length, deleted: 0, notFound: 0, failed: 0 };
      const job = {
        id: `job-${createHexId()}`,
        status: 'queued',
        ...counts,
        createdAt: now,
        updatedAt: now,
      } as const;
      records.createBatchDelete(job, ids);
      run(job.id);
      return { ...job, errors: [] };
    },
    resume() {
      for (const { id } of records.openBatchDeletes()) run(id);
    },
    isWaiting: (instance) => waiting.has(instance),
  };
}

interface Job {
  readonly id: string;
  readonly items: readonly BatchDeleteItem[];
}

type JobParts = BatchDeleteParts & { readonly waiting: Map<string, number> };

async function runJob(parts: JobParts, { id, items }: Job, signal: AbortSignal): Promise<void> {
  const { context, bounded } = parts;
  await insist(context, signal, () => context.records.saveBatchDelete(id, 'running', context.clock.now()));
  await Promise.all(
    items.map((item) =>
      bounded(() => (signal.aborted ? Promise.resolve() : runItem(parts, { id, item }, signal))),
    ),
  );
  if (signal.aborted) return;
  await insist(context, signal, () => {
    const job = context.records.getBatchDelete(id);
    if (job === undefined) return;
    const isFailed = job.failed > 0 && job.deleted === 0 && job.notFound === 0;
    context.records.saveBatchDelete(id, isFailed ? 'failed' : 'completed', context.clock.now());
  });
}

async function runItem(
  { context, remover, waiting }: JobParts,
  { id, item }: { readonly id: string; readonly item: BatchDeleteItem },
  signal: AbortSignal,
): Promise<void> {
  const { records, clock } = context;
  const end = (outcome: BatchDeleteOutcome, error: string | null) =>
    insist(context, signal, () => records.endItem({ job: id, ...item, outcome, error, at: clock.now() }));
  try {
    const outcome = await remover.remove(item.instance, {
      strict: true,
      record: () => records.endItem({ job: id, ...item, outcome: 'deleted', error: null, at: clock.now() }),
    });
    if (outcome === 'not_found') await end('not_found', null);
  } catch (error) {
    if (!signal.aborted) await end('failed', toErrorText(error));
  } finally {
    const left = (waiting.get(item.instance) ?? 1) - 1;
    if (left === 0) waiting.delete(item.instance);
    else waiting.set(item.instance, left);
  }
}

function toErrorText(error: unknown): string {
  const text = `delete pod/service failed: ${errorMessage(error)}`;
  return text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}...` : text;
}

/** A store that cannot be written now will be some time; what was done is not forgotten until then. */
async function insist(
  { clock, logger }: InstanceContext,
  signal: AbortSignal,
  write: () => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return write();
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, 'a batch delete waits for the store');
      await clock.sleep(STORE_PAUSE_MS, signal).catch(() => undefined);
    }
  }
}
