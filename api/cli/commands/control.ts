import type { Command } from 'commander';
import type { ControlRequest, JobDetail } from '../../../reconciler/index.ts';
import type { Failure } from '../terminal/failure.ts';
import { EXIT, formatFailure, toFailure } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import { createLineProgress } from '../terminal/progress.ts';
import type { Session } from '../session/session.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

type Action = ControlRequest['action'];

const PAST = { start: 'started', stop: 'stopped', restart: 'restarted' } as const;

interface Outcome {
  readonly stack: string;
  readonly detail: JobDetail | null;
  readonly failure: Failure | null;
}

/** `start`, `stop` and `restart`. */
export function addControl(program: Command, hooks: ProgramHooks): void {
  for (const action of ['start', 'stop', 'restart'] as const) {
    program
      .command(action)
      .description(`${action} what stacks have on their targets; Git is left alone`)
      .argument('<stack...>')
      .action(on(hooks, (invocation, _options, stacks: string[]) => runControl(invocation, action, stacks)));
  }
}

/** Starts, stops or restarts what stacks have on their targets, one after the other; Git is left alone. */
async function runControl(
  invocation: Invocation,
  action: Action,
  stacks: readonly string[],
): Promise<number> {
  await using session = await invocation.openSession('apply', action);
  const outcomes: Outcome[] = [];
  for (const stack of new Set(stacks)) {
    if (invocation.interrupt.stopped) break;
    outcomes.push(await controlOne(invocation, session, { stack, action }));
  }
  const failed = outcomes.some(({ detail }) => detail?.job.status !== 'completed');
  const document = {
    ok: !failed,
    jobs: outcomes.flatMap(({ detail }) => detail ?? []),
    failures: outcomes.flatMap(({ stack, failure }) => (failure === null ? [] : [{ stack, ...failure }])),
  };
  present(invocation, document, () =>
    outcomes.map((outcome) => formatOutcome(invocation, action, outcome)).join('\n'),
  );
  if (action === 'stop' && !failed && invocation.options.server === undefined)
    remark(invocation, 'a daemon that runs elsewhere starts it again: stop it there with --server');
  if (invocation.interrupt.stopped) return EXIT.interrupted;
  return failed ? EXIT.failed : EXIT.ok;
}

async function controlOne(
  { terminal, style, interrupt, options }: Invocation,
  session: Session,
  { stack, action }: { readonly stack: string; readonly action: Action },
): Promise<Outcome> {
  const toErr = options.json === true || !terminal.isTerminal;
  using progress = createLineProgress((line) => (toErr ? terminal.err(line) : terminal.out(line)), style);
  try {
    const job = await session.control(stack, action, interrupt.signal);
    const follow = session.followJob(job.id, (step) => progress.step(stack, step), interrupt.signal);
    return { stack, detail: await follow, failure: null };
  } catch (error) {
    return { stack, detail: null, failure: toFailure(error) };
  }
}

function formatOutcome({ style }: Invocation, action: Action, { stack, detail, failure }: Outcome): string {
  if (failure !== null)
    return formatFailure({ ...failure, message: `${stack}: ${failure.message}` }, style.bad);
  const name = style.bold(stack);
  if (detail?.job.status === 'completed') return `${style.good('✓')} ${name} ${PAST[action]}`;
  const error = detail?.job.error ?? null;
  const reason = error === null ? (detail?.job.status ?? 'no job') : `${error.message} [${error.code}]`;
  return `${style.bad('✗')} ${name} not ${PAST[action]}: ${reason}`;
}
