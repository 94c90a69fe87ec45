import type { Actor, WorkerView, WriteResult } from '../../reconciler/index.ts';
import { ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { newSignal, readAgain } from './write.ts';

/** Finds a worker by id or name. Throws UNKNOWN_WORKER. */
export function getWorker({ reconciler }: ApiDeps, idOrName: string): WorkerView {
  const workers = reconciler.listWorkers();
  const worker = workers.find(({ id }) => id === idOrName) ?? workers.find(({ name }) => name === idOrName);
  if (worker === undefined) throw new ReconcilerError('UNKNOWN_WORKER', `there is no worker ${idOrName}`);
  return worker;
}

export interface WorkerWrite extends WriteResult {
  /** `null` when the repository could not be read again yet. */
  readonly worker: WorkerView | null;
}

/** A commit that adds `nodes/<name>.yaml`. Throws WORKER_EXISTS, INVALID_CONFIGURATION, WRITE_CONFLICT. */
export async function registerWorker(
  deps: ApiDeps,
  name: string,
  document: object,
  actor: Actor,
): Promise<WorkerWrite> {
  const result = await deps.reconciler.registerWorker(name, document, actor, newSignal());
  await readAgain(deps);
  return { ...result, worker: deps.reconciler.listWorkers().find((worker) => worker.name === name) ?? null };
}

/** A commit that removes the worker's file. Throws UNKNOWN_WORKER, WORKER_IN_USE. */
export async function unregisterWorker(deps: ApiDeps, idOrName: string, actor: Actor): Promise<WorkerWrite> {
  const worker = getWorker(deps, idOrName);
  if (worker.file === null) {
    throw new ReconcilerError(
      'WORKER_IN_USE',
      `${worker.name} is described by the stacks ${worker.stacks.join(', ')}; it goes when they no longer name it`,
    );
  }
  const result = await deps.reconciler.unregisterWorker(worker.name, actor, newSignal());
  await readAgain(deps);
  return { ...result, worker };
}
