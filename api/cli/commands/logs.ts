import type { Command } from 'commander';
import { EXIT } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { markColours, withoutColours } from '../../text/paint.ts';
import { parseCount, parseDuration } from '../options.ts';

export interface LogsOptions {
  readonly stack: string;
  readonly service: string;
  /** Last lines only. */
  readonly tail?: number;
  /** Time to go back, in milliseconds. */
  readonly sinceMs?: number;
  readonly follow: boolean;
  readonly timestamps: boolean;
}

interface LogFlags {
  readonly tail?: number;
  readonly since?: number;
  readonly follow?: true;
  readonly timestamps?: true;
}

export function addLogs(program: Command, hooks: ProgramHooks): void {
  program
    .command('logs')
    .description('print what a service wrote')
    .argument('<stack>')
    .argument('<service>')
    .option('--tail <count>', 'last lines only', (text) => parseCount(text, '--tail', 0))
    .option('--since <duration>', 'only the last, for example 10m', (text) => parseDuration(text, '--since'))
    .option('--follow', 'go on until Ctrl-C')
    .option('--timestamps', 'begin lines with their time')
    .action(
      on(hooks, (invocation, options: LogFlags, stack: string, service: string) =>
        runLogs(invocation, {
          stack,
          service,
          follow: options.follow === true,
          timestamps: options.timestamps === true,
          ...(options.tail !== undefined && { tail: options.tail }),
          ...(options.since !== undefined && { sinceMs: options.since }),
        }),
      ),
    );
}

/** Prints what the service wrote; its stderr goes to stderr. With `--json` one document per line, since it may never end. */
async function runLogs(invocation: Invocation, options: LogsOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'logs');
  const { terminal, interrupt, options: global } = invocation;
  const { stack, service, tail, sinceMs, follow, timestamps } = options;
  const lines = session.logs(stack, service, {
    follow,
    signal: interrupt.signal,
    ...(tail !== undefined && { tail }),
    ...(sinceMs !== undefined && { since: new Date(invocation.now() - sinceMs) }),
  });
  for await (const line of lines) {
    if (global.json === true) {
      terminal.out(JSON.stringify(line));
      continue;
    }
    const said = invocation.style.color ? markColours(line.text) : withoutColours(line.text);
    const text = timestamps ? `${invocation.style.dim(line.time)} ${said}` : said;
    if (line.stream === 'stderr') terminal.err(text);
    else terminal.out(text);
  }
  return interrupt.stopped ? EXIT.interrupted : EXIT.ok;
}
