import type { Command } from 'commander';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { EXIT } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable } from '../../terminal/table.ts';

export function addOpen(program: Command, hooks: ProgramHooks): void {
  program
    .command('open')
    .description('print the addresses of a stack')
    .argument('<stack>')
    .action(on(hooks, (invocation, _flags, stack: string) => runOpen(invocation, stack)));
}

async function runOpen(invocation: Invocation, stack: string): Promise<number> {
  await using session = await invocation.openSession('read', 'open');
  const { terminal, style, interrupt } = invocation;
  const addresses = await session.addresses(stack, interrupt.signal);
  present(invocation, { addresses }, () => {
    const rows = addresses.map(({ service, address, node }) => [
      style.bold(service ?? '-'),
      style.accent(address),
      node,
    ]);
    if (!terminal.isTerminal) return formatPlainRows(rows);
    return rows.length === 0 ? '' : formatTable(['SERVICE', 'ADDRESS', 'NODE'].map(style.dim), rows);
  });
  if (addresses.length === 0)
    remark(invocation, `${stack} has no address: no service of it has a route or a port of its host`);
  return EXIT.ok;
}
