import { Command, Option } from 'commander';
import { addAdopt } from './adopt/adopt.ts';
import { addInit } from './adopt/init/init.ts';
import { own } from '../../reconciler/index.ts';
import { addAudit } from './commands/accounts/audit.ts';
import { addApply, addDestroy } from './commands/apply.ts';
import { addBackups } from './commands/backups/backup.ts';
import { addBuild } from './commands/builds/build.ts';
import { addControl } from './commands/control.ts';
import { addImages } from './commands/daily/images.ts';
import { addNewerImages } from './commands/daily/newer-images.ts';
import { addOpen } from './commands/daily/open.ts';
import { addPage } from './commands/daily/page.ts';
import { addPrune } from './commands/daily/prune.ts';
import { addTop } from './commands/daily/top.ts';
import { addWait } from './commands/daily/wait.ts';
import { addDatabases } from './commands/db.ts';
import { addDrift } from './commands/drift.ts';
import { addExec } from './commands/exec.ts';
import { addGenerate } from './commands/generate.ts';
import { addHistory, addRollback } from './commands/history.ts';
import { addHook } from './commands/hosts/hook.ts';
import { addImport } from './commands/import.ts';
import { addInstances } from './commands/instances/instance.ts';
import { addClusters } from './commands/inventory/cluster.ts';
import { addResources } from './commands/inventory/resources.ts';
import { addJobs } from './commands/jobs.ts';
import { addKeys } from './commands/keys.ts';
import { addLogs } from './commands/logs.ts';
import { addNotify } from './commands/notify/notify.ts';
import { addPlan } from './commands/plan.ts';
import { addPolicy } from './commands/policy.ts';
import { addSchema } from './commands/schema.ts';
import { addSecrets } from './commands/secrets/secret.ts';
import { addServe } from './commands/serve.ts';
import { addStatus } from './commands/status.ts';
import { addTags } from './commands/tag.ts';
import { addUsers } from './commands/user.ts';
import { addValidate } from './commands/validate.ts';
import { addWorkflows } from './workflow/workflow.ts';
import { splitPlaces } from './options.ts';
import { collect, SERVER_VARIABLE } from './program-hooks.ts';
import type { ProgramHooks } from './program-hooks.ts';

/** Every command in the order in which help lists them; each stands with its options in a file of its own. */
const COMMANDS: readonly ((program: Command, hooks: ProgramHooks) => void)[] = [
  addServe,
  addPage,
  addValidate,
  addPlan,
  addStatus,
  addWait,
  addGenerate,
  addImport,
  addInit,
  addAdopt,
  addSchema,
  addApply,
  addImages,
  addNewerImages,
  addDestroy,
  addRollback,
  addControl,
  addHistory,
  addDrift,
  addJobs,
  addLogs,
  addTop,
  addOpen,
  addPrune,
  addResources,
  addClusters,
  addInstances,
  addExec,
  addWorkflows,
  addDatabases,
  addBackups,
  addTags,
  addBuild,
  addNotify,
  addHook,
  addSecrets,
  addKeys,
  addUsers,
  addAudit,
  addPolicy,
];

/** Commands that are called again and again: each makes do without the options of all others. */
const FREQUENT: Readonly<Record<string, (program: Command, hooks: ProgramHooks) => void>> = {
  apply: addApply,
  plan: addPlan,
  serve: addServe,
  status: addStatus,
  validate: addValidate,
};

/**
 * The command line as commander sees it. Throws CommanderError instead of exiting.
 *
 * @param first word of the command line
 */
export function createProgram(hooks: ProgramHooks, first?: string): Command {
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
  const add = first === undefined ? undefined : own(FREQUENT, first);
  for (const each of add === undefined ? COMMANDS : [add]) each(program, hooks);
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
  kombinator status --server http://127.0.0.1:5260 --api-key-file admin.key   ask a running daemon
`;

function collectPlaces(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...splitPlaces(value)];
}

function globalOptions(): Option[] {
  return [
    new Option('--repo <path|url>', 'config repository: a path or an address')
      .env('KOMBINATOR_REPO')
      .default('.'),
    new Option('--branch <name>', 'branch that says what should run').env('KOMBINATOR_BRANCH'),
    new Option(
      '--path <directory>',
      'directory of the repository that is read as if it were all of it (default: the whole repository)',
    ).env('KOMBINATOR_PATH'),
    new Option(
      '--state-dir <path>',
      'history, keys and caches, outside of the repository (default: one per repository in ~/.local/state/kombinator)',
    ).env('KOMBINATOR_STATE_DIR'),
    new Option(
      '--source <name>',
      'one of several repositories of a daemon, as its configuration (--config) names it',
    ).env('KOMBINATOR_SOURCE'),
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
    new Option(
      '--fetch-submodules <address>',
      'beginning of the addresses that Git submodules are fetched from, such as https://github.com/acme/ (may be repeated; default: none)',
    )
      .env('KOMBINATOR_FETCH_SUBMODULES')
      .argParser(collectPlaces),
    new Option(
      '--fetch-lfs <address>',
      'beginning of the addresses that contents of Git LFS are fetched from, of repositories and of where their servers keep files (may be repeated; default: none)',
    )
      .env('KOMBINATOR_FETCH_LFS')
      .argParser(collectPlaces),
    new Option(
      '--config <file>',
      'what the operator decides and no commit can change: what authors may do, engines, clusters, registries, freeze windows',
    ).env('KOMBINATOR_CONFIG'),
    new Option(
      '--stable <duration>',
      'how long a program without a health check has to run before it counts as well, where no policy says so (default: 10s)',
    ).env('KOMBINATOR_STABLE'),
    new Option('--json', 'one JSON document on stdout, errors too'),
    new Option('--no-color', 'no colours (also: NO_COLOR)'),
  ];
}
