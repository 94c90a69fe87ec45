import type {
  Actor,
  DeleteStacksRequest,
  RollbackResult,
  RollbackTarget,
  StackDeletion,
  StackEdit,
  StackView,
  WriteResult,
} from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { newSignal, readAgain } from './write.ts';

export interface StackWrite extends WriteResult {
  /** Stack as the reconciler knows it after the commit; `null` when it is gone, or could not be read again yet. */
  readonly stack: StackView | null;
}

export interface StackRollback extends StackWrite, RollbackResult {}

/** `fresh` asks the targets first. Throws UNKNOWN_STACK, TARGET_UNREACHABLE. */
export function getStack(
  { reconciler }: ApiDeps,
  name: string,
  fresh: boolean,
  signal: AbortSignal,
): Promise<StackView> | StackView {
  return fresh ? reconciler.observe(name, signal) : reconciler.getStack(name);
}

/** A commit that adds the stack. Throws STACK_EXISTS, INVALID_CONFIGURATION, WRITE_CONFLICT. */
export async function createStack(
  deps: ApiDeps,
  name: string,
  document: object,
  actor: Actor,
): Promise<StackWrite> {
  return withView(deps, name, await deps.reconciler.createStack(name, document, actor, newSignal()));
}

/** A commit that replaces the given top-level keys of the stack's document; `null` removes a key. */
export function updateStack(deps: ApiDeps, name: string, keys: object, actor: Actor): Promise<StackWrite> {
  return editStack(deps, name, { keys }, actor);
}

/** The same for whoever knows what the change was made for. Throws WRITE_CONFLICT when that is not there any more. */
export async function editStack(
  deps: ApiDeps,
  name: string,
  edit: StackEdit,
  actor: Actor,
): Promise<StackWrite> {
  return withView(deps, name, await deps.reconciler.updateStack(name, edit, actor, newSignal()));
}

/** Replaces the whole document: keys that the new one lacks are removed. */
export function replaceStack(
  deps: ApiDeps,
  name: string,
  document: object,
  actor: Actor,
): Promise<StackWrite> {
  const current = deps.reconciler.getStack(name).document;
  const known = typeof current === 'object' && current !== null ? Object.keys(current) : [];
  const removed = known.filter((key) => !Object.hasOwn(document, key)).map((key) => [key, null]);
  return updateStack(deps, name, { ...document, ...Object.fromEntries(removed) }, actor);
}

/** A commit that removes the stack's files; what runs is removed by reconciling. */
export async function deleteStack(deps: ApiDeps, name: string, actor: Actor): Promise<StackWrite> {
  return withView(deps, name, await deps.reconciler.deleteStack(name, actor, newSignal()));
}

/**
 * One commit that removes the files of all these stacks, then their removal from the targets. Throws UNKNOWN_STACK, FROZEN before anything was
 * changed. It goes on when whoever asked goes away.
 */
export function deleteStacks(
  deps: ApiDeps,
  request: Omit<DeleteStacksRequest, 'trigger'>,
): Promise<StackDeletion> {
  return deps.reconciler.deleteStacks({ ...request, trigger: 'api' });
}

/** A commit that puts the stack's files back to what a deployment had. */
export async function rollbackStack(
  deps: ApiDeps,
  name: string,
  to: RollbackTarget,
  actor: Actor,
): Promise<StackRollback> {
  return withView(deps, name, await deps.reconciler.rollback(name, to, actor, newSignal()));
}

/** The result of a write, with the stack as it is known by then. */
export async function withView<T extends WriteResult>(
  deps: ApiDeps,
  name: string,
  result: T,
): Promise<T & Pick<StackWrite, 'stack'>> {
  await readAgain(deps);
  const isKnown = deps.reconciler.stackNames().includes(name);
  return { ...result, stack: isKnown ? deps.reconciler.getStack(name) : null };
}
