import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { BackupVolume, BackupStore } from '../../ports/backup-store.ts';
import type { Job } from '../../ports/store.ts';
import type {
  BackupFilter,
  BackupList,
  BackupRequest,
  BackupView,
  RestoreRequest,
} from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { WorkQueue } from '../loop/work-queue.ts';
import { listBackups } from './dump-server.ts';
import { runBackup, runRestore } from './run-backup.ts';
import { findServers } from './servers.ts';
import { createBackupVolume } from './backup-volume.ts';

/** Dumps that run at the same time: each keeps a server, a disk and a processor busy. */
const CONCURRENT_DUMPS = 2;

type Pending =
  | { readonly job: JobRecorder; readonly backup: BackupRequest }
  | { readonly job: JobRecorder; readonly restore: RestoreRequest };

/** Backups and restores, one at a time for each stack; beside the runs that bring stacks in line, which never wait for a dump. */
export class Backups implements AsyncDisposable {
  readonly #context: RunContext;
  readonly #store: BackupStore;
  readonly #queue: WorkQueue;
  readonly #pending = new Map<string, Pending[]>();

  constructor(context: RunContext, store: BackupStore) {
    this.#context = context;
    this.#store = store;
    this.#queue = new WorkQueue({
      clock: context.clock,
      concurrency: CONCURRENT_DUMPS,
      run: (stack, signal) => this.#runNext(stack, signal),
      onFailure: (stack, error) =>
        context.logger.error({ stack, error: errorMessage(error) }, 'a backup ended unexpectedly'),
    });
  }

  /** Tells whether something of this stack is being done, or is to be. */
  isBusy(stack: string): boolean {
    return this.#pending.has(stack) || this.#queue.isRunning(stack);
  }

  backup(request: BackupRequest): Job {
    findServers(this.#context, this.#store, request);
    const job = this.#newJob('backup', request);
    return this.#add(request.stack, { job, backup: request });
  }

  restore(request: RestoreRequest): Job {
    const { servers } = findServers(this.#context, this.#store, request);
    if (servers.length > 1) {
      const names = servers.map(({ service }) => service).join(', ');
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `${request.stack} has several databases, name one of them: ${names}`,
      );
    }
    const job = this.#newJob('restore', request);
    return this.#add(request.stack, { job, restore: request });
  }

  /** @param stacks those whose volumes are looked through, too */
  async list(filter: BackupFilter, stacks: readonly string[], signal: AbortSignal): Promise<BackupList> {
    const places = new Map<string, Place>();
    for (const { stack, service } of await this.#store.services()) {
      if (isWanted(filter, stack, service))
        places.set(`${stack}\0${service}`, {
          stack,
          service,
          backupVolume: this.#store.backupVolume(stack, service),
        });
    }
    for (const place of stacks.flatMap((stack) => this.#volumesOf(stack))) {
      if (isWanted(filter, place.stack, place.service))
        places.set(`${place.stack}\0${place.service}\0volume`, place);
    }
    const sorted = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
    const backups: BackupView[] = [];
    const failures: BackupList['failures'][number][] = [];
    for (const { stack, service, backupVolume } of sorted) {
      try {
        for (const one of await listBackups({ backupVolume }, signal)) {
          const { file, sizeBytes, sha256, beforeRestore } = one;
          const time = new Date(one.time).toISOString();
          backups.push({
            stack,
            service,
            file,
            location: backupVolume.location,
            sizeBytes,
            sha256,
            time,
            beforeRestore,
          });
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!isReconcilerError(error)) throw error;
        failures.push({ stack, service, message: errorMessage(error) });
      }
    }
    return { backups, failures };
  }

  /** When the newest backup of a stack was made, in milliseconds since the epoch; `null` when there is none, `undefined` when that cannot be told now. */
  async newest(stack: string, signal: AbortSignal): Promise<number | null | undefined> {
    const { backups, failures } = await this.list({ stack }, [stack], signal);
    if (failures.length > 0) return undefined;
    const times = backups.filter(({ beforeRestore }) => !beforeRestore).map(({ time }) => Date.parse(time));
    return times.length === 0 ? null : Math.max(...times);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { job } of [...this.#pending.values()].flat())
      job.end('cancelled', new ReconcilerError('CANCELLED', 'shutting down'));
    this.#pending.clear();
    await this.#queue[Symbol.asyncDispose]();
  }

  #volumesOf(stack: string): readonly Place[] {
    const description = this.#context.desired.get(stack);
    return (description?.services ?? []).flatMap(({ name: service, node, resource, database }): Place[] => {
      const folder = database?.backupFolder;
      const reference = description?.targets.find(({ name }) => name === node);
      if (folder === undefined || reference === undefined) return [];
      const place = {
        stack,
        service,
        resource: resource as Parameters<typeof createBackupVolume>[1]['resource'],
      };
      return [
        {
          stack,
          service,
          backupVolume: createBackupVolume(this.#context.pool, { ...place, reference, folder }),
        },
      ];
    });
  }

  #newJob(type: 'backup' | 'restore', { stack, trigger, actor }: BackupRequest): JobRecorder {
    const revision = this.#context.desired.revision?.commit ?? null;
    return this.#context.jobs.create({ type, stack, trigger, actor: actor?.name ?? null, revision });
  }

  #add(stack: string, pending: Pending): Job {
    this.#pending.set(stack, [...(this.#pending.get(stack) ?? []), pending]);
    this.#queue.addFirst(stack);
    return pending.job.job;
  }

  async #runNext(stack: string, signal: AbortSignal): Promise<void> {
    const [next, ...later] = this.#pending.get(stack) ?? [];
    if (later.length > 0) this.#pending.set(stack, later);
    else this.#pending.delete(stack);
    if (next === undefined) return;
    const { job } = next;
    try {
      job.start();
      if ('backup' in next)
        await runBackup(this.#context, this.#store, { job, request: next.backup, signal });
      else await runRestore(this.#context, this.#store, { job, request: next.restore, signal });
      job.end('completed');
    } catch (error) {
      // The job tells; nothing is tried again by itself before its next time.
      job.end(signal.aborted ? 'cancelled' : 'failed', error);
      this.#context.logger.warn(
        { stack, job: job.job.id, error: errorMessage(error) },
        `${job.job.type} failed`,
      );
    }
    if (later.length > 0) this.#queue.addFirst(stack);
  }
}

interface Place {
  readonly stack: string;
  readonly service: string;
  readonly backupVolume: BackupVolume;
}

function isWanted(filter: BackupFilter, stack: string, service: string): boolean {
  return (filter.stack ?? stack) === stack && (filter.service ?? service) === service;
}
