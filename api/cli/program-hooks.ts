import { Command } from 'commander';
import type { Invocation } from './invocation.ts';
import type { GlobalOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Options of `serve` as written; `serve.ts` gives them a meaning. */
export interface ServeFlags {
  readonly listen: string;
  readonly poll: string;
  readonly auth: boolean;
  readonly logLevel: string;
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

/** What the program does with a parsed command line. */
export interface ProgramHooks {
  readonly terminal: Terminal;
  readonly version: string;
  readonly run: (
    options: GlobalOptions,
    command: (invocation: Invocation) => Promise<number>,
  ) => Promise<void>;
  readonly serve: (options: GlobalOptions, flags: ServeFlags) => Promise<void>;
  readonly exit: (code: number) => void;
}

/** Adapts a command to commander, which passes arguments first, then options, then the command itself. */
export function on<O, A extends unknown[]>(
  hooks: ProgramHooks,
  command: (invocation: Invocation, options: O, ...args: A) => Promise<number>,
): (...args: unknown[]) => Promise<void> {
  return async (...raw) => {
    const self = raw.at(-1);
    if (!(self instanceof Command)) throw new Error('internal: commander passed no command');
    const args = raw.slice(0, -2) as A;
    await hooks.run(self.optsWithGlobals<GlobalOptions>(), (invocation) =>
      command(invocation, self.opts() as O, ...args),
    );
  };
}
