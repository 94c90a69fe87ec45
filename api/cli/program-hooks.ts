import { Command } from 'commander';
import { findRepository, isRepository } from './find-repository.ts';
import type { Invocation } from './invocation.ts';
import type { GlobalOptions } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Options of `serve` as written; `serve.ts` gives them a meaning. */
export interface ServeFlags {
  readonly listen: string;
  readonly poll: string;
  readonly concurrency?: string;
  readonly auth: boolean;
  /** The page is served. */
  readonly ui: boolean;
  readonly logLevel: string;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly tokenIssuer?: string;
  readonly tokenAudience?: string;
  readonly tokenJwks?: string;
  readonly tokenRolesClaim?: string;
  /** `NAME=ROLE` each. */
  readonly tokenRole?: readonly string[];
}

/** The steps that the program takes with a parsed command line. */
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

export const SERVER_VARIABLE = 'KOMBINATOR_SERVER';

/** The options of a command and those that every command takes; of these, one that is empty is not given. */
export function mergeOptions<T extends object = object>(command: Command): GlobalOptions & T {
  const { repo, ...options } = command.optsWithGlobals<GlobalOptions & T>();
  const given = Object.entries(options).filter(([key, value]) => value !== '' || !MAY_BE_EMPTY.has(key));
  const isHere = repo === '' || repo === '.';
  const place = isHere ? findRepository('.') : repo;
  const isNamed = command.getOptionValueSourceWithGlobals('repo') !== 'default';
  const isFromEnvironment = command.getOptionValueSourceWithGlobals('server') === 'env';
  return {
    ...(Object.fromEntries(given) as GlobalOptions & T),
    // Elsewhere a directory is what its name says; here it is where somebody works.
    repo: place,
    ...(isHere && !isNamed && place === '.' && !isRepository('.') && { withoutRepository: true }),
    ...(isFromEnvironment && options.server !== '' && { serverVariable: SERVER_VARIABLE }),
  };
}

/** An empty variable of the environment is as good as none. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set([
  'branch',
  'path',
  'tokenIssuer',
  'tokenAudience',
  'tokenJwks',
  'tokenRolesClaim',
  'stateDir',
  'source',
  'server',
  'apiKey',
  'apiKeyFile',
  'config',
] satisfies readonly (keyof GlobalOptions | keyof ServeFlags)[]);

/** Adapts a command to commander, which passes arguments first, then options, then the command itself. */
export function on<O, A extends unknown[]>(
  hooks: ProgramHooks,
  command: (invocation: Invocation, options: O, ...args: A) => Promise<number>,
): (...args: unknown[]) => Promise<void> {
  return async (...raw) => {
    const self = raw.at(-1);
    if (!(self instanceof Command)) throw new Error('internal: commander passed no command');
    const args = raw.slice(0, -2) as A;
    await hooks.run(mergeOptions(self), (invocation) => command(invocation, self.opts() as O, ...args));
  };
}

/** Gathers an option that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
