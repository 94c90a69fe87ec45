import type { Command } from 'commander';
import type { HistoryEntry } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import { formatAge, formatPlainRows, formatTable } from '../terminal/table.ts';
import type { Style } from '../terminal/terminal.ts';
import { applyStack } from './apply.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { parseCount } from '../options.ts';

const HEADER = ['NO', 'TAG', 'REVISION', 'WHEN', 'AUTHOR', 'RESULT', 'TOOK', 'SUMMARY'];

export function addHistory(program: Command, hooks: ProgramHooks): void {
  program
    .command('history')
    .description('list the deployments of a stack, from its tags in Git and the jobs that failed')
    .argument('<stack>')
    .action(on(hooks, (invocation, _options, stack: string) => runHistory(invocation, stack)));
}

export function addRollback(program: Command, hooks: ProgramHooks): void {
  program
    .command('rollback')
    .description('commit the files of a stack as they were at an earlier deployment')
    .argument('<stack>')
    .requiredOption('--to <number>', 'number of the deployment, see history', (text) =>
      parseCount(text, '--to'),
    )
    .option('--apply', 'deploy it at once, where no daemon does')
    .option('--yes', 'do not ask')
    .action(
      on(hooks, (invocation, options: { to: number; apply?: true; yes?: true }, stack: string) =>
        runRollback(invocation, {
          stack,
          to: options.to,
          apply: options.apply === true,
          yes: options.yes === true,
        }),
      ),
    );
}

/** Every deployment of a stack, newest first: from its tags in Git, and failed ones from the state directory. */
async function runHistory(invocation: Invocation, stack: string): Promise<number> {
  await using session = await invocation.openSession('read', 'history');
  const deployments = await session.history(stack, invocation.interrupt.signal);
  const newestFirst = deployments.toReversed();
  present(invocation, { stack, deployments: newestFirst }, () => {
    const { style, terminal } = invocation;
    if (newestFirst.length === 0) return terminal.isTerminal ? `${stack} was never deployed` : '';
    const rows = newestFirst.map((entry) => toRow(invocation, entry));
    if (!terminal.isTerminal) return formatPlainRows(rows);
    return formatTable(HEADER.map(style.dim), rows);
  });
  return EXIT.ok;
}

function toRow({ style, terminal, now }: Invocation, entry: HistoryEntry): readonly string[] {
  const { number, tag, revision, time, author, result, durationMs, summary, message } = entry;
  return [
    number === null ? '-' : String(number),
    tag === null ? '-' : style.accent(tag),
    revision?.slice(0, 10) ?? '-',
    terminal.isTerminal ? formatAge(Date.parse(time), now()) : time,
    author ?? '-',
    paintResult(result, style),
    durationMs === null ? '-' : `${(durationMs / 1_000).toFixed(1)} s`,
    message === null ? summary : (message.split('\n', 1)[0] ?? ''),
  ];
}

function paintResult(result: HistoryEntry['result'], style: Style): string {
  switch (result) {
    case 'deployed':
      return style.good(result);
    case 'removed':
      return style.warn(result);
    case 'failed':
    case 'held':
      return style.warn(result);
    case 'cancelled':
      return style.bad(result);
    default:
      return result satisfies never;
  }
}

export interface RollbackOptions {
  readonly stack: string;
  readonly to: number;
  readonly yes: boolean;
  /** Deploys it in this process, for repositories without a daemon. */
  readonly apply: boolean;
}

/** Commits the stack's files as they were at that deployment; applying is the daemon's job, or asked for with `--apply`. */
async function runRollback(invocation: Invocation, options: RollbackOptions): Promise<number> {
  const { stack, to, yes, apply } = options;
  const canAsk = invocation.terminal.canAsk && invocation.options.json !== true;
  if (!yes && !canAsk) {
    throw new UsageError(`rolling back ${stack} needs a yes`, 'repeat with --yes', 'CONFIRMATION_REQUIRED');
  }
  const applies = apply && invocation.options.server === undefined;
  await using session = await invocation.openSession(applies ? 'apply' : 'read', 'rollback');
  if (!yes && !(await askYes(invocation, `Commit the files of ${stack} as they were at deployment ${to}?`))) {
    remark(invocation, 'nothing was changed');
    return EXIT.failed;
  }
  const { commit, file, files } = await session.rollback(stack, to, invocation.interrupt.signal);
  const done = `${invocation.style.good('✓')} ${nameFiles(files)} as at deploy/${stack}/${to}: commit ${commit.slice(0, 10)}`;
  if (applies) {
    remark(invocation, done);
    return await applyStack(session, stack, invocation);
  }
  present(invocation, { stack, to, commit, file, files }, () => done);
  if (invocation.options.server === undefined) {
    remark(
      invocation,
      `a running daemon applies it now; without one: kombinator apply --stack ${stack}, or next time rollback --apply`,
    );
  }
  return EXIT.ok;
}

/** More changed files than these are counted. */
const MAX_FILES_NAMED = 5;

/** `a.yaml, b.conf and 2 more are` */
function nameFiles(files: readonly string[]): string {
  const more = files.length - MAX_FILES_NAMED;
  const named = files.slice(0, MAX_FILES_NAMED).join(', ');
  return `${named}${more > 0 ? ` and ${more} more` : ''} ${files.length === 1 ? 'is' : 'are'}`;
}
