import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { remark } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';

/** `policy`: what the operator lets the authors of the repository do. */
export function addPolicy(program: Command, hooks: ProgramHooks): void {
  program
    .command('policy')
    .description("what the operator's configuration (--config) lets the authors of the repository do")
    .command('suggest')
    .description(
      'print the lines of the configuration that allow exactly what the repository asks for and may not',
    )
    .action(on(hooks, (invocation) => runSuggest(invocation)));
}

/** Prints YAML to be put into the operator's configuration, where somebody has read it. */
async function runSuggest(invocation: Invocation): Promise<number> {
  const { options, interrupt, terminal } = invocation;
  if (options.server !== undefined) {
    throw new UsageError(
      'policy suggest reads the repository itself, and the configuration of the daemon is on its own machine',
      'leave out --server, and give --repo and --config as the daemon has them',
    );
  }
  await using session = await invocation.openSession('read', 'policy suggest');
  const { error } = await session.repository(interrupt.signal);
  if (error !== null) throw new UsageError(error.message, undefined, 'REPOSITORY_UNREACHABLE');
  const lines = await session.suggestPolicy(interrupt.signal);
  if (options.json === true) terminal.out(JSON.stringify({ configuration: lines }, null, 2));
  else if (lines !== '') terminal.out(lines.trimEnd());
  remark(
    invocation,
    lines === ''
      ? 'everything that the repository asks for is allowed'
      : `read it line by line: whoever may push gets it. Then put it into ${options.config ?? 'a file for --config'}`,
  );
  return EXIT.ok;
}
