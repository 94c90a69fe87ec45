import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { unknownInstance } from '../../pods/refusals.ts';
import type { Instance, InstanceStatus } from '../../pods/instance.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InstanceBackend, InstanceLogLine } from '../../ports/instance-backend.ts';
import type { InstanceRecords } from '../../ports/instance-records.ts';
import type { Logger } from '../../ports/logger.ts';
import type { BatchDelete, CreateInstanceRequest, Instances, InstanceStats } from '../../public/instances.ts';
import { Background } from '../loop/background.ts';
import { WorkQueue } from '../loop/work-queue.ts';
import type { BatchDeletes } from './batch-deletes.ts';
import { createBatchDeletes } from './batch-deletes.ts';
import { createBounded } from './bounded.ts';
import type { Bounded } from './bounded.ts';
import { bringUp, updateInstance, updateStatus } from './bring-up.ts';
import type { InstanceContext, InstanceSettings } from './context.ts';
import { DEFAULT_SETTINGS } from './context.ts';
import { createInstance, createPendingUsage } from './create-instance.ts';
import { createInstanceTable } from './instance-table.ts';
import { createNodePorts } from './node-ports.ts';
import type { Orphans } from './orphans.ts';
import { createOrphans } from './orphans.ts';
import type { Remover } from './remove-instance.ts';
import { createRemover } from './remove-instance.ts';
import { createWatcher } from './watcher.ts';

export interface InstancesOptions {
  readonly backend: InstanceBackend;
  readonly records: InstanceRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings?: Partial<InstanceSettings>;
  /** Look for what is there even when the store knows of nothing. Default false: a place that is not used is left alone. */
  readonly alwaysWatch?: boolean;
}

/** Attempts after which something that should start has failed. */
const MAX_START_ATTEMPTS = 5;

export function createInstances(options: InstancesOptions): Instances {
  const { backend, records, clock, logger } = options;
  const settings: InstanceSettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const { nodePorts: range, portLockMs: lockMs } = settings;
  const closing = new AbortController();
  return new KeptInstances(
    {
      closing: closing.signal,
      settings,
      backend,
      records,
      clock,
      logger,
      table: createInstanceTable(records.listInstances()),
      ports: createNodePorts({ records, backend, clock, range, lockMs }),
      placing: new Set(),
      nodes: null,
    },
    { alwaysWatch: options.alwaysWatch ?? false, closing },
  );
}

interface Keeping {
  readonly alwaysWatch: boolean;
  readonly closing: AbortController;
}

const PRUNE_MS = 60_000;

class KeptInstances implements Instances {
  readonly #context: InstanceContext;
  readonly #alwaysWatch: boolean;
  readonly #closing: AbortController;
  readonly #background: Background;
  readonly #queue: WorkQueue;
  readonly #bounded: Bounded;
  readonly #remover: Remover;
  readonly #orphans: Orphans;
  readonly #batches: BatchDeletes;
  readonly #pending = createPendingUsage();
  readonly #working = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();
  #watching = false;
  #pruneAt = 0;

  constructor(context: InstanceContext, { alwaysWatch, closing }: Keeping) {
    const { clock, logger, settings } = context;
    this.#context = context;
    this.#alwaysWatch = alwaysWatch;
    this.#closing = closing;
    this.#background = new Background(clock, logger);
    this.#bounded = createBounded(settings.deleteConcurrency);
    this.#queue = new WorkQueue({
      clock,
      concurrency: settings.createConcurrency,
      run: (id, signal) => this.#work(id, signal),
      onFailure: (id, error, retryInMs) => this.#failed(id, error, retryInMs),
    });
    this.#remover = createRemover(context, (id) => this.#stopWork(id));
    this.#orphans = createOrphans(context, this.#bounded);
    this.#batches = createBatchDeletes({
      context,
      remover: this.#remover,
      background: this.#background,
      bounded: this.#bounded,
    });
  }

  start(): void {
    const { table, settings } = this.#context;
    this.#batches.resume();
    const instances = table.list();
    if (this.#alwaysWatch || instances.length > 0) this.#watch();
    for (const { id, ready } of instances) if (!ready) this.#queue.add(id);
    this.#background.run('instances', () => this.pass());
    this.#background.every(settings.passMs, 'instances', () => this.pass());
  }

  async create(request: CreateInstanceRequest): Promise<Instance> {
    this.#watch();
    const instance = await createInstance(this.#context, request, this.#pending);
    this.#orphans.forget(instance.id);
    this.#queue.add(instance.id);
    return instance;
  }

  list(page?: { readonly offset: number; readonly limit: number }): readonly Instance[] {
    const all = this.#context.table.list();
    return page === undefined ? all : all.slice(page.offset, page.offset + page.limit);
  }

  get(id: string): Instance {
    const instance = this.#context.table.get(id);
    if (instance === undefined) throw unknownInstance();
    return instance;
  }

  logs(id: string, tail: number, signal: AbortSignal): Promise<readonly InstanceLogLine[]> {
    return this.#context.backend.logs(this.get(id).id, tail, signal);
  }

  async delete(id: string): Promise<void> {
    const outcome = await this.#remover.remove(id, { strict: false });
    if (outcome === 'not_found') throw unknownInstance();
  }

  stats(): InstanceStats {
    const { table, ports } = this.#context;
    const all = table.list();
    const nodes = new Map<string, number>();
    for (const { nodeId } of all) nodes.set(nodeId, (nodes.get(nodeId) ?? 0) + 1);
    const { cpuMilli, memoryBytes, pods } = table.usage;
    return {
      total: pods,
      active: all.filter(({ status }) => status === 'creating' || status === 'running').length,
      nodes: Object.fromEntries([...nodes].sort(([a], [b]) => (a < b ? -1 : 1))),
      nodePorts: ports.used,
      cpuMilli,
      memoryBytes,
    };
  }

  countByStatus(): ReadonlyMap<InstanceStatus, number> {
    const counts = new Map<InstanceStatus, number>();
    for (const { status } of this.#context.table.list()) counts.set(status, (counts.get(status) ?? 0) + 1);
    return counts;
  }

  deleteBatch(ids: readonly string[]): BatchDelete {
    return this.#batches.create(ids);
  }

  getBatchDelete(id: string): BatchDelete {
    return this.#batches.get(id);
  }

  async pass(): Promise<void> {
    const { table, clock, ports, records, settings } = this.#context;
    const now = clock.now();
    const expired = table.takeExpired(now);
    await Promise.all(expired.map(({ id }) => this.#bounded(() => this.#expire(id))));
    await this.#orphans.collect();
    ports.prune();
    if (now < this.#pruneAt) return;
    this.#pruneAt = now + Math.min(PRUNE_MS, settings.keepJobsMs);
    records.pruneBatchDeletes(now - settings.keepJobsMs);
  }

  async #expire(id: string): Promise<void> {
    const { table, clock, logger, settings } = this.#context;
    try {
      await this.#remover.remove(id, { strict: false });
    } catch (error) {
      logger.warn(
        { instance: id, error: errorMessage(error) },
        'an instance that has expired could not be deleted',
      );
      table.expireAgain(id, clock.now() + settings.passMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ReconcilerError('CANCELLED', 'shutting down', { retryable: true }));
    await this.#queue[Symbol.asyncDispose]();
    await this.#background[Symbol.asyncDispose]();
    await this.#context.backend[Symbol.asyncDispose]();
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const watcher = createWatcher(this.#context, {
      orphans: this.#orphans,
      check: (id) => this.#queue.add(id),
    });
    this.#background.keep('watching instances', (signal) => this.#context.backend.watch(watcher, signal));
  }

  /** Looks at one instance as it is now, and does what is missing. */
  async #work(id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#working.set(id, promise);
    try {
      await this.#bringInLine(id, signal);
      this.#failures.delete(id);
    } finally {
      this.#working.delete(id);
      resolve();
    }
  }

  async #bringInLine(id: string, signal: AbortSignal): Promise<void> {
    const { table, backend } = this.#context;
    const instance = table.get(id);
    if (instance === undefined || this.#remover.isRemoving(id)) return;
    if (!instance.ready) {
      if (instance.status !== 'failed') await bringUp(this.#context, instance, signal);
      return;
    }
    const current = updateStatus(this.#context, instance);
    const seen = table.seen(id);
    const isWhole = seen !== undefined && seen.incomplete !== true;
    if (current.status === 'node_deleted' || isWhole || this.#batches.isWaiting(id)) return;
    if (await backend.exists(id, signal)) return;
    // Somebody took it away; removing it goes through the queue of its own work, which this is.
    this.#background.run(`forget ${id}`, () => this.#remover.remove(id, { strict: false }));
  }

  async #stopWork(id: string): Promise<void> {
    this.#queue.interrupt(id, new Error('the instance is deleted'));
    await this.#working.get(id);
  }

  #failed(id: string, error: unknown, retryInMs: number | null): void {
    const { logger, table } = this.#context;
    const instance = table.get(id);
    if (instance === undefined || this.#remover.isRemoving(id)) return;
    logger.warn(
      { instance: id, error: errorMessage(error), retryInMs },
      'an instance could not be brought up',
    );
    if (instance.ready) return;
    const message = errorMessage(error);
    if (message !== instance.message) updateInstance(this.#context, instance, { message });
    if (isReconcilerError(error, 'TARGET_UNREACHABLE')) return;
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    if (retryInMs !== null && failures < MAX_START_ATTEMPTS) return;
    this.#failures.delete(id);
    updateInstance(this.#context, instance, { status: 'failed', message });
  }
}
