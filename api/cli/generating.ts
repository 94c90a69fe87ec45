import type { Command } from 'commander';
import { runGenerate } from './commands/generate.ts';
import { runImport } from './commands/import.ts';
import type { GlobalOptions } from './options.ts';
import type { ProgramHooks } from './program-hooks.ts';
import { on } from './program-hooks.ts';

/** Commands from and to the words of other tools. */
export function addGenerating(program: Command, hooks: ProgramHooks): void {
  program
    .command('generate')
    .description('write a stack as files for another tool; secrets become variables')
    .argument('<format>', 'compose, opentofu, traefik or kubernetes')
    .argument('<stack>')
    .option('--out <dir>', 'write files there instead of printing them')
    .option('--force', 'replace files that are there with other content')
    .action(
      on(hooks, (invocation, options: { out?: string; force?: true }, format: string, stack: string) =>
        runGenerate(invocation, { format, stack, force: false, ...options }),
      ),
    );

  program
    .command('import')
    .description('turn a Compose project into a kombination, with a report of what was mapped')
    .argument('<file>', 'a Compose file')
    .option('--out <dir>', 'write the kombination and its files there instead of printing it')
    .option('--force', 'replace files that are there with other content')
    .option('--name <name>', 'name of the stack (default: the project name)')
    .action(
      async (file: string, options: { out?: string; force?: true; name?: string }, command: Command) => {
        const { json } = command.optsWithGlobals<GlobalOptions>();
        hooks.exit(
          await runImport({ terminal: hooks.terminal, json: json === true, file, force: false, ...options }),
        );
      },
    );
}
