import type { Command } from 'commander';
import type { DriftView } from '../../../reconciler/index.ts';
import { formatValue } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import { showRows } from '../terminal/rows.ts';
import { formatPlainRows } from '../terminal/table.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

export interface DriftOptions {
  readonly stack: string;
  /** Commits what runs as the description. */
  readonly accept: boolean;
  readonly yes: boolean;
}

export function addDrift(program: Command, hooks: ProgramHooks): void {
  program
    .command('drift')
    .description('show how what runs differs from what was deployed')
    .argument('<stack>')
    .option('--accept', 'commit what runs as the description; to repair it instead, apply')
    .option('--yes', 'do not ask')
    .action(
      on(hooks, (invocation, options: { accept?: true; yes?: true }, stack: string) =>
        runDrift(invocation, { stack, accept: options.accept === true, yes: options.yes === true }),
      ),
    );
}

/** Prints how what runs differs from what was deployed, as the targets report it now; with `--accept` that is kept. */
async function runDrift(invocation: Invocation, options: DriftOptions): Promise<number> {
  const { stack, accept, yes } = options;
  await using session = await invocation.openSession('read', 'drift');
  const { signal } = invocation.interrupt;
  const { drift } = await session.observe(stack, signal);
  if (!accept) {
    if (!drift.hasDrift && !invocation.terminal.isTerminal) remark(invocation, `${stack} has not drifted`);
    present(invocation, { stack, drift }, () => formatDrift(invocation, stack, drift));
    return EXIT.ok;
  }
  if (!yes && !(invocation.terminal.canAsk && invocation.options.json !== true))
    throw new UsageError(
      `accepting drift of ${stack} needs a yes`,
      'repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  if (drift.hasDrift && !yes) {
    invocation.terminal.out(formatDrift(invocation, stack, drift));
    if (!(await askYes(invocation, `Commit what runs as the description of ${stack}?`))) {
      remark(invocation, 'nothing was changed');
      return EXIT.failed;
    }
  }
  const { write, unplaced } = await session.acceptDrift(stack, signal);
  const { style } = invocation;
  present(invocation, { stack, commit: write?.commit ?? null, file: write?.file ?? null, unplaced }, () =>
    [
      `${style.good('✓')} ${write?.file} describes what runs: commit ${write?.commit.slice(0, 10)}`,
      ...unplaced.map((item) => `${style.warn('!')} ${item} has no place in the file`),
    ].join('\n'),
  );
  return EXIT.ok;
}

function formatDrift(invocation: Invocation, stack: string, drift: DriftView): string {
  const { style, terminal } = invocation;
  if (!drift.hasDrift) return terminal.isTerminal ? `${stack} has not drifted` : '';
  if (!terminal.isTerminal) return formatPlainRows(drift.changes.map(toPlainRow));
  const rows = drift.changes.map(({ resource, action, field, expected, actual }) => [
    resource,
    style.warn(driftWord(action)),
    field ?? '-',
    field === null ? '-' : formatValue(expected, field),
    typeof actual === 'string' && field === null ? actual : formatValue(actual, field ?? ''),
  ]);
  return showRows(invocation, ['RESOURCE', 'TYPE', 'FIELD', 'EXPECTED', 'ACTUAL'], rows);
}

function toPlainRow({
  resource,
  action,
  field,
  expected,
  actual,
}: DriftView['changes'][number]): readonly string[] {
  return [
    resource,
    driftWord(action),
    field ?? '-',
    field === null ? '-' : JSON.stringify(expected),
    typeof actual === 'string' && field === null ? actual : JSON.stringify(actual),
  ];
}

/** Says of what has drifted how, rather than what would be done about it. */
export function driftWord(action: string): string {
  return action === 'create' ? 'missing' : action === 'delete' ? 'unexpected' : 'modified';
}
