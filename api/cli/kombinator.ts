import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { openKeys, openSession } from './context.ts';
import { createInterrupt } from './terminal/interrupt.ts';
import { EXIT } from './terminal/failure.ts';
import { runCli } from './main.ts';
import { createProcessTerminal } from './terminal/terminal.ts';

/** Settles when the command has ended; the exit code is set then. The entry waits for it, so that a process that ends earlier ends with an error. */
export const ended: Promise<void> = main();

async function main(): Promise<void> {
  const terminal = createProcessTerminal(process);
  using interrupt = createInterrupt({ process, code: EXIT.interrupted });
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });

  process.exitCode = await runCli(process.argv.slice(2), {
    terminal,
    interrupt,
    version: packageJson.version,
    now: Date.now,
    openSession: (options, purpose, command) => openSession(options, { purpose, command, terminal }),
    openKeys: (options) => openKeys(options, terminal),
    // The HTTP server and what it needs are loaded for the one command that wants them.
    serve: async (options, flags) => {
      const { serve } = await import('./serve.ts');
      return serve({ options, flags, terminal, interrupt });
    },
  });
}
