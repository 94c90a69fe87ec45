import type { Command } from 'commander';
import type { BackupView } from '../../../reconciler/index.ts';
import {
  BACKUP_HEADER,
  formatBackups,
  formatDatabases,
  formatSize,
  toBackupRow,
} from '../../text/databases.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import type { Session } from '../session/session.ts';
import { followJob, finishJob } from './backups/backup-job.ts';
import { showRows, showTime } from '../terminal/rows.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

export interface DatabasePlace {
  readonly stack?: string;
  readonly service?: string;
}

/** `db`: databases of stacks and their backups. */
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

/** Prints what each database says of itself. Ends with 1 when one of them does not. */
async function runDbStatus(invocation: Invocation, place: DatabasePlace): Promise<number> {
  await using session = await invocation.openSession('read', 'db status');
  const databases = await session.databases(place, invocation.interrupt.signal);
  present(invocation, { databases }, () => formatDatabases(databases, widthOf(invocation)).trimEnd());
  return databases.some(({ error }) => error !== null) ? EXIT.failed : EXIT.ok;
}

function widthOf({ terminal }: Invocation): number | undefined {
  return terminal.isTerminal ? terminal.columns() : undefined;
}

/** Backups, the newest first; for programs one line each, without a header. */
async function runDbList(invocation: Invocation, place: DatabasePlace): Promise<number> {
  await using session = await invocation.openSession('read', 'db list');
  const list = await listDumps(session, place, invocation.interrupt.signal);
  present(invocation, list, () => {
    const rows = list.backups.map((backup) =>
      toBackupRow({ ...backup, time: showTime(invocation, backup.time) }),
    );
    const isEmpty = rows.length === 0 && invocation.terminal.isTerminal;
    return isEmpty
      ? formatBackups({ ...list, failures: [] }).trimEnd()
      : showRows(invocation, BACKUP_HEADER, rows);
  });
  for (const { stack, service, message } of list.failures)
    remark(invocation, `${stack}/${service}: ${message}`);
  return list.failures.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Backups of databases; those of volumes and directories are listed by `backup list`. */
async function listDumps(session: Session, place: DatabasePlace, signal: AbortSignal) {
  const { backups, failures } = await session.listBackups(place, signal);
  return { backups: backups.filter(({ kind }) => kind === 'database'), failures };
}

async function runDbBackup(
  invocation: Invocation,
  place: { readonly stack: string; readonly service?: string },
): Promise<number> {
  await using session = await invocation.openSession('apply', 'db backup');
  const job = await session.backup(place, invocation.interrupt.signal);
  return finishJob(invocation, 'backed up', await followJob(invocation, session, job));
}

export interface RestoreOptions {
  readonly stack: string;
  readonly service?: string;
  readonly file?: string;
  readonly yes: boolean;
  /** Back up what is there before. */
  readonly backupFirst: boolean;
}

/** Asks for the name of the service before anything is touched. */
async function runDbRestore(invocation: Invocation, options: RestoreOptions): Promise<number> {
  const { stack, service, file, yes, backupFirst } = options;
  const canAsk = invocation.terminal.canAsk && invocation.options.json !== true;
  if (!yes && !canAsk) {
    const message = `a restore replaces what the database of ${stack} holds, and needs a yes`;
    throw new UsageError(message, 'repeat with --yes', 'CONFIRMATION_REQUIRED');
  }
  await using session = await invocation.openSession('apply', 'db restore');
  const { signal } = invocation.interrupt;
  const place = { stack, ...(service === undefined ? {} : { service }) };
  const { backups } = await listDumps(session, place, signal);
  const backup = chooseBackup(backups, options);
  if (!yes && !(await confirm(invocation, backup, backupFirst))) {
    remark(invocation, 'nothing was changed');
    return invocation.interrupt.stopped ? EXIT.interrupted : EXIT.failed;
  }
  const chosen = { stack, service: backup.service, file: file ?? backup.file, backupFirst };
  const job = await session.restore(chosen, signal);
  return finishJob(invocation, `restored from ${backup.file}`, await followJob(invocation, session, job));
}

function chooseBackup(backups: readonly BackupView[], { stack, service, file }: RestoreOptions): BackupView {
  const services = new Set(backups.map((backup) => backup.service));
  if (service === undefined && services.size > 1) {
    const message = `${stack} has backups of several databases: ${[...services].join(', ')}`;
    throw new UsageError(message, 'name the service, too');
  }
  const found = backups.find((backup) => (file === undefined ? !backup.beforeRestore : backup.file === file));
  if (found !== undefined) return found;
  const name = service === undefined ? stack : `${stack}/${service}`;
  const message =
    file === undefined ? `there is no backup of ${name}` : `there is no backup ${file} of ${name}`;
  throw new UsageError(message, `kombinator db list ${stack} lists them`, 'UNKNOWN_BACKUP');
}

async function confirm(
  invocation: Invocation,
  { stack, service, file, sizeBytes, time }: BackupView,
  backupFirst: boolean,
): Promise<boolean> {
  const before = backupFirst ? 'it is backed up first' : 'WITHOUT a backup of it';
  const { terminal, style, interrupt } = invocation;
  terminal.out(`What ${stack}/${service} holds now is replaced; ${before}.`);
  terminal.out(`Backup: ${file} (${formatSize(sizeBytes)}, ${showTime(invocation, time)})`);
  const question = `${style.bold(`Type ${service} to go on:`)} `;
  return (await terminal.ask(question, interrupt.signal)) === service;
}
