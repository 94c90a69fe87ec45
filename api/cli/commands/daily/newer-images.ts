import type { Command } from 'commander';
import type { ImageUpdateList, ImageUpdateView } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { EXIT } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable, truncate } from '../../terminal/table.ts';

interface ImagesFlags {
  readonly all?: boolean;
}

/** `images`. */
export function addNewerImages(program: Command, hooks: ProgramHooks): void {
  program
    .command('images')
    .description('show which newer images the next look writes into descriptions; writes nothing')
    .argument('[stack...]')
    .option('--all', 'also those that are the newest already')
    .action(
      on(hooks, (invocation, flags: ImagesFlags, stacks: string[]) => runImages(invocation, stacks, flags)),
    );
}

/** Asks registries. 0 also where one of them does not answer: that is told, and the others count. */
async function runImages(
  invocation: Invocation,
  stacks: readonly string[],
  { all = false }: ImagesFlags,
): Promise<number> {
  await using session = await invocation.openSession('read', 'images');
  const wanted = stacks.length === 0 ? undefined : [...new Set(stacks)];
  const list = await session.listImageUpdates(wanted, invocation.interrupt.signal);
  present(invocation, list, () => formatList(invocation, list, all));
  if (invocation.options.json === true) return EXIT.ok;
  if (invocation.terminal.isTerminal)
    for (const { stack, service, reason } of list.services)
      if (reason !== null) remark(invocation, `${stack}/${service}: ${reason}`);
  for (const line of remarksOn(list)) remark(invocation, line);
  return EXIT.ok;
}

function formatList({ terminal, style }: Invocation, { services }: ImageUpdateList, all: boolean): string {
  const shown = all ? services : services.filter(({ next, reason }) => next !== null || reason !== null);
  if (shown.length === 0)
    return services.length === 0 ? 'no service has image_update' : 'all images are the newest that fit';
  const cellsOf = (one: ImageUpdateView) => [one.stack, one.service, one.image ?? '-', outcomeOf(one)];
  if (!terminal.isTerminal) return formatPlainRows(shown.map(cellsOf));
  const width = Math.max(20, Math.floor((terminal.columns() - 36) / 2));
  const rows = shown.map((one) => {
    const [stack = '', service = '', image = ''] = cellsOf(one).map((cell) => truncate(cell, width));
    // Reasons are told below, in full.
    if (one.reason !== null) return [style.bold(stack), service, image, style.warn('not looked for')];
    const paint = one.next === null ? style.dim : style.good;
    return [style.bold(stack), service, image, paint(truncate(outcomeOf(one), width))];
  });
  return formatTable(['STACK', 'SERVICE', 'IMAGE', 'NEWER'].map(style.dim), rows);
}

function outcomeOf({ next, reason }: ImageUpdateView): string {
  if (reason !== null) return `not looked for: ${reason}`;
  return next ?? 'is the newest';
}

const PLACES = {
  commit: 'on the branch that is read',
  branch: 'on a branch of their own',
  pull: 'as a pull request',
} as const;

function remarksOn({ services, settings }: ImageUpdateList): readonly string[] {
  const newer = services.filter(({ next }) => next !== null).length;
  if (services.length === 0) return [];
  if (settings === null)
    return [
      'nothing is written by itself: image_updates of kombinator.yaml says when newer images are looked for',
    ];
  const place = PLACES[settings.as];
  return newer === 0
    ? []
    : [`${newer} would be written ${place}, with the next look ("${settings.schedule}")`];
}
