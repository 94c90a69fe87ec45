import { ReconcilerError } from '../../base/errors.ts';
import type { Actor, StackEdit, WriteOperations } from '../../public/reconciler.ts';
import { runStackDeletion } from '../write/delete-stacks.ts';
import type { RepositoryWriter } from '../write/repository-writer.ts';
import type { OperationParts } from './parts.ts';

function isMade(keys: StackEdit['keys']): keys is (document: unknown) => object {
  return typeof keys === 'function';
}

type By = Parameters<RepositoryWriter['createStack']>[2];

export function createWriteOperations({ context, loop, writer }: OperationParts): WriteOperations {
  /** Writes on top of what the branch says now, and reads it at once. */
  const commit = async <T>(actor: Actor, signal: AbortSignal, write: (by: By) => Promise<T>): Promise<T> => {
    await loop.refreshForWrite(signal);
    return loop.written(write({ actor, signal }));
  };
  /**
   * A revision that describes nothing is refused, so that an accident deletes nothing. Whoever deletes the last stack by name means it: the
   * commit stands, and what runs of the stack is destroyed as if that had been asked for.
   */
  const destroyLast = async (stack: string, actor: Actor): Promise<void> => {
    if (loop.repository.error?.code !== 'EMPTY_REPOSITORY') return;
    const request = { stack, mode: 'destroy', confirm: true, actor, trigger: 'api' } as const;
    await loop.request(request, new AbortController().signal);
  };
  return {
    createStack: (name, document, actor, signal) =>
      commit(actor, signal, (by) => writer.createStack({ name }, document, by)),
    createWorkflow: (name, document, actor, signal) =>
      commit(actor, signal, (by) => writer.createStack({ name, kind: 'workflow' }, document, by)),
    updateStack: (name, { keys, isBase }, actor, signal) =>
      commit(actor, signal, async (by) => {
        const stack = context.desired.get(name);
        if (stack === undefined || (isBase?.(stack.document) ?? true))
          return writer.updateStack(name, isMade(keys) ? keys(stack?.document) : keys, by);
        throw new ReconcilerError('WRITE_CONFLICT', `${name} was changed meanwhile: read it again`);
      }),
    async deleteStack(name, actor, signal) {
      const result = await commit(actor, signal, (by) => writer.deleteStack(name, by));
      await destroyLast(name, actor);
      return result;
    },
    async deleteStacks(request) {
      const { signal } = new AbortController();
      await loop.refreshForWrite(signal);
      const parts = {
        context,
        writer,
        refreshStatus: (stack: string) => loop.refreshStatus(stack, signal),
        written: <T>(write: Promise<T>) => loop.written(write),
        request: (one: Parameters<typeof loop.request>[0]) => loop.request(one, signal),
        signal,
      };
      return runStackDeletion(parts, request);
    },
    rollback: (stack, to, actor, signal) => commit(actor, signal, (by) => writer.rollback(stack, to, by)),
    registerWorker: (name, document, actor, signal) =>
      commit(actor, signal, (by) => writer.registerWorker(name, document, by)),
    unregisterWorker: (name, actor, signal) =>
      commit(actor, signal, (by) => writer.unregisterWorker(name, by)),
  };
}
