import type { Command } from 'commander';
import type { Plan } from '../../../reconciler/index.ts';
import { formatMarkdown, formatPlan, formatTotal, hasErrors } from '../../../reconciler/index.ts';
import type { Failure } from '../terminal/failure.ts';
import { EXIT, formatFailure, toFailure } from '../terminal/failure.ts';
import { markCodes } from '../../text/paint.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark, selectForPlan } from '../invocation.ts';
import { savePlanFile, saveText } from '../plan-file.ts';
import { foldText } from '../terminal/rows.ts';
import type { PlannedStack, Session, StackPlanRequest } from '../session/session.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { collect, on } from '../program-hooks.ts';

export interface PlanOptions {
  readonly stacks: readonly string[];
  /** Files to save the plan to; those that end in `.md` are for people. */
  readonly out: readonly string[];
  /** 2 instead of 0 when there is something to do. */
  readonly detailedExitcode: boolean;
  /** Show unchanged resources too. */
  readonly verbose: boolean;
}

/** Outcome of planning several stacks: one that fails does not hide the others. */
export interface Planning {
  readonly planned: readonly PlannedStack[];
  readonly failures: readonly (Failure & { readonly stack: string })[];
}

export function addPlan(program: Command, hooks: ProgramHooks): void {
  program
    .command('plan')
    .description('show what apply would change, and why; changes nothing')
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .option(
      '--out <file>',
      'save the plan, to apply exactly this later; FILE.md: as Markdown, for pull requests (may be repeated)',
      collect,
      [],
    )
    .option('--detailed-exitcode', 'exit with 2 when there is something to do')
    .option('--verbose', 'show unchanged resources too')
    .action(
      on(
        hooks,
        (invocation, options: { stack: string[]; out: string[]; detailedExitcode?: true; verbose?: true }) =>
          runPlan(invocation, {
            stacks: options.stack,
            out: options.out,
            detailedExitcode: options.detailedExitcode === true,
            verbose: options.verbose === true,
          }),
      ),
    );
}

async function runPlan(invocation: Invocation, options: PlanOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'plan');
  const names = await selectForPlan(session, options.stacks, invocation);
  if (names.length === 0) remark(invocation, 'no stack is described, so there is nothing to plan');
  const planning = await planStacks(
    session,
    names.map((stack) => ({ stack })),
    invocation.interrupt.signal,
  );
  const plans = planning.planned.map(({ plan }) => plan);
  const document = {
    changes: plans.some(isChanging),
    plans: planning.planned.map(({ plan, planId }) => ({ planId, ...plan })),
    failures: planning.failures,
  };
  present(invocation, document, () => formatPlans(invocation, plans, options.verbose));
  showFailures(invocation, planning);
  for (const file of options.out) await save(session, file, planning, invocation);
  return planExitCode(planning, options.detailedExitcode);
}

/** 1 when any stack cannot be planned or its plan cannot be applied; 2 for changes when asked for; else 0. */
export function planExitCode(planning: Planning, detailed: boolean): number {
  const broken =
    planning.failures.length > 0 || planning.planned.some(({ plan }) => hasErrors(plan.diagnostics));
  if (broken) return EXIT.failed;
  return detailed && planning.planned.some(({ plan }) => isChanging(plan)) ? EXIT.changes : EXIT.ok;
}

/** Applying it would touch something. */
export function isChanging({ summary }: Plan): boolean {
  return summary.create + summary.update + summary.replace + summary.delete > 0;
}

/** Plans one after another, so that texts come in the order asked for. */
export async function planStacks(
  session: Session,
  requests: readonly StackPlanRequest[],
  signal: AbortSignal,
): Promise<Planning> {
  const planned: PlannedStack[] = [];
  const failures: (Failure & { stack: string })[] = [];
  for (const request of requests) {
    try {
      planned.push(await session.plan(request, signal));
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ stack: request.stack, ...toFailure(error) });
    }
  }
  return { planned, failures };
}

/** Stacks with nothing to do take one line, the others their whole plan. */
export function formatPlans(
  { style, terminal }: Invocation,
  plans: readonly Plan[],
  verbose: boolean,
): string {
  if (plans.length === 0) return '';
  const width = terminal.isTerminal ? { width: terminal.columns() } : {};
  const total = plans.length === 1 ? [] : [style.bold(formatTotal(plans.map(({ summary }) => summary)))];
  const texts = plans.map((plan) =>
    verbose || isChanging(plan) || plan.diagnostics.length > 0 || plan.changes.some((change) => change.verify)
      ? `${markCodes(formatPlan(plan, { color: style.color, verbose, ...width }))}\n`
      : `${style.good('✓')} ${style.bold(plan.stack)}: nothing to do`,
  );
  return [...texts, ...total].join('\n').trimEnd();
}

export function showFailures({ terminal, style }: Invocation, { failures }: Planning): void {
  for (const { stack, ...failure } of failures) {
    const text = formatFailure({ ...failure, message: `${stack}: ${failure.message}` }, style.bad);
    terminal.err(foldText({ terminal }, text));
  }
}

async function save(
  session: Session,
  file: string,
  { planned, failures }: Planning,
  invocation: Invocation,
): Promise<void> {
  const plans = planned.map(({ plan }) => plan);
  if (/\.(?:md|markdown)$/i.test(file)) {
    await saveText(file, formatMarkdown(plans, failures));
    return remark(invocation, `written to ${file}`);
  }
  const { location, branch, root } = await session.repository(invocation.interrupt.signal);
  await savePlanFile(file, { location, branch, ...(root !== '' && { root }), plans });
  remark(invocation, `saved to ${file}; apply it with: kombinator apply ${file}`);
}
