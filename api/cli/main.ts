import { CommanderError } from 'commander';
import { findAnswering } from './apply/answering.ts';
import { EXIT, formatFailure, toFailure, type Failure } from './terminal/failure.ts';
import type { Interrupt } from './terminal/interrupt.ts';
import { foldText } from './terminal/rows.ts';
import type { Invocation, Purpose } from './invocation.ts';
import type { GlobalOptions } from './options.ts';
import { createProgram } from './program.ts';
import type { ProgramHooks, ServeFlags } from './program-hooks.ts';
import type { KeyStore, Session } from './session/session.ts';
import { pointAtSource } from './sources/source-options.ts';
import { createStyle, wantsColor, type Terminal } from './terminal/terminal.ts';

/** The parts that a command line needs from the outside; `context.ts` has the real ones, tests their own. */
export interface CliDependencies {
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly version: string;
  readonly now: () => number;
  /** Default: by connecting. */
  readonly findAnswering?: Invocation['findAnswering'];
  readonly openSession: (options: GlobalOptions, purpose: Purpose, command: string) => Promise<Session>;
  readonly openKeys: (options: GlobalOptions) => Promise<KeyStore>;
  /** Runs the daemon until it is asked to stop; resolves to the exit code. */
  readonly serve: (options: GlobalOptions, flags: ServeFlags) => Promise<number>;
}

/**
 * Runs one command line (without `node` and the script) to its exit code. Never throws: errors become text on stderr and, with
 * `--json`, the document `{"error": {code, message, hint?}}` on stdout.
 */
export async function runCli(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  const { terminal, interrupt } = dependencies;
  let code: number = EXIT.ok;
  const hooks: ProgramHooks = {
    terminal,
    version: dependencies.version,
    exit: (value) => void (code = value),
    run: async (options, command) => {
      const pointed = await pointAtSource(options, terminal.env);
      code = await command(toInvocation(pointed, dependencies));
    },
    serve: async (options, flags) => void (code = await dependencies.serve(options, flags)),
  };
  try {
    const program = createProgram(hooks, argv[0]);
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    if (interrupt.stopped) {
      terminal.err('interrupted');
      return EXIT.interrupted;
    }
    const failure = error instanceof CommanderError ? usageFailure(error) : toFailure(error);
    reportFailure(failure, argv, terminal);
    return EXIT.failed;
  }
}

function toInvocation(options: GlobalOptions, dependencies: CliDependencies): Invocation {
  const { terminal, interrupt, now } = dependencies;
  const color = options.json !== true && wantsColor(terminal.env, terminal.isTerminal, options.color);
  return {
    terminal,
    style: createStyle(color),
    options,
    interrupt,
    now,
    findAnswering: dependencies.findAnswering ?? findAnswering,
    openSession: (purpose, command) => dependencies.openSession(options, purpose, command),
    openKeys: () => dependencies.openKeys(options),
  };
}

function reportFailure(failure: Failure, argv: readonly string[], terminal: Terminal): void {
  // Not from parsed options: the command line itself may be what is wrong.
  if (argv.includes('--json')) terminal.out(JSON.stringify({ error: failure }, null, 2));
  const color = wantsColor(terminal.env, terminal.isTerminal, !argv.includes('--no-color'));
  terminal.err(foldText({ terminal }, formatFailure(failure, createStyle(color).bad)));
}

function isHelp({ code }: CommanderError): boolean {
  return code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version';
}

/** commander writes `error: unknown option '--jsn'\n(Did you mean --json?)`. */
function usageFailure(error: CommanderError): Failure {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const near = /\(Did you mean (.+)\?\)/.exec(suggestion ?? '')?.[1];
  const hint = near === undefined ? 'kombinator --help lists commands and options' : `did you mean ${near}?`;
  return { code: 'BAD_OPTIONS', message: first, hint };
}
