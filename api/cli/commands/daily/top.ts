import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ServiceStats, StackStats } from '../../../../reconciler/index.ts';
import { formatSize } from '../../../text/databases.ts';
import { markCodes } from '../../../text/paint.ts';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { EXIT } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable, truncate } from '../../terminal/table.ts';

/** Pause between two looks, in milliseconds; a look takes about two seconds itself. */
const PAUSE_MS = 1_000;
const CLEAR = markCodes('\u001B[H\u001B[2J');
/** Columns that all but the names take. */
const NUMBERS_WIDTH = 54;
/** Columns from which on there is room for services beside their containers. */
const WIDE_COLUMNS = 120;

interface TopFlags {
  readonly follow?: boolean;
}

export function addTop(program: Command, hooks: ProgramHooks): void {
  program
    .command('top')
    .description('show what the services of a stack use: processors, memory, network')
    .argument('<stack>')
    .option('--follow', 'look again and again until Ctrl-C')
    .action(on(hooks, (invocation, flags: TopFlags, stack: string) => runTop(invocation, stack, flags)));
}

/** Looks once, or until Ctrl-C: on a terminal in one place, otherwise one after the other. 1 when a node tells nothing. */
async function runTop(invocation: Invocation, stack: string, { follow = false }: TopFlags): Promise<number> {
  await using session = await invocation.openSession('read', 'top');
  const { terminal, interrupt, options } = invocation;
  if (!follow) {
    const seen = await session.runStats(stack, interrupt.signal);
    present(invocation, seen, () => formatStats(invocation, seen));
    return tellFailures(invocation, seen) ? EXIT.failed : EXIT.ok;
  }
  while (!interrupt.signal.aborted) {
    const seen = await session.runStats(stack, interrupt.signal);
    if (options.json === true) terminal.out(JSON.stringify(seen));
    else terminal.write(`${terminal.isTerminal ? CLEAR : ''}${formatStats(invocation, seen)}\n`);
    tellFailures(invocation, seen);
    await sleep(PAUSE_MS, undefined, { signal: interrupt.signal });
  }
  return EXIT.interrupted;
}

function tellFailures({ terminal, style }: Invocation, { failures }: StackStats): boolean {
  const all = Object.entries(failures);
  for (const [node, message] of all) terminal.err(`${style.bad(`${node}:`)} ${message}`);
  return all.length > 0;
}

function formatStats({ terminal, style }: Invocation, { stats }: StackStats): string {
  if (!terminal.isTerminal) return formatPlainRows(stats.map(plainRow));
  if (stats.length === 0) return 'nothing runs';
  const width = Math.max(12, terminal.columns() - NUMBERS_WIDTH);
  const isWide = terminal.columns() >= WIDE_COLUMNS;
  const rows = stats.map((one) => {
    const { service, name, cpuMillis, memoryBytes, memoryLimitBytes: limit, network } = one;
    const isFull = limit !== null && memoryBytes > limit * 0.9;
    const memory = `${formatSize(memoryBytes)}${limit === null ? '' : ` of ${formatSize(limit)}`}`;
    return [
      ...(isWide ? [style.bold(truncate(service ?? '-', width)), name] : [style.bold(keepEnd(name, width))]),
      `${(cpuMillis / 10).toFixed(1)} %`,
      isFull ? style.bad(memory) : memory,
      network === null ? '-' : `${formatSize(network.receivedBytes)} / ${formatSize(network.sentBytes)}`,
    ];
  });
  const names = isWide ? ['SERVICE', 'RUNS AS'] : ['RUNS AS'];
  return formatTable([...names, 'CPU', 'MEMORY', 'IN / OUT'].map(style.dim), rows);
}

/** Cuts in front: names of containers differ at their ends. */
function keepEnd(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}

function plainRow({ service, node, name, cpuMillis, memoryBytes, ...rest }: ServiceStats): readonly string[] {
  const { memoryLimitBytes, network } = rest;
  return [
    service ?? '',
    node,
    name,
    String(cpuMillis),
    String(memoryBytes),
    String(memoryLimitBytes ?? ''),
    String(network?.receivedBytes ?? ''),
    String(network?.sentBytes ?? ''),
  ];
}
