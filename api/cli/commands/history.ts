import { EXIT, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import { formatAge, formatPlainRows, formatTable } from '../table.ts';

/** Every deployment of a stack, newest first, as its tags in Git tell. */
export async function runHistory(invocation: Invocation, stack: string): Promise<number> {
  await using session = await invocation.openSession('read', 'history');
  const deployments = await session.history(stack, invocation.interrupt.signal);
  const newestFirst = [...deployments].sort((a, b) => b.number - a.number);
  present(invocation, { stack, deployments: newestFirst }, () => {
    const { style, terminal } = invocation;
    if (newestFirst.length === 0) return terminal.isTerminal ? `${stack} was never deployed` : '';
    const rows = newestFirst.map(({ number, tag, revision, time, author, summary }) => [
      String(number),
      style.accent(tag),
      revision.slice(0, 10),
      terminal.isTerminal ? formatAge(Date.parse(time), invocation.now()) : time,
      author ?? '-',
      summary,
    ]);
    if (!terminal.isTerminal) return formatPlainRows(rows);
    return formatTable(['NO', 'TAG', 'REVISION', 'WHEN', 'AUTHOR', 'SUMMARY'].map(style.dim), rows);
  });
  return EXIT.ok;
}

export interface RollbackOptions {
  readonly stack: string;
  readonly to: number;
  readonly yes: boolean;
}

/** Commits the stack's files as they were at that deployment; applying is the daemon's job, or the next `apply`. */
export async function runRollback(invocation: Invocation, options: RollbackOptions): Promise<number> {
  const { stack, to, yes } = options;
  const canAsk = invocation.terminal.canAsk && invocation.options.json !== true;
  if (!yes && !canAsk) {
    throw new UsageError(`rolling back ${stack} needs a yes`, 'repeat with --yes', 'CONFIRMATION_REQUIRED');
  }
  await using session = await invocation.openSession('read', 'rollback');
  if (!yes && !(await askYes(invocation, `Commit the files of ${stack} as they were at deployment ${to}?`))) {
    remark(invocation, 'nothing was changed');
    return EXIT.failed;
  }
  const { commit, file } = await session.rollback(stack, to, invocation.interrupt.signal);
  present(
    invocation,
    { stack, to, commit, file },
    () =>
      `${invocation.style.good('✓')} ${file} is as it was at deploy/${stack}/${to}: commit ${commit.slice(0, 10)}`,
  );
  if (invocation.options.server === undefined) {
    remark(invocation, `a running daemon applies it now; without one: kombinator apply --stack ${stack}`);
  }
  return EXIT.ok;
}
