import type { Command } from 'commander';
import { Option } from 'commander';
import type { GlobalOptions } from '../options.ts';
import type { ProgramHooks, ServeFlags } from '../program-hooks.ts';
import { collect, mergeOptions } from '../program-hooks.ts';

/** The options of `serve`; `api/cli/serve.ts` runs the daemon. */
export function addServe(program: Command, hooks: ProgramHooks): void {
  program
    .command('serve')
    .description('run the daemon: watch the repository, reconcile, answer over REST')
    .addOption(
      new Option('--listen <host:port>', 'where the API listens')
        .env('KOMBINATOR_LISTEN')
        .default('127.0.0.1:5260'),
    )
    .addOption(
      new Option('--poll <duration>', 'how often a remote repository is asked')
        .env('KOMBINATOR_POLL')
        .default('1m'),
    )
    .addOption(
      new Option('--concurrency <number>', 'stacks worked on at the same time')
        .env('KOMBINATOR_CONCURRENCY')
        .default('32'),
    )
    .option('--no-auth', 'answer everybody; on loopback addresses only')
    .option('--no-ui', 'leave out the page at /ui/')
    .addOption(
      new Option('--token-issuer <url>', 'take the tokens of this issuer (OpenID Connect)').env(
        'KOMBINATOR_TOKEN_ISSUER',
      ),
    )
    .addOption(
      new Option('--token-audience <name>', 'audience that tokens must be made for').env(
        'KOMBINATOR_TOKEN_AUDIENCE',
      ),
    )
    .addOption(
      new Option('--token-jwks <url>', 'where its keys are; default: as the issuer says').env(
        'KOMBINATOR_TOKEN_JWKS',
      ),
    )
    .addOption(
      new Option('--token-roles-claim <claim>', 'claim that holds the roles; default: roles').env(
        'KOMBINATOR_TOKEN_ROLES_CLAIM',
      ),
    )
    .option('--token-role <name=role>', 'what a role of a token is here; may be repeated', collect)
    .addOption(
      new Option('--log-level <level>', 'least important level to log')
        .env('KOMBINATOR_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'auto: lines for people on a terminal, JSON otherwise')
        .env('KOMBINATOR_LOG_FORMAT')
        .choices(['auto', 'json', 'pretty'])
        .default('auto'),
    )
    .action(async (_options, command: Command) => {
      const merged = mergeOptions<ServeFlags>(command);
      await hooks.serve(withoutOthers(command, merged), merged);
    });
}

/** Variables that say which daemon, and which source, is asked are for the other commands of this shell: this one is to be a daemon. */
function withoutOthers(command: Command, { server, source, ...options }: GlobalOptions): GlobalOptions {
  const isNamed = command.getOptionValueSourceWithGlobals('source') === 'cli';
  return {
    ...options,
    ...(server !== undefined && options.serverVariable === undefined && { server }),
    ...(source !== undefined && isNamed && { source }),
  };
}
