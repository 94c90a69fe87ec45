import type { Command } from 'commander';
import type { HistoryEntry } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import { firstLine, showRows, showTime } from '../terminal/rows.ts';
import { formatPlainRows } from '../terminal/table.ts';
import type { Style } from '../terminal/terminal.ts';
import { applyStack } from './apply.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { parseCount } from '../options.ts';

export function addHistory(program: Command, hooks: ProgramHooks): void {
  program
    .command('history')
    .description('list the deployments of a stack, from its tags in Git and the jobs that failed')
    .argument('<stack>')
    .option('--all', 'on a terminal, too, each retry and each repair of drift on a line of its own')
    .action(
      on(hooks, (invocation, options: { all?: true }, stack: string) =>
        runHistory(invocation, stack, options.all === true),
      ),
    );
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
async function runHistory(invocation: Invocation, stack: string, all: boolean): Promise<number> {
  await using session = await invocation.openSession('read', 'history');
  const deployments = await session.history(stack, invocation.interrupt.signal);
  const newestFirst = deployments.toReversed();
  present(invocation, { stack, deployments: newestFirst }, () => {
    const { terminal } = invocation;
    if (!terminal.isTerminal) return formatPlainRows(newestFirst.map(toPlainRow));
    if (newestFirst.length === 0) return `${stack} was never deployed`;
    const folded = all ? newestFirst.map((entry) => [entry]) : foldHistory(newestFirst);
    return showRows(
      invocation,
      ['NO', 'WHEN', 'RESULT', 'TOOK', 'TRIGGER', 'AUTHOR', 'COMMIT'],
      folded.map((entries) => toRow(invocation, entries)),
    );
  });
  return EXIT.ok;
}

function toPlainRow(entry: HistoryEntry): readonly string[] {
  const { number, tag, revision, time, author, result, summary, message, trigger, subject } = entry;
  return [
    number === null ? '-' : String(number),
    tag ?? '-',
    revision?.slice(0, 10) ?? '-',
    time,
    author ?? '-',
    result,
    formatTook(entry),
    message === null ? summary : firstLine(message),
    trigger ?? '-',
    subject ?? '-',
  ];
}

/** One line for what belongs together: the newest of them stands for all. */
function toRow(invocation: Invocation, entries: readonly HistoryEntry[]): readonly string[] {
  const { style } = invocation;
  const [newest, oldest] = [entries[0], entries.at(-1)];
  if (newest === undefined || oldest === undefined) return [];
  const { number, time, author, result, message, trigger, subject, revision } = newest;
  const isRepair = trigger === 'drift' && result === 'deployed';
  const times = entries.length === 1 ? '' : ` ×${entries.length}`;
  const commit = `${style.accent(revision?.slice(0, SHORT_COMMIT) ?? '-')} ${subject ?? ''}`.trimEnd();
  return [
    number === null ? '-' : entries.length === 1 ? String(number) : `${oldest.number}-${number}`,
    showTime(invocation, time),
    `${paintResult(result, isRepair ? 'repaired' : result, style)}${times}`,
    formatTook(newest),
    trigger ?? '-',
    author ?? '-',
    message === null ? commit : `${commit}: ${style.bad(firstLine(message))}`,
  ];
}

/** Characters of a commit beside its subject, as `git log --oneline` has them. */
const SHORT_COMMIT = 7;

function formatTook({ durationMs }: HistoryEntry): string {
  return durationMs === null ? '-' : `${(durationMs / 1_000).toFixed(1)} s`;
}

/** Puts together what came of one commit in a row: attempts that failed in the same way, and repairs of drift. */
export function foldHistory(entries: readonly HistoryEntry[]): readonly (readonly HistoryEntry[])[] {
  const folded: HistoryEntry[][] = [];
  for (const entry of entries) {
    const group = folded.at(-1);
    const last = group?.at(-1);
    if (group !== undefined && last !== undefined && belongTogether(last, entry)) group.push(entry);
    else folded.push([entry]);
  }
  return folded;
}

function belongTogether(one: HistoryEntry, other: HistoryEntry): boolean {
  if (one.result !== other.result || one.revision !== other.revision) return false;
  if (one.result === 'failed' || one.result === 'held') return true;
  return one.result === 'deployed' && one.trigger === 'drift' && other.trigger === 'drift';
}

function paintResult(result: HistoryEntry['result'], text: string, style: Style): string {
  switch (result) {
    case 'deployed':
      return style.good(text);
    case 'removed':
    case 'held':
    case 'cancelled':
      return style.warn(text);
    case 'failed':
      return style.bad(text);
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
  const done = `${invocation.style.good('✓')} ${nameFiles(files)} as at deployment ${to} of ${stack}: commit ${commit.slice(0, 10)}`;
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
