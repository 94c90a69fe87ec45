import type { Command } from 'commander';
import { shortenHashes } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import type { ResourceFilter, ResourceView } from '../../session/inventory-session.ts';
import { EXIT } from '../../terminal/failure.ts';
import { showRows, showTime } from '../../terminal/rows.ts';
import type { Style } from '../../terminal/terminal.ts';

export function addResources(program: Command, hooks: ProgramHooks): void {
  program
    .command('resources')
    .description('list what stacks have on nodes and clusters, with pods and jobs')
    .option('--node <name>', 'only on this node or cluster')
    .option('--stack <name>', 'only of this stack')
    .option('--kind <kind>', 'only of this kind, such as Pod or container')
    .action(on(hooks, (invocation, options: ResourceFilter) => runResources(invocation, options)));
}

/** Prints what is there, as the targets tell it now. */
async function runResources(invocation: Invocation, { node, stack, kind }: ResourceFilter): Promise<number> {
  await using session = await invocation.openSession('read', 'resources');
  const given = Object.entries({ node, stack, kind }).filter(([, value]) => value !== undefined);
  const { signal } = invocation.interrupt;
  const { resources, silent } = await session.listResources(Object.fromEntries(given), signal);
  const away = silent.filter((one) => node === undefined || one.node === node);
  present(invocation, { resources, silent: away }, () => formatResources(invocation, resources));
  for (const { node: name, message } of away)
    remark(invocation, `${name} tells nothing at the moment: ${message}`);
  return EXIT.ok;
}

function formatResources(invocation: Invocation, resources: readonly ResourceView[]): string {
  const { style, terminal } = invocation;
  if (resources.length === 0) return terminal.isTerminal ? 'nothing is there' : '';
  const rows = resources.map((one) => [
    one.node,
    one.stack ?? '-',
    one.kind,
    shownName(one, terminal.isTerminal),
    paint(one.status, style),
    showTime(invocation, one.createdAt),
    one.message ?? '',
  ]);
  return showRows(invocation, ['NODE', 'STACK', 'KIND', 'NAME', 'STATUS', 'MADE', ''], rows);
}

/** A built image has a digest for a tag, which nobody reads. */
function shownName({ namespace, name }: ResourceView, isTerminal: boolean): string {
  const whole = namespace === null ? name : `${namespace}/${name}`;
  return isTerminal ? shortenHashes(whole) : whole;
}

function paint(status: string, style: Style): string {
  if (status === 'running' || status === 'completed') return style.good(status);
  return status === 'failed' ? style.bad(status) : style.warn(status);
}
