import type { Diagnostic } from '../../base/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { createBreather } from '../../base/mutex.ts';
import { stackDigest } from '../../model/stack.ts';
import type { Plan } from '../../plan/plan.ts';
import type { PlanFailure } from '../../plan/text/markdown.ts';
import type { PreviewedState } from '../../ports/desired.ts';
import type { FileWrite, MergeResult } from '../../ports/source.ts';
import type { RunContext } from '../context.ts';
import { planApart } from '../files/plan-overlay.ts';
import { withContents } from '../observe/plan-contents.ts';
import { planStack } from '../observe/plan-stack.ts';
import { tooManyRemovals } from '../observe/orphans.ts';

/** A proposed commit, and the commit of the branch that it would be merged into. */
export interface PullCommits {
  /** The revision in force. */
  readonly base: string;
  readonly head: string;
  /** Ref of the remote that has the head. */
  readonly ref: string;
}

/** Outcome of planning the merge of a pull request. */
export interface PlannedPull {
  /** Paths in conflict, sorted; nothing else is known then. */
  readonly conflicts: readonly string[];
  /** Stacks that the merge changes or removes, sorted; planned or not. */
  readonly stacks: readonly string[];
  /** Plans of those that have something to change, by stack. */
  readonly plans: readonly Plan[];
  /** Stacks that could not be planned, by stack. */
  readonly failures: readonly PlanFailure[];
  /** Errors that the repository would have and does not have now. */
  readonly errors: readonly Diagnostic[];
  /** Reasons why the whole is not told by the plans, each a sentence without a full stop. */
  readonly gaps: readonly string[];
}

/** Larger files describe nothing, and what a plan would say of them is not known. */
const MAX_FILE_BYTES = 16 * 1024 ** 2;
/** A change of settings may concern every stack. */
const MAX_PLANS = 500;

const NOTHING: PlannedPull = { conflicts: [], stacks: [], plans: [], failures: [], errors: [], gaps: [] };

/**
 * Plans the merge of a proposed commit against what runs. Whoever proposes is not trusted: no command of the operator runs, and no secret is read that is not
 * in force. Nothing is remembered of it.
 */
export async function planPull(
  context: RunContext,
  commits: PullCommits,
  signal: AbortSignal,
): Promise<PlannedPull> {
  const { source, desired } = context;
  const merge = await source.tryMerge(commits, signal);
  const { conflicts } = merge;
  if (conflicts.length > 0) return { ...NOTHING, conflicts };
  const { writes, gaps } = await readWrites(context, merge, signal);
  if (desired.revision?.commit !== commits.base) throw movedOn();
  if (writes.length === 0) return { ...NOTHING, gaps };
  let state: PreviewedState;
  try {
    state = await desired.preview(writes, signal, { isUntrusted: true });
  } catch (error) {
    if (!isReconcilerError(error, 'EMPTY_REPOSITORY')) throw error;
    const gap = 'nothing would be described any more; such a revision changes nothing, and what runs stays';
    return { ...NOTHING, gaps: [...gaps, gap] };
  }
  return planState(context, { state, head: commits.head, gaps }, signal);
}

function movedOn(): ReconcilerError {
  return new ReconcilerError('PLAN_STALE', 'the branch has moved on', { retryable: true });
}

/** Reads what the merge would write. */
async function readWrites(
  { source }: RunContext,
  { changes, contents: made = new Map() }: Pick<MergeResult, 'changes' | 'contents'>,
  signal: AbortSignal,
): Promise<{ readonly writes: readonly FileWrite[]; readonly gaps: readonly string[] }> {
  const files = changes.flatMap(({ path, after }) =>
    after !== null && after.type !== 'submodule' ? [{ path, ...after, type: after.type }] : [],
  );
  const contents = new Map([...made].filter((one): one is [string, Uint8Array] => one[1] !== null));
  const blobs = [...new Set(files.map(({ blob }) => blob))].filter((blob) => !made.has(blob));
  for await (const { blob, content } of source.readBlobs(blobs, MAX_FILE_BYTES, signal))
    if (content !== null) contents.set(blob, content);
  const gone = changes.flatMap(({ path, after }) => (after === null ? [{ path, content: null }] : []));
  const written = files.flatMap(({ path, blob, type }) => {
    const content = contents.get(blob);
    return content === undefined ? [] : [{ path, content, type }];
  });
  const gaps = [
    ...files.filter(({ blob }) => !contents.has(blob)).map(({ path }) => `${path} is too large to be read`),
    ...changes
      .filter(({ after }) => after?.type === 'submodule')
      .map(({ path }) => `${path} is a submodule, and what is new in it is not read`),
  ];
  return { writes: [...written, ...gone], gaps };
}

interface Proposed {
  readonly state: PreviewedState;
  readonly head: string;
  readonly gaps: readonly string[];
}

async function planState(
  context: RunContext,
  { state, head, gaps }: Proposed,
  signal: AbortSignal,
): Promise<PlannedPull> {
  const { changed, removed } = state.result;
  const plans: Plan[] = [];
  const failures: PlanFailure[] = [];
  const breathe = createBreather(context.clock);
  const toPlan = [...removed, ...changed.filter((stack) => isOther(context, state, stack))].sort();
  for (const stack of toPlan.slice(0, MAX_PLANS)) {
    await breathe(signal);
    try {
      const plan = removed.includes(stack)
        ? await planRemoval(context, stack, signal)
        : await planApart(context, state, stack, signal);
      plans.push({ ...plan, revision: head });
    } catch (error) {
      signal.throwIfAborted();
      if (!isReconcilerError(error)) throw error;
      failures.push({ stack, code: error.code, message: errorMessage(error) });
    }
  }
  const left = toPlan.length - MAX_PLANS;
  const guard = tooManyRemovals(removed.length, state.names().length, context.maxRemovals);
  return {
    conflicts: [],
    stacks: [...changed, ...removed].sort(),
    plans,
    failures,
    errors: newErrors(context, state),
    gaps: [
      ...gaps,
      ...(left > 0 ? [`${left} more stacks change, and at most ${MAX_PLANS} are planned`] : []),
      ...(guard === null ? [] : [guard]),
    ],
  };
}

/** A stack whose settings move and whose resources do not has nothing to be planned. */
function isOther({ desired }: RunContext, state: PreviewedState, stack: string): boolean {
  const before = desired.get(stack);
  const after = state.get(stack);
  if (before === undefined || after === undefined) return true;
  return (
    after.diagnostics.some(({ severity }) => severity === 'error') ||
    stackDigest(before.resources) !== stackDigest(after.resources)
  );
}

async function planRemoval(context: RunContext, stack: string, signal: AbortSignal): Promise<Plan> {
  const order = { stack, mode: 'destroy', deleteVolumes: false } as const;
  return withContents(context, await planStack(context, order, signal), signal);
}

function newErrors({ desired }: RunContext, state: PreviewedState): readonly Diagnostic[] {
  const keyOf = ({ file, code, message }: Diagnostic) => JSON.stringify([file, code, message]);
  const known = new Set(desired.diagnostics().map(keyOf));
  return state.diagnostics().filter((one) => one.severity === 'error' && !known.has(keyOf(one)));
}
