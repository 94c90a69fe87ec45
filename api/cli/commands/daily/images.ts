import type { Command } from 'commander';
import type { JobDetail } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, requireNewest } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import type { Session } from '../../session/session.ts';
import type { Failure } from '../../terminal/failure.ts';
import { EXIT, formatFailure, toFailure } from '../../terminal/failure.ts';
import { createLineProgress, createLiveProgress } from '../../terminal/progress.ts';
import { carryOut } from '../apply.ts';
import { planStacks } from '../plan.ts';

interface UpdateFlags {
  readonly yes?: true;
  readonly overrideFreeze?: true;
}

/** `pull` and `update`. */
export function addImages(program: Command, hooks: ProgramHooks): void {
  program
    .command('pull')
    .description('fetch the images of stacks ahead, newer ones as well; nothing that runs is touched')
    .argument('<stack...>')
    .action(on(hooks, (invocation, _flags, stacks: string[]) => runPull(invocation, stacks)));
  program
    .command('update')
    .description('plan, and after a yes apply, what moving tags stand for at their registries by now')
    .argument('<stack...>')
    .option('--yes', 'do not ask')
    .option('--override-freeze', 'also while a freeze window is open; through a daemon for admins only')
    .action(
      on(hooks, (invocation, flags: UpdateFlags, stacks: string[]) => runUpdate(invocation, stacks, flags)),
    );
}

/** Plans with registries asked for every tag; a digest in a description is never moved. */
async function runUpdate(
  invocation: Invocation,
  stacks: readonly string[],
  { yes = false, overrideFreeze = false }: { readonly yes?: boolean; readonly overrideFreeze?: boolean },
): Promise<number> {
  await using session = await invocation.openSession('apply', 'update');
  await requireNewest(session, invocation);
  const requests = [...new Set(stacks)].map((stack) => ({ stack, newest: true }));
  const planning = await planStacks(session, requests, invocation.interrupt.signal);
  const consent = { yes, overrideFreeze, volumes: false, always: true };
  return await carryOut(session, planning, consent, invocation);
}

interface Outcome {
  readonly stack: string;
  readonly detail: JobDetail | null;
  readonly failure: Failure | null;
}

async function runPull(invocation: Invocation, stacks: readonly string[]): Promise<number> {
  await using session = await invocation.openSession('read', 'pull');
  const outcomes: Outcome[] = [];
  for (const stack of new Set(stacks)) {
    if (invocation.interrupt.stopped) break;
    outcomes.push(await pullOne(invocation, session, stack));
  }
  const failed = outcomes.some(({ detail }) => detail?.job.status !== 'completed');
  const document = {
    ok: !failed,
    jobs: outcomes.flatMap(({ detail }) => detail ?? []),
    failures: outcomes.flatMap(({ stack, failure }) => (failure === null ? [] : [{ stack, ...failure }])),
  };
  present(invocation, document, () => outcomes.map((one) => formatOutcome(invocation, one)).join('\n'));
  if (invocation.interrupt.stopped) return EXIT.interrupted;
  return failed ? EXIT.failed : EXIT.ok;
}

async function pullOne(
  { terminal, style, interrupt, options, now }: Invocation,
  session: Session,
  stack: string,
): Promise<Outcome> {
  using progress =
    options.json !== true && terminal.isTerminal
      ? createLiveProgress(terminal, style, now)
      : createLineProgress((line) => terminal.err(line), style);
  try {
    const job = await session.pull(stack, interrupt.signal);
    const follow = session.followJob(job.id, (step) => progress.step(stack, step), interrupt.signal);
    return { stack, detail: await follow, failure: null };
  } catch (error) {
    return { stack, detail: null, failure: toFailure(error) };
  }
}

function formatOutcome({ style }: Invocation, { stack, detail, failure }: Outcome): string {
  if (failure !== null)
    return formatFailure({ ...failure, message: `${stack}: ${failure.message}` }, style.bad);
  const name = style.bold(stack);
  const error = detail?.job.error ?? null;
  if (detail?.job.status === 'completed') return `${style.good('✓')} ${name} images are here`;
  const reason = error === null ? (detail?.job.status ?? 'no job') : `${error.message} [${error.code}]`;
  return `${style.bad('✗')} ${name} not all images are here: ${reason}`;
}
