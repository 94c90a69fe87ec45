import type { Command } from 'commander';
import type { PrunedRemnant, RemnantList, RemnantView } from '../../../../reconciler/index.ts';
import { formatSize } from '../../../text/databases.ts';
import type { Invocation } from '../../invocation.ts';
import { askYes, present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable, truncate } from '../../terminal/table.ts';

interface PruneFlags {
  readonly buildCache?: boolean;
  readonly yes?: boolean;
}

export function addPrune(program: Command, hooks: ProgramHooks): void {
  program
    .command('prune')
    .description('list what nobody uses any more, with sizes, and remove it after a yes; never volumes')
    .option('--build-cache', 'also the build cache of the engines, whoever built')
    .option('--yes', 'do not ask')
    .action(on(hooks, (invocation, flags: PruneFlags) => runPrune(invocation, flags)));
}

/** Removes nothing that it has not listed. 1 after a no, and when something stays that was to go. */
async function runPrune(
  invocation: Invocation,
  { buildCache = false, yes = false }: PruneFlags,
): Promise<number> {
  const { terminal, interrupt, options, style } = invocation;
  const isQuiet = options.json === true;
  await using session = await invocation.openSession('apply', 'prune');
  const list = await session.listRemnants(interrupt.signal);
  const going = list.remnants.filter(({ kind }) => buildCache || kind !== 'build-cache');
  if (!isQuiet) show(invocation, list, going);
  if (going.length === 0) {
    present(invocation, { ok: true, ...list, pruned: [] }, () => 'nothing is left over');
    return EXIT.ok;
  }
  if (!yes && (isQuiet || !terminal.canAsk))
    throw new UsageError(
      'pruning needs a yes',
      'look at the list, then repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  if (!yes && !(await askYes(invocation, `Remove ${countOf(going)}?`))) {
    remark(invocation, 'nothing was changed');
    return interrupt.stopped ? EXIT.interrupted : EXIT.failed;
  }
  const ids = going.map(({ id }) => id);
  const pruned = await session.prune(ids, interrupt.signal);
  const failed = pruned.some(({ message }) => message !== null);
  present(invocation, { ok: !failed, ...list, pruned }, () => formatPruned(invocation, going, pruned));
  for (const { id, message } of pruned)
    if (message !== null) terminal.err(`${style.bad('✗')} ${nameOf(going, id)}: ${message}`);
  return failed ? EXIT.failed : EXIT.ok;
}

function show(invocation: Invocation, { remnants, notes }: RemnantList, going: readonly RemnantView[]): void {
  const { terminal, style } = invocation;
  const width = Math.max(20, terminal.columns() - 46);
  const rows = going.flatMap((one) => {
    const cells = [
      WORDS[one.kind],
      one.node ?? 'several',
      one.sizeBytes === null ? '-' : formatSize(one.sizeBytes),
    ];
    if (!terminal.isTerminal) return [[...cells, shownName(one)]];
    const [first = '', ...others] = shownNames(one).map((name) => truncate(name, width));
    return [[...cells, style.bold(first)], ...others.map((name) => ['', '', '', name])];
  });
  if (rows.length > 0)
    terminal.out(
      terminal.isTerminal
        ? formatTable(['KIND', 'NODE', 'SIZE', 'WHAT'].map(style.dim), rows)
        : formatPlainRows(rows),
    );
  for (const { subject, message } of notes) remark(invocation, `${subject}: ${message}`);
  for (const { kind, node, sizeBytes } of remnants)
    if (kind === 'build-cache' && !going.some((one) => one.kind === kind && one.node === node))
      remark(
        invocation,
        `${node}: ${formatSize(sizeBytes ?? 0)} of build cache, whoever built: --build-cache`,
      );
}

const WORDS: Readonly<Record<RemnantView['kind'], string>> = {
  'fetched-image': 'image',
  'built-image': 'built image',
  'build-cache': 'build cache',
  stack: 'removed stack',
};

function shownName(one: RemnantView): string {
  const [first = '', ...others] = shownNames(one);
  return one.kind === 'stack' ? `${first}: ${others.join(', ')}` : [first, ...others].join(', ');
}

function shownNames({ kind, names, id, stack }: RemnantView): readonly string[] {
  if (kind === 'build-cache') return ['all that no build uses now'];
  if (kind === 'stack') return [stack ?? '', ...names];
  const all = names.length === 0 ? [id.slice(id.indexOf('/') + 1)] : names;
  return all.map((name) => name.replace(/sha256:([0-9a-f]{12})[0-9a-f]+$/, 'sha256:$1'));
}

function nameOf(going: readonly RemnantView[], id: string): string {
  const found = going.find((one) => one.id === id);
  return found === undefined ? id : shownName(found);
}

function countOf(going: readonly RemnantView[]): string {
  const bytes = going.reduce((total, { sizeBytes }) => total + (sizeBytes ?? 0), 0);
  return `${going.length === 1 ? 'this one' : `these ${going.length}`}, ${formatSize(bytes)}`;
}

function formatPruned(
  { style }: Invocation,
  going: readonly RemnantView[],
  pruned: readonly PrunedRemnant[],
): string {
  const gone = pruned.filter(({ message }) => message === null);
  const bytes = gone.reduce((total, { freedBytes }) => total + (freedBytes ?? 0), 0);
  const sign = gone.length === going.length ? style.good('✓') : style.warn('■');
  return `${sign} ${gone.length} of ${going.length} removed, ${formatSize(bytes)} free`;
}
