import { Command, Option } from 'commander';
import { runApply, runDestroy } from './commands/apply.ts';
import { runDrift } from './commands/drift.ts';
import { runControl } from './commands/control.ts';
import { runHistory, runRollback } from './commands/history.ts';
import { addDatabases } from './data-program.ts';
import { addGenerating } from './generating.ts';
import { runJobs } from './commands/jobs.ts';
import { runKeysCreate, runKeysList, runKeysRevoke } from './commands/keys.ts';
import { runLogs } from './commands/logs.ts';
import { runPlan } from './commands/plan.ts';
import { runSchema } from './commands/schema.ts';
import { runStatus } from './commands/status.ts';
import { runValidate } from './commands/validate.ts';
import { mergeOptions, on, SERVER_VARIABLE } from './program-hooks.ts';
import { addTags } from './tag-program.ts';
import type { ProgramHooks, ServeFlags } from './program-hooks.ts';
import { parseCount, parseDuration } from './options.ts';

/** The command line as commander sees it. Throws CommanderError instead of exiting. */
export function createProgram(hooks: ProgramHooks): Command {
  const program = new Command('kombinator')
    .description('Makes what a Git repository describes run on Docker, and keeps it so.')
    .version(hooks.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => hooks.terminal.write(text),
      writeErr: (text) => hooks.terminal.err(text.trimEnd()),
      // main.ts prints errors itself, as text or JSON.
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  for (const option of globalOptions()) program.addOption(option);
  addServe(program, hooks);
  addReading(program, hooks);
  addChanging(program, hooks);
  addControl(program, hooks);
  addRecords(program, hooks);
  addDatabases(program, hooks);
  addTags(program, hooks);
  addKeys(program, hooks);
  return program;
}

const EXAMPLES = `
Examples:
  kombinator validate                            every problem of the repository here, with file and line
  kombinator plan --stack web                    what apply would do to the stack web, and why
  kombinator plan --detailed-exitcode            for CI: 0 nothing to do, 1 error, 2 changes
  kombinator plan --out web.plan.json && kombinator apply web.plan.json
  kombinator apply                               bring every stack in line, after a yes
  kombinator serve --repo /srv/config.git        watch the repository and keep everything in line
  kombinator status --server http://127.0.0.1:5260 --api-key-file .kombinator/admin.key
`;

function globalOptions(): Option[] {
  return [
    new Option('--repo <path|url>', 'config repository: a path or an address')
      .env('KOMBINATOR_REPO')
      .default('.'),
    new Option('--branch <name>', 'branch that says what should run').env('KOMBINATOR_BRANCH'),
    new Option(
      '--state-dir <path>',
      'history, keys and caches (default: .kombinator for serve, else one per repository in ~/.local/state/kombinator)',
    ).env('KOMBINATOR_STATE_DIR'),
    new Option('--server <url>', 'ask a running daemon instead of working in this process').env(
      SERVER_VARIABLE,
    ),
    new Option('--api-key <key>', 'key for --server; better in the environment than on the command line').env(
      'KOMBINATOR_API_KEY',
    ),
    new Option('--api-key-file <path>', 'file that holds the key for --server').env(
      'KOMBINATOR_API_KEY_FILE',
    ),
    new Option(
      '--secret-command <name=program>',
      'program that prints what secret://command/NAME/… names (may be repeated)',
    ).argParser((value: string, previous?: readonly string[]) => collect(value, previous ?? [])),
    new Option('--config <file>', 'what the operator decides and no commit can change: freeze windows').env(
      'KOMBINATOR_CONFIG',
    ),
    new Option('--json', 'one JSON document on stdout, errors too'),
    new Option('--no-color', 'no colours (also: NO_COLOR)'),
  ];
}

function addServe(program: Command, hooks: ProgramHooks): void {
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
    .option('--no-auth', 'answer everybody; on loopback addresses only')
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
      const { server: _, ...own } = merged;
      // Other commands of this shell ask that daemon; this one is to be one.
      await hooks.serve(merged.serverVariable === undefined ? merged : own, merged);
    });
}

function addReading(program: Command, hooks: ProgramHooks): void {
  program
    .command('validate')
    .description('check the repository, or single files as they are on disk')
    .argument('[file...]', 'kombinations, kits and the like to check before they are committed')
    .option('--strict', 'warnings are errors')
    .action(
      on(hooks, (invocation, { strict = false }: { readonly strict?: boolean }, files: string[]) =>
        runValidate(invocation, { files, strict }),
      ),
    );

  program
    .command('plan')
    .description('show what apply would change, and why; changes nothing')
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .option('--out <file>', 'save the plan, to apply exactly this later')
    .option('--detailed-exitcode', 'exit with 2 when there is something to do')
    .option('--verbose', 'show unchanged resources too')
    .action(
      on(
        hooks,
        (invocation, options: { stack: string[]; out?: string; detailedExitcode?: true; verbose?: true }) =>
          runPlan(invocation, {
            stacks: options.stack,
            ...(options.out !== undefined && { out: options.out }),
            detailedExitcode: options.detailedExitcode === true,
            verbose: options.verbose === true,
          }),
      ),
    );

  program
    .command('status')
    .description('show what runs; with --stack also its services')
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .action(
      on(hooks, (invocation, options: { stack: string[] }) =>
        runStatus(invocation, { stacks: options.stack }),
      ),
    );

  addGenerating(program, hooks);

  program
    .command('schema')
    .description('print a JSON Schema of what a repository may hold; without a name, the names')
    .argument('[name]', 'daemon, kombination, node, plan, repository or stackkit')
    .action((name: string | undefined) => hooks.exit(runSchema(hooks.terminal, name)));
}

function addChanging(program: Command, hooks: ProgramHooks): void {
  program
    .command('apply')
    .description('bring stacks in line with the repository, after a yes')
    .argument(
      '[planfile]',
      'a plan saved with plan --out; refused when something moved since, or the file was edited',
    )
    .option('--stack <name>', 'only this stack (may be repeated)', collect, [])
    .option('--yes', 'do not ask; also a yes to what the plan wants confirmed')
    .option('--override-freeze', 'also while a freeze window is open; through a daemon for admins only')
    .action(
      on(hooks, (invocation, options: ApplyFlags & { stack: string[] }, planFile: string | undefined) =>
        runApply(invocation, {
          stacks: options.stack,
          yes: options.yes === true,
          overrideFreeze: options.overrideFreeze === true,
          ...(planFile !== undefined && { planFile }),
        }),
      ),
    );

  program
    .command('destroy')
    .description(
      'take stacks out of the repository, in one commit, and remove everything they have on their targets',
    )
    .requiredOption(
      '--stack <name>',
      'the stack (may be repeated); what depends on others goes first',
      collect,
    )
    .option('--volumes', 'delete their volumes too: their data is gone')
    .option(
      '--keep-description',
      'leave the repository alone: they stay away until their descriptions change or somebody applies them',
    )
    .option('--yes', 'do not ask')
    .option('--override-freeze', 'also while a freeze window is open; through a daemon for admins only')
    .action(
      on(hooks, (invocation, options: DestroyFlags) =>
        runDestroy(invocation, {
          stacks: options.stack,
          volumes: options.volumes === true,
          keepDescription: options.keepDescription === true,
          yes: options.yes === true,
          overrideFreeze: options.overrideFreeze === true,
        }),
      ),
    );

  addRollback(program, hooks);
}

function addRollback(program: Command, hooks: ProgramHooks): void {
  program
    .command('rollback')
    .description('commit the files of a stack as they were at an earlier deployment')
    .argument('<stack>')
    .requiredOption('--to <number>', 'number of the deployment, see history', (text) =>
      parseCount(text, '--to'),
    )
    .option('--apply', 'deploy it at once, where no daemon does')
    .option('--yes', 'do not ask')
    .action(
      on(hooks, (invocation, options: { to: number; apply?: true; yes?: true }, stack: string) =>
        runRollback(invocation, {
          stack,
          to: options.to,
          apply: options.apply === true,
          yes: options.yes === true,
        }),
      ),
    );
}

function addControl(program: Command, hooks: ProgramHooks): void {
  for (const action of ['start', 'stop', 'restart'] as const) {
    program
      .command(action)
      .description(`${action} what stacks have on their targets; Git is left alone`)
      .argument('<stack...>')
      .action(on(hooks, (invocation, _options, stacks: string[]) => runControl(invocation, action, stacks)));
  }
}

function addRecords(program: Command, hooks: ProgramHooks): void {
  program
    .command('history')
    .description('list the deployments of a stack, from its tags in Git and the jobs that failed')
    .argument('<stack>')
    .action(on(hooks, (invocation, _options, stack: string) => runHistory(invocation, stack)));

  program
    .command('drift')
    .description('show how what runs differs from what was deployed')
    .argument('<stack>')
    .option('--accept', 'commit what runs as the description; to repair it instead, apply')
    .option('--yes', 'do not ask')
    .action(
      on(hooks, (invocation, options: { accept?: true; yes?: true }, stack: string) =>
        runDrift(invocation, { stack, accept: options.accept === true, yes: options.yes === true }),
      ),
    );

  program
    .command('jobs')
    .description('list what was done; with an id, its steps and log')
    .argument('[id]')
    .option('--stack <name>', 'only jobs of this stack')
    .option('--limit <count>', 'at most so many', (text) => parseCount(text, '--limit'), 20)
    .action(
      on(hooks, (invocation, options: { stack?: string; limit: number }, id: string | undefined) =>
        runJobs(invocation, { ...options, ...(id !== undefined && { id }) }),
      ),
    );

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

interface ApplyFlags {
  readonly yes?: true;
  readonly overrideFreeze?: true;
}

interface DestroyFlags extends ApplyFlags {
  readonly stack: readonly string[];
  readonly volumes?: true;
  readonly keepDescription?: true;
}

interface LogFlags {
  readonly tail?: number;
  readonly since?: number;
  readonly follow?: true;
  readonly timestamps?: true;
}

function addKeys(program: Command, hooks: ProgramHooks): void {
  const keys = program
    .command('keys')
    .description('API keys of the daemon whose state directory this is (--state-dir, default .kombinator)');
  keys
    .command('list')
    .description('list names, roles and ids; keys themselves are not kept')
    .action(on(hooks, (invocation) => runKeysList(invocation)));
  keys
    .command('create')
    .description('make a key and print it once')
    .argument('<name>')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'deployer', 'admin'])
        .default('viewer'),
    )
    .action(
      on(hooks, (invocation, options: { role: 'viewer' | 'deployer' | 'admin' }, name: string) =>
        runKeysCreate(invocation, name, options.role),
      ),
    );
  keys
    .command('revoke')
    .description('delete a key; it stops working at once')
    .argument('<id>')
    .action(on(hooks, (invocation, _options, id: string) => runKeysRevoke(invocation, id)));
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
