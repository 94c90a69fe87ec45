import type { Command } from 'commander';
import { runDbBackup, runDbList, runDbRestore, runDbStatus } from './commands/db.ts';
import type { ProgramHooks } from './program-hooks.ts';
import { on } from './program-hooks.ts';

/** Databases of stacks and their backups. */
export function addDatabases(program: Command, hooks: ProgramHooks): void {
  const db = program
    .command('db')
    .description('databases of stacks: what they hold, their backups, and the way back');
  db.command('status')
    .description('ask databases about themselves')
    .argument('[stack]')
    .argument('[service]')
    .action(
      on(hooks, (invocation, _options, stack: string | undefined, service: string | undefined) =>
        runDbStatus(invocation, placeOf(stack, service)),
      ),
    );
  db.command('list')
    .description('list backups, also of stacks that are gone')
    .argument('[stack]')
    .argument('[service]')
    .action(
      on(hooks, (invocation, _options, stack: string | undefined, service: string | undefined) =>
        runDbList(invocation, placeOf(stack, service)),
      ),
    );
  db.command('backup')
    .description('back up the databases of a stack now')
    .argument('<stack>')
    .argument('[service]')
    .action(
      on(hooks, (invocation, _options, stack: string, service: string | undefined) =>
        runDbBackup(invocation, { ...placeOf(stack, service), stack }),
      ),
    );
  db.command('restore')
    .description('put a backup in the place of what a database holds, after a backup of that')
    .argument('<stack>')
    .argument('[service]')
    .option('-f, --file <name>', 'the backup (default: the newest that was made on purpose)')
    .option('--no-backup', 'do not back up what is there: for servers that cannot be dumped any more')
    .option('--yes', 'do not ask for the name of the service')
    .action(
      on(
        hooks,
        (
          invocation,
          { file, backup, yes }: { file?: string; backup: boolean; yes?: true },
          stack: string,
          service: string | undefined,
        ) =>
          runDbRestore(invocation, {
            ...placeOf(stack, service),
            stack,
            yes: yes === true,
            backupFirst: backup,
            ...(file === undefined ? {} : { file }),
          }),
      ),
    );
}

function placeOf(stack: string | undefined, service: string | undefined) {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(service === undefined ? {} : { service }),
  };
}
