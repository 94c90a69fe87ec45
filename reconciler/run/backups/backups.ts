import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { DATA_ENDING } from '../../database/backup.ts';
import { fromFolderName, parseDataName } from '../../database/data-name.ts';
import type { BackupStore, BackupVolume } from '../../ports/backups/backup-store.ts';
import type { Job } from '../../ports/store.ts';
import type {
  BackupFilter,
  BackupList,
  BackupReference,
  BackupRequest,
  BackupView,
  RestoreLook,
  RestoreRequest,
  VerifyResult,
} from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { WorkQueue } from '../loop/work-queue.ts';
import { verifyArchive } from './data/manifest.ts';
import { findBackup, runBackup, runRestore } from './run-backup.ts';
import { createBackupVolume } from './backup-volume.ts';
import type { BackupParts, KnownBackup } from './source.ts';
import { listBackups, verifyStored } from './source.ts';
import { findSources, requireSources } from './sources.ts';

/** Dumps that run at the same time: each keeps a server, a disk and a processor busy. */
const CONCURRENT_DUMPS = 2;

/** Name of a destination among what could not be listed. */
const AWAY = 'destination ';

type Pending =
  | { readonly job: JobRecorder; readonly backup: BackupRequest }
  | { readonly job: JobRecorder; readonly restore: RestoreRequest };

/** Backups and restores, one at a time for each stack; beside the runs that bring stacks in line, which never wait for a dump. */
export class Backups implements AsyncDisposable {
  readonly #context: RunContext;
  readonly #parts: BackupParts;
  readonly #queue: WorkQueue;
  readonly #pending = new Map<string, Pending[]>();

  constructor(parts: BackupParts) {
    const { context } = parts;
    this.#context = context;
    this.#parts = parts;
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

  /** Throws at once what `requireSources` does. */
  backup(request: BackupRequest): Job {
    requireSources(this.#parts, request);
    const job = this.#newJob('backup', request);
    return this.#add(request.stack, { job, backup: request });
  }

  restore(request: RestoreRequest): Job {
    requireSources(this.#parts, request);
    const job = this.#newJob('restore', request);
    return this.#add(request.stack, { job, restore: request });
  }

  /** See `DataOperations.lookAtRestore`. */
  async lookAtRestore({ stack, service, file }: BackupReference, signal: AbortSignal): Promise<RestoreLook> {
    const { sources } = await findSources(this.#parts, { stack, service }, signal);
    const [source] = sources;
    if (source === undefined) throw new ReconcilerError('BAD_OPTIONS', `${stack} has no ${service}`);
    const backup = await findBackup(source, file, signal);
    const seen = await source.look(backup, signal);
    const time = new Date(backup.time).toISOString();
    return { stack, service, file: backup.file, time, ...seen };
  }

  /** See `DataOperations.verifyBackup`. */
  async verify({ stack, service, file }: BackupReference, signal: AbortSignal): Promise<VerifyResult> {
    for (const place of await this.#places({ stack, service }, [stack])) {
      const known = await listBackups(place, signal);
      const backup = file === undefined ? known[0] : known.find((one) => one.file === file);
      if (backup !== undefined) return await this.#verifyOne(place, backup, signal);
    }
    const what = file === undefined ? 'no backup' : `no backup ${file}`;
    throw new ReconcilerError('UNKNOWN_BACKUP', `there is ${what} of ${stack}/${service}`);
  }

  async #verifyOne(place: Place, backup: KnownBackup, signal: AbortSignal): Promise<VerifyResult> {
    const { stack, service, destination } = place;
    const common = { stack, service, file: backup.file, destination };
    try {
      const read = async (content: AsyncIterable<Uint8Array>) => {
        for await (const chunk of content) void chunk;
      };
      const { bytes } =
        backup.ending === DATA_ENDING
          ? await verifyArchive(this.#parts, place, backup, signal)
          : await verifyStored(this.#parts, place, { backup, onPlain: read }, signal);
      if (bytes !== null) return { ...common, result: 'whole', bytes, message: null };
      const message = 'it is encrypted for others: only that it is stored as it was written was proved';
      return { ...common, result: 'stored', bytes, message };
    } catch (error) {
      signal.throwIfAborted();
      if (!isReconcilerError(error)) throw error;
      const result = error.code === 'BACKUP_DAMAGED' ? 'damaged' : 'unreadable';
      return { ...common, result, bytes: null, message: errorMessage(error) };
    }
  }

  /** @param stacks those whose volumes are looked through, too */
  async list(filter: BackupFilter, stacks: readonly string[], signal: AbortSignal): Promise<BackupList> {
    const backups: BackupView[] = [];
    const failures: BackupList['failures'][number][] = [];
    const unlisted = (stack: string, service: string, error: unknown) => {
      signal.throwIfAborted();
      if (!isReconcilerError(error)) throw error;
      failures.push({ stack, service, message: errorMessage(error) });
    };
    const places = await this.#places(filter, stacks, (destination, error) =>
      unlisted(filter.stack ?? '*', `${AWAY}${destination}`, error),
    );
    for (const place of places) {
      try {
        for (const one of await listBackups(place, signal)) backups.push(toView(place, one));
      } catch (error) {
        unlisted(place.stack, place.service, error);
      }
    }
    return { backups, failures };
  }

  /** Everywhere that backups may be, by stack and service. */
  async #places(
    filter: BackupFilter,
    stacks: readonly string[],
    onFailure?: (destination: string, error: unknown) => void,
  ): Promise<readonly Place[]> {
    const places = new Map<string, Place>();
    const stores = [[null, this.#parts.store] as const, ...this.#parts.destinations];
    for (const [destination, store] of stores) {
      try {
        for (const place of await placesIn(store, destination, filter))
          places.set(`${place.stack}\0${place.service}\0${destination ?? ''}`, place);
      } catch (error) {
        // The daemon's own place has to be there; another one may be away.
        if (destination === null || onFailure === undefined) throw error;
        onFailure(destination, error);
      }
    }
    for (const place of stacks.flatMap((stack) => this.#volumesOf(stack))) {
      if (isWanted(filter, place.stack, place.service))
        places.set(`${place.stack}\0${place.service}\0\0volume`, place);
    }
    return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
  }

  /** When the newest backup of a stack was made, in milliseconds since the epoch; `null` when there is none, `undefined` when that cannot be told now. */
  async newest(stack: string, signal: AbortSignal): Promise<number | null | undefined> {
    const { backups, failures } = await this.list({ stack }, [stack], signal);
    const wanted = this.#context.desired.get(stack)?.backup?.destination;
    // Others that are away have nothing to do with it.
    const isOther = (what: string) => what.startsWith(AWAY) && what !== `${AWAY}${wanted ?? ''}`;
    if (failures.some(({ service }) => !isOther(service))) return undefined;
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
          destination: null,
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
      if ('backup' in next) await runBackup(this.#parts, { job, request: next.backup, signal });
      else await runRestore(this.#parts, { job, request: next.restore, signal });
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
  readonly destination: string | null;
  readonly backupVolume: BackupVolume;
}

async function placesIn(
  store: BackupStore,
  destination: string | null,
  filter: BackupFilter,
): Promise<readonly Place[]> {
  return (await store.services())
    .map(({ stack, service: folder }): Place => {
      const backupVolume = store.backupVolume(stack, folder);
      return { stack, service: fromFolderName(folder), destination, backupVolume };
    })
    .filter(({ stack, service }) => isWanted(filter, stack, service));
}

function toView({ stack, service, destination, backupVolume }: Place, backup: KnownBackup): BackupView {
  const { file, sizeBytes, sha256, beforeRestore, encrypted } = backup;
  return {
    stack,
    service,
    kind: parseDataName(service) === null ? 'database' : 'data',
    file,
    location: backupVolume.location,
    destination,
    encrypted,
    sizeBytes,
    sha256,
    time: new Date(backup.time).toISOString(),
    beforeRestore,
  };
}

function isWanted(filter: BackupFilter, stack: string, service: string): boolean {
  return (filter.stack ?? stack) === stack && (filter.service ?? service) === service;
}
