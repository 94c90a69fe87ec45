import { compareDiagnostics, hasErrors } from '../../base/diagnostic.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { createBreather } from '../../base/mutex.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { Plan } from '../../plan/plan.ts';
import type { PreviewedState } from '../../ports/desired.ts';
import type { FileWrite } from '../../ports/source.ts';
import type { RunContext } from '../context.ts';
import { createEventHub } from '../loop/event-hub.ts';
import { withContents } from '../observe/plan-contents.ts';
import { planStack } from '../observe/plan-stack.ts';
import { StackTable } from '../stack-table.ts';

/** A stack as files that are not committed describe it. */
export interface Overlay {
  readonly stack: string;
  /** Its document, which findings without a place are about. */
  readonly file: string;
  /** `null` where the files describe nothing at all. */
  readonly state: PreviewedState | null;
  /** Findings in the stack, and errors that others get by it. */
  readonly diagnostics: readonly Diagnostic[];
  /** Other stacks that rest on one of the files, sorted. */
  readonly others: readonly string[];
}

export interface OverlayRequest {
  readonly stack: string;
  readonly file: string;
  readonly writes: readonly FileWrite[];
}

/** Reads the repository with files on top of it; nothing is written, and nothing in force moves. */
export async function readOverlay(
  context: RunContext,
  { stack, file, writes }: OverlayRequest,
  signal: AbortSignal,
): Promise<Overlay> {
  const state = await previewOf(context.desired, writes, signal);
  if (state === null) return { stack, file, state, diagnostics: [describesNothing(stack, file)], others: [] };
  await state.refresh(stack, signal);
  const { changed, removed } = state.result;
  const others = [...changed, ...removed].filter((name) => name !== stack).sort();
  const found = state.get(stack)?.diagnostics ?? [describesNothing(stack, file)];
  const strange: Diagnostic[] = [];
  const breathe = createBreather(context.clock);
  for (const name of others) {
    strange.push(...findStrange(context, { stack, file, state }, name));
    // Other settings concern every stack that there is.
    await breathe(signal);
  }
  return { stack, file, state, diagnostics: [...found, ...strange].sort(compareDiagnostics), others };
}

/** Errors that another stack gets by an overlay. */
function findStrange(
  { desired }: RunContext,
  { stack, file, state }: { readonly stack: string; readonly file: string; readonly state: PreviewedState },
  name: string,
): readonly Diagnostic[] {
  const before = desired.shown(name);
  const after = state.shown(name);
  if (before === undefined) return [describesAnother(stack, name, after?.file ?? file)];
  if (after === undefined) return [describesNothing(name, before.file)];
  const known = new Set(before.diagnostics.map(({ message }) => message));
  return after.diagnostics.filter(({ severity, message }) => severity === 'error' && !known.has(message));
}

async function previewOf(
  desired: RunContext['desired'],
  writes: readonly FileWrite[],
  signal: AbortSignal,
): Promise<PreviewedState | null> {
  try {
    return await desired.preview(writes, signal);
  } catch (error) {
    if (isReconcilerError(error, 'EMPTY_REPOSITORY')) return null;
    throw error;
  }
}

function describesNothing(stack: string, file: string): Diagnostic {
  const message = `nothing would describe the stack ${stack}`;
  const hint = 'the name of a stack does not change; one is deleted as a whole';
  return { severity: 'error', code: 'INVALID_VALUE', message, hint, file };
}

function describesAnother(stack: string, other: string, file: string): Diagnostic {
  const message = `it would describe another stack, ${other}`;
  const hint = `files of ${stack} describe this stack alone; make a new one beside it`;
  return { severity: 'error', code: 'DUPLICATE_STACK', message, hint, file };
}

/**
 * Plans what an overlay describes against what runs. Nothing of it is remembered. A target that does not answer leaves no plan, and a warning
 * beside the other findings.
 */
export async function planOverlay(
  context: RunContext,
  { stack, state, diagnostics }: Overlay,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan | null; readonly diagnostics: readonly Diagnostic[] }> {
  if (state?.get(stack) === undefined || hasErrors(diagnostics)) return { plan: null, diagnostics };
  try {
    return { plan: { ...(await planApart(context, state, stack, signal)), revision: null }, diagnostics };
  } catch (error) {
    signal.throwIfAborted();
    if (!isReconcilerError(error, 'TARGET_UNREACHABLE')) throw error;
    const warning: Diagnostic = {
      severity: 'warning',
      code: 'TARGET_WARNING',
      message: `there is no plan: ${errorMessage(error)}`,
    };
    return { plan: null, diagnostics: [...diagnostics, warning].sort(compareDiagnostics) };
  }
}

/** Plans a stack as another state describes it, against what runs. Nothing of it is remembered. Throws what `planStack` does. */
export async function planApart(
  context: RunContext,
  state: PreviewedState,
  stack: string,
  signal: AbortSignal,
): Promise<Plan> {
  const stacks = new StackTable(
    createEventHub(() => undefined),
    context.clock,
  );
  for (const reference of context.stacks.targetsOf(stack)) stacks.sawOn(stack, reference);
  const apart = { ...context, desired: state, stacks };
  const planned = await planStack(apart, { stack, mode: 'apply', deleteVolumes: false }, signal);
  return withContents(apart, planned, signal);
}
