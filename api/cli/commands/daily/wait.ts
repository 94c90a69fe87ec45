import type { Command } from 'commander';
import type { SyncReport, SyncRequest } from '../../../operations/daily/wait-for-sync.ts';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import { parseDuration } from '../../options.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable } from '../../terminal/table.ts';

/** The code with which `timeout` of coreutils ends. */
const EXIT_TIMED_OUT = 124;
const DEFAULT_TIMEOUT_MS = 300_000;

interface WaitFlags {
  readonly all?: boolean;
  readonly revision?: string;
  readonly timeout?: number;
}

export function addWait(program: Command, hooks: ProgramHooks): void {
  program
    .command('wait')
    .description('wait until stacks are in sync: 0, or 1 when one will not be, 124 when the time is over')
    .argument('[stack...]')
    .option('--all', 'every stack')
    .option('--revision <commit>', 'at this commit or a later one')
    .option('--timeout <duration>', 'give up after (default: 5m)', (text) => parseDuration(text, '--timeout'))
    .action(
      on(hooks, (invocation, flags: WaitFlags, stacks: string[]) =>
        runWait(invocation, toRequest(flags, stacks)),
      ),
    );
}

function toRequest(
  { all = false, revision, timeout = DEFAULT_TIMEOUT_MS }: WaitFlags,
  stacks: readonly string[],
): SyncRequest {
  if (all === stacks.length > 0)
    throw new UsageError('wait: name stacks, or all of them', 'write wait STACK..., or wait --all');
  return { stacks: all ? null : stacks, revision: revision?.toLowerCase() ?? null, timeoutMs: timeout };
}

/** Tells on stderr what it waits for, whenever that changes. */
async function runWait(invocation: Invocation, request: SyncRequest): Promise<number> {
  await using session = await invocation.openSession('read', 'wait');
  const { terminal, style, interrupt } = invocation;
  let last: SyncReport | null = null;
  for await (const report of session.waitForSync(request, interrupt.signal)) {
    if (report.outcome === null) terminal.err(style.dim(describe(report, request)));
    last = report;
  }
  if (last === null || last.outcome === null) return EXIT.interrupted;
  const report = last;
  present(invocation, report, () => formatReport(invocation, report));
  if (report.outcome === 'timed_out') terminal.err(style.bad(`timed out: ${describe(report, request)}`));
  return report.outcome === 'in_sync' ? EXIT.ok : report.outcome === 'failed' ? EXIT.failed : EXIT_TIMED_OUT;
}

function describe({ hasReached, revision, stacks, error }: SyncReport, request: SyncRequest): string {
  if (!hasReached) {
    const at =
      revision === null ? 'nothing was read yet' : `the repository is read at ${revision.slice(0, 10)}`;
    const why = error === null ? at : `it cannot be read now: ${error}`;
    return `waiting for revision ${request.revision?.slice(0, 10) ?? 'of the repository'}; ${why}`;
  }
  const open = stacks.filter(({ state }) => state !== 'in_sync' && state !== 'removed');
  const named = open.slice(0, 5).map(({ name, state }) => `${name} (${state})`);
  return `waiting for ${named.join(', ')}${open.length > 5 ? ` and ${open.length - 5} more` : ''}`;
}

function formatReport({ style, terminal }: Invocation, { stacks }: SyncReport): string {
  const rows = stacks.map(({ name, state, message }) => [
    style.bold(name),
    state === 'in_sync' || state === 'removed' ? style.good(state) : style.bad(state),
    message ?? '',
  ]);
  if (!terminal.isTerminal) return formatPlainRows(rows);
  return formatTable(['STACK', 'STATE', 'MESSAGE'].map(style.dim), rows);
}
