import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type {
  ApplyRequest,
  DeletedStack,
  DeleteStacksRequest,
  StackDeletion,
} from '../../public/reconciler.ts';
import type { Job } from '../../ports/store.ts';
import type { RunContext } from '../context.ts';
import { gateError, whyFrozen } from '../decide/gates.ts';
import type { RepositoryWriter } from './repository-writer.ts';

export interface DeletionParts {
  readonly context: RunContext;
  readonly writer: RepositoryWriter;
  /** Asks the targets of a stack, so that it is known where it runs once nothing describes it any more. */
  readonly refreshStatus: (stack: string) => Promise<void>;
  /** After a commit of our own. */
  readonly written: <T>(write: Promise<T>) => Promise<T>;
  readonly request: (request: ApplyRequest) => Promise<Job>;
  readonly signal: AbortSignal;
}

/**
 * Takes the descriptions of all stacks away in one commit, then removes what they have on their targets: first those that others of them
 * depend on nothing of. Throws UNKNOWN_STACK naming all that are not known, before anything was changed.
 */
export async function runStackDeletion(
  parts: DeletionParts,
  request: DeleteStacksRequest,
): Promise<StackDeletion> {
  const { desired, stacks } = parts.context;
  const names = [...new Set(request.stacks)].sort();
  for (const name of names) await refreshStatusIfPossible(parts, name);
  const unknown = names.filter(
    (name) => desired.get(name) === undefined && stacks.targetsOf(name).length === 0,
  );
  if (unknown.length > 0)
    throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${unknown.join(', no stack ')}`);
  if (request.overrideFreeze !== true) refuseFrozen(parts.context, names);
  const uses = new Map(
    names.map((name) => [name, desired.dependantsOf(name).filter((user) => names.includes(user))]),
  );
  const described = names.filter((name) => desired.get(name) !== undefined);
  const by = { actor: request.actor, signal: parts.signal };
  const commit =
    described.length === 0
      ? null
      : (await parts.written(parts.writer.deleteDescriptions(described, by))).commit;
  const order = dependantsFirst(uses);
  return { commit, order, done: removeAll(parts, request, { order, uses }) };
}

/** Sorts dependants first, by name where nothing else decides; a circle is broken at its first name. */
export function dependantsFirst(uses: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map([...uses].sort(([a], [b]) => (a < b ? -1 : 1)));
  const order: string[] = [];
  while (left.size > 0) {
    const free = [...left].find(([, users]) => users.every((user) => !left.has(user)));
    const next = free?.[0] ?? [...left.keys()][0] ?? '';
    left.delete(next);
    order.push(next);
  }
  return order;
}

interface Order {
  readonly order: readonly string[];
  /** Stacks that depend on it, for each stack. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
}

/** One that could not be removed keeps what it depends on. */
async function removeAll(
  parts: DeletionParts,
  request: DeleteStacksRequest,
  { order, uses }: Order,
): Promise<readonly DeletedStack[]> {
  const outcomes = new Map<string, DeletedStack>();
  for (const stack of order) {
    const user = uses.get(stack)?.find((name) => outcomes.get(name)?.error !== null && outcomes.has(name));
    const outcome =
      user === undefined
        ? await removeOne(parts, request, stack)
        : { stack, job: null, error: { code: 'CANCELLED', message: `${user} is still there` } };
    outcomes.set(stack, outcome);
  }
  return [...outcomes.values()];
}

async function removeOne(
  parts: DeletionParts,
  { actor, trigger, volumes = false, overrideFreeze = false }: DeleteStacksRequest,
  stack: string,
): Promise<DeletedStack> {
  try {
    const removal = { actor, trigger, volumes, overrideFreeze, stack };
    const { id } = await parts.request({ ...removal, mode: 'destroy', confirm: true });
    const { job } = await parts.context.jobs.waitFor(id, parts.signal);
    const isGone = job.status === 'completed' || job.error?.code === 'UNKNOWN_STACK';
    const error = isGone ? null : (job.error ?? { code: 'CANCELLED', message: job.status });
    return { stack, job, error: error && { code: error.code, message: error.message } };
  } catch (error) {
    // The commit may have set off its removal, which was faster.
    if (isReconcilerError(error, 'UNKNOWN_STACK')) return { stack, job: null, error: null };
    const code = isReconcilerError(error) ? error.code : 'TARGET_ERROR';
    return { stack, job: null, error: { code, message: errorMessage(error) } };
  }
}

function refuseFrozen(context: RunContext, names: readonly string[]): void {
  for (const name of names) {
    const gate = whyFrozen(context, name);
    if (gate !== null) throw gateError(gate);
  }
}

/** A target that is away is told when it comes to removing. */
async function refreshStatusIfPossible(parts: DeletionParts, stack: string): Promise<void> {
  try {
    await parts.refreshStatus(stack);
  } catch (error) {
    parts.signal.throwIfAborted();
    if (!isReconcilerError(error)) throw error;
  }
}
