import type { Command } from 'commander';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { createRemoteClient } from '../../remote/client.ts';
import { fieldsOf, textAt, textOrNull } from '../../remote/decode.ts';
import { findDaemon } from '../../session/local-daemon.ts';
import { EXIT } from '../../terminal/failure.ts';

export function addPage(program: Command, hooks: ProgramHooks): void {
  program
    .command('page')
    .description('print an address that opens the web page of a daemon and signs in there, once')
    .action(on(hooks, (invocation) => runPage(invocation)));
}

async function runPage(invocation: Invocation): Promise<number> {
  const { options, terminal, interrupt } = invocation;
  const daemon = await findDaemon(options, terminal.env);
  const client = createRemoteClient(daemon);
  const answer = await client.post('/session/links', { body: {}, signal: interrupt.signal });
  const fields = fieldsOf(answer, 'link');
  const expiresAt = textOrNull(fields, 'expires_at');
  const url = client.root() + textAt(fields, 'path');
  present(invocation, { url, expires_at: expiresAt }, () => url);
  if (expiresAt !== null)
    remark(invocation, 'it signs in once, within ten minutes; whoever has it is who you are to the daemon');
  return EXIT.ok;
}
