import type { Command } from 'commander';
import type { Plan } from '../../../reconciler/index.ts';
import { errorMessage, hasErrors } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import type { Outcome } from '../apply/outcomes.ts';
import { findAddresses, formatOutcomes } from '../apply/outcomes.ts';
import { askYes, present, remark, requireNewest, selectForPlan } from '../invocation.ts';
import { findLostTags } from '../lost-tags.ts';
import { readPlansFor } from '../plan-file.ts';
import { createLineProgress, createLiveProgress } from '../terminal/progress.ts';
import { applyOne, inTurn } from '../session/apply-plans.ts';
import type { Session, StackPlanRequest, StackRemoval } from '../session/session.ts';
import type { Planning } from './plan.ts';
import { formatPlans, isChanging, planStacks, showFailures } from './plan.ts';
import { foldText } from '../terminal/rows.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { collect, on } from '../program-hooks.ts';

export interface ApplyOptions {
  readonly stacks: readonly string[];
  /** A plan saved with `plan --out`. */
  readonly planFile?: string;
  /** Says yes to everything, the plan's own confirmations included. */
  readonly yes: boolean;
  /** Also while a freeze window is open. */
  readonly overrideFreeze: boolean;
}

export interface DestroyOptions {
  readonly stacks: readonly string[];
  readonly volumes: boolean;
  /** Leaves the repository alone. */
  readonly keepDescription: boolean;
  readonly yes: boolean;
  readonly overrideFreeze: boolean;
}

interface ApplyFlags {
  readonly yes?: true;
  readonly overrideFreeze?: true;
}

interface DestroyFlags extends ApplyFlags {
  readonly stack: readonly string[];
  readonly volumes?: true;
  readonly keepDescription?: true;
}

export function addApply(program: Command, hooks: ProgramHooks): void {
  program
    .command('apply')
    .description('bring stacks in line with the repository, after a yes')
    .argument(
      '[planfile]',
      'a plan saved with plan --out; refused when something moved since, or the file was edited',
    )
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .option('--yes', 'do not ask; also a yes to what the plan wants confirmed')
    .option('--override-freeze', 'also while a freeze window is open; through a daemon for admins only')
    .action(
      on(hooks, (invocation, options: ApplyFlags & { stack: string[] }, planFile: string | undefined) =>
        runApply(invocation, {
          stacks: options.stack,
          yes: options.yes === true,
          overrideFreeze: options.overrideFreeze === true,
          ...(planFile !== undefined && { planFile }),
        }),
      ),
    );
}

export function addDestroy(program: Command, hooks: ProgramHooks): void {
  program
    .command('destroy')
    .description(
      'take stacks out of the repository, in one commit, and remove everything they have on their targets',
    )
    .requiredOption(
      '--stack <name>',
      'the stack (may be repeated); what depends on others goes first',
      collect,
    )
    .option('--volumes', 'delete their volumes too: their data is gone')
    .option(
      '--keep-description',
      'leave the repository alone: they stay away until their descriptions change or somebody applies them',
    )
    .option('--yes', 'do not ask')
    .option('--override-freeze', 'also while a freeze window is open; through a daemon for admins only')
    .action(
      on(hooks, (invocation, options: DestroyFlags) =>
        runDestroy(invocation, {
          stacks: options.stack,
          volumes: options.volumes === true,
          keepDescription: options.keepDescription === true,
          yes: options.yes === true,
          overrideFreeze: options.overrideFreeze === true,
        }),
      ),
    );
}

/** Applies stacks that somebody has said yes to; ends as `apply` does. */
export async function applyStacks(
  session: Session,
  stacks: readonly string[],
  invocation: Invocation,
): Promise<number> {
  const given = { stacks, yes: true, overrideFreeze: false };
  const planning = await planToApply(session, given, invocation);
  return carryOut(session, planning, { ...given, volumes: false, always: false }, invocation);
}

async function runApply(invocation: Invocation, options: ApplyOptions): Promise<number> {
  await using session = await invocation.openSession('apply', 'apply');
  const planning = await planToApply(session, options, invocation);
  // Awaited here: returning the promise alone would close the session under it.
  const { yes, overrideFreeze } = options;
  return await carryOut(
    session,
    planning,
    { yes, overrideFreeze, volumes: false, always: false },
    invocation,
  );
}

async function runDestroy(invocation: Invocation, options: DestroyOptions): Promise<number> {
  if (!options.yes && !canAsk(invocation)) {
    throw new UsageError(
      `destroying ${options.stacks.join(', ')} needs a yes`,
      'repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  }
  await using session = await invocation.openSession('apply', 'destroy');
  return options.keepDescription
    ? await runKeep(invocation, session, options)
    : await runDelete(invocation, session, options);
}

/** Removes what they have on their targets, and leaves the repository alone. */
async function runKeep(
  invocation: Invocation,
  session: Session,
  { stacks, volumes, yes, overrideFreeze }: DestroyOptions,
): Promise<number> {
  const names = [...new Set(stacks)];
  const requests = names.map((stack): StackPlanRequest => ({ stack, mode: 'destroy', volumes }));
  const planning = await planStacks(session, requests, invocation.interrupt.signal);
  const code = await carryOut(session, planning, { yes, overrideFreeze, volumes, always: true }, invocation);
  const known = (await session.repository(new AbortController().signal)).stacks;
  const left = names.filter((name) => known.includes(name));
  if (code === EXIT.ok && left.length > 0) {
    const until =
      invocation.options.server === undefined
        ? 'a daemon that runs elsewhere creates them again until their files are deleted'
        : 'they stay away until their descriptions change or somebody applies them';
    remark(invocation, `the repository still describes ${left.join(', ')}: ${until}`);
  }
  return code;
}

/** Plans one stack and carries it out; the yes was given to what led here. */
export async function applyStack(session: Session, stack: string, invocation: Invocation): Promise<number> {
  const planning = await planStacks(session, [{ stack }], invocation.interrupt.signal);
  const consent = { yes: true, overrideFreeze: false, volumes: false, always: false, insist: true };
  return carryOut(session, planning, consent, invocation);
}

/** Their descriptions go in one commit, so that they do not come back, and what they have on their targets in the order of their use. */
async function runDelete(
  invocation: Invocation,
  session: Session,
  { stacks, volumes, yes, overrideFreeze }: DestroyOptions,
): Promise<number> {
  const { interrupt } = invocation;
  const names = [...new Set(stacks)].sort();
  const requests = names.map((stack): StackPlanRequest => ({ stack, mode: 'destroy', volumes }));
  const planning = await planStacks(session, requests, interrupt.signal);
  const plans = planning.planned.map(({ plan }) => plan);
  if (invocation.options.json !== true) invocation.terminal.out(formatPlans(invocation, plans, false));
  showFailures(invocation, planning);
  if (planning.failures.length > 0) return EXIT.failed;
  if (!(await consentTo(plans, { yes, overrideFreeze, volumes, always: true }, invocation))) {
    remark(invocation, 'nothing was changed');
    return interrupt.stopped ? EXIT.interrupted : EXIT.failed;
  }
  const removal = await session.deleteStacks({ stacks: names, volumes, overrideFreeze }, interrupt.signal);
  const failed = removal.stacks.some(({ error }) => error !== null);
  present(invocation, { ok: !failed, ...removal }, () => formatRemoval(invocation, removal));
  return failed ? EXIT.failed : EXIT.ok;
}

function formatRemoval({ style }: Invocation, { commit, stacks }: StackRemoval): string {
  const described =
    commit === null ? [] : [`${style.good('✓')} no longer described: commit ${commit.slice(0, 10)}`];
  const removed = stacks.map(({ stack, error }) =>
    error === null
      ? `${style.good('✓')} ${style.bold(stack)} destroyed`
      : `${style.bad('✗')} ${style.bold(stack)} failed: ${error.message} [${error.code}]`,
  );
  return [...described, ...removed].join('\n');
}

async function planToApply(
  session: Session,
  options: ApplyOptions,
  invocation: Invocation,
): Promise<Planning> {
  await requireNewest(session, invocation);
  if (options.planFile === undefined) {
    const names = await selectForPlan(session, options.stacks, invocation);
    return planStacks(
      session,
      names.map((stack) => ({ stack })),
      invocation.interrupt.signal,
    );
  }
  if (options.stacks.length > 0) {
    throw new UsageError('give either a plan file or --stack', 'a plan file names its stacks itself');
  }
  const repository = await session.repository(invocation.interrupt.signal);
  const plans = await readPlansFor(repository, options.planFile);
  return { planned: plans.map((plan) => ({ plan, planId: '' })), failures: [] };
}

interface Consent {
  readonly yes: boolean;
  readonly volumes: boolean;
  readonly overrideFreeze: boolean;
  /** Needs a yes even when the plan itself asks for none. */
  readonly always: boolean;
  /** Applies even where nothing is to be done: what runs is then recorded as deployed. */
  readonly insist?: boolean;
}

export async function carryOut(
  session: Session,
  planning: Planning,
  consent: Consent,
  invocation: Invocation,
): Promise<number> {
  const quiet = invocation.options.json === true;
  const plans = planning.planned.map(({ plan }) => plan);
  if (!quiet && plans.length > 0) invocation.terminal.out(formatPlans(invocation, plans, false));
  showFailures(invocation, planning);

  const applicable = plans.filter((plan) => !hasErrors(plan.diagnostics));
  for (const { stack } of plans.filter((plan) => hasErrors(plan.diagnostics)))
    remark(invocation, `${stack} is left as it is: its plan has errors`);
  const work = consent.insist === true ? applicable : applicable.filter(hasWork);
  const confirmed = work.length > 0 && (await consentTo(work, consent, invocation));
  if (work.length > 0 && !confirmed) {
    remark(invocation, 'nothing was changed');
    return invocation.interrupt.stopped ? EXIT.interrupted : EXIT.failed;
  }
  const begun = invocation.now();
  const outcomes = await applyAll(session, work, consent, invocation);
  const took = invocation.now() - begun;
  const failed =
    planning.failures.length > 0 ||
    applicable.length < plans.length ||
    outcomes.some(({ detail, failure }) => failure !== null || detail?.job.status !== 'completed');
  const reached = await findAddresses(session, work, outcomes, invocation);
  const lostTags = await lostTagsOf(session, outcomes, invocation);
  const document = {
    ok: !failed,
    lostTags,
    jobs: outcomes.flatMap(({ detail }) => detail ?? []),
    failures: [
      ...planning.failures,
      ...outcomes.flatMap(({ stack, failure }) => (failure ? { stack, ...failure } : [])),
    ],
    addresses: reached.flatMap(({ stack, addresses }) =>
      addresses.map(({ service, address }) => ({ stack, service, address })),
    ),
  };
  present(invocation, document, () => formatOutcomes(invocation, outcomes, reached, took));
  if (lostTags !== null)
    invocation.terminal.err(foldText(invocation, invocation.style.warn(`! ${lostTags}`)));
  if (invocation.interrupt.stopped) return EXIT.interrupted;
  return failed ? EXIT.failed : EXIT.ok;
}

async function lostTagsOf(
  session: Session,
  outcomes: readonly Outcome[],
  invocation: Invocation,
): Promise<string | null> {
  const jobs = outcomes
    .flatMap(({ detail }) => detail?.job ?? [])
    .filter(({ status }) => status === 'completed');
  if (jobs.length === 0 || invocation.interrupt.stopped) return null;
  const { tagError } = await session.repository(invocation.interrupt.signal);
  return findLostTags(
    invocation,
    jobs.flatMap(({ tag }) => tag ?? []),
    tagError,
  );
}

function hasWork(plan: Plan): boolean {
  return isChanging(plan) || plan.changes.some((change) => change.verify);
}

async function consentTo(plans: readonly Plan[], consent: Consent, invocation: Invocation): Promise<boolean> {
  if (consent.yes) return true;
  if (canAsk(invocation)) {
    const verb = plans.every((plan) => plan.mode === 'destroy') ? 'Destroy' : 'Apply';
    return askYes(invocation, `${verb} ${plans.map((plan) => plan.stack).join(', ')}?`);
  }
  const messages = plans.flatMap((plan) => [
    ...plan.confirmations.map(({ message }) => message),
    ...describeLosses(plan),
  ]);
  if (!consent.always && messages.length === 0) return true;
  throw new UsageError(
    `${plans.map((plan) => plan.stack).join(', ')}: needs a yes${messages.length > 0 ? `: ${messages.join('; ')}` : ''}`,
    'look at the plan, then repeat with --yes',
    'CONFIRMATION_REQUIRED',
  );
}

/** Lists what a plan takes away or makes anew, for which nobody is there to say yes: `replaces local/container/web`. */
function describeLosses({ changes }: Plan): readonly string[] {
  return (['replace', 'delete'] as const).flatMap((action) => {
    const ids = changes.filter((change) => change.action === action).map(({ id }) => id);
    const [first] = ids;
    if (first === undefined) return [];
    return [`${action}s ${first}${ids.length > 1 ? ` and ${ids.length - 1} more` : ''}`];
  });
}

function canAsk({ terminal, options }: Invocation): boolean {
  return terminal.canAsk && options.json !== true;
}

/** Queues every stack, then follows all of them; the reconciler bounds what runs at once. */
async function applyAll(
  session: Session,
  plans: readonly Plan[],
  consent: Consent,
  invocation: Invocation,
): Promise<readonly Outcome[]> {
  const { terminal, style, options, interrupt } = invocation;
  using progress =
    options.json === true
      ? createLineProgress((line) => terminal.err(line), style)
      : terminal.isTerminal
        ? createLiveProgress(terminal, style, invocation.now)
        : createLineProgress((line) => terminal.out(line), style);
  using _handler = interrupt.onStop(() => {
    terminal.err('stopping after the steps that run now … (once more to stop at once)');
    session.stop().then(
      (text) => terminal.err(text),
      (error: unknown) => terminal.err(errorMessage(error)),
    );
  });
  // Awaited here, so that progress and handler stay until the last job has ended.
  const { volumes, overrideFreeze } = consent;
  return await inTurn(plans, (plan) => {
    const { stack, mode } = plan;
    const request = { stack, mode, plan, volumes, confirm: true, ...(overrideFreeze && { overrideFreeze }) };
    return applyOne(session, request, progress, interrupt.signal);
  });
}
