import type { Command } from 'commander';
import type { BackupView, VerifyResult } from '../../../../reconciler/index.ts';
import { formatLook, formatSize, toBackupRow } from '../../../text/databases.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { Session } from '../../session/session.ts';
import { formatPlainRows, formatTable } from '../../terminal/table.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { finishJob, followJob } from './backup-job.ts';

interface Place {
  readonly stack?: string;
  readonly service?: string;
}

const WHAT = 'a database by its service, volume:NAME, or SERVICE:/PATH';

/** `backup`: databases, volumes and directories of stacks. */
export function addBackups(program: Command, hooks: ProgramHooks): void {
  const backup = program
    .command('backup')
    .description('backups of databases, volumes and directories, and the way back');
  backup
    .command('run')
    .description('back up what a stack says, or one thing of it, now')
    .argument('<stack>')
    .argument('[what]', WHAT)
    .action(
      on(hooks, (invocation, _options, stack: string, what: string | undefined) =>
        runBackup(invocation, { ...placeOf(stack, what), stack }),
      ),
    );
  backup
    .command('list')
    .description('list backups, also of stacks that are gone')
    .argument('[stack]')
    .argument('[what]', WHAT)
    .action(
      on(hooks, (invocation, _options, stack: string | undefined, what: string | undefined) =>
        runList(invocation, placeOf(stack, what)),
      ),
    );
  backup
    .command('verify')
    .description('read backups to their end: every byte is what it was')
    .argument('[stack]')
    .argument('[what]', WHAT)
    .option('-f, --file <name>', 'this one (default: the newest of each)')
    .option('--all', 'every one, not only the newest of each')
    .action(
      on(
        hooks,
        (
          invocation,
          { file, all }: { file?: string; all?: true },
          stack: string | undefined,
          what: string | undefined,
        ) => runVerify(invocation, placeOf(stack, what), { file, all: all === true }),
      ),
    );
  addRestoring(backup, hooks);
}

function addRestoring(backup: Command, hooks: ProgramHooks): void {
  backup
    .command('look')
    .description('say what a restore would change, and change nothing')
    .argument('<stack>')
    .argument('<what>', WHAT)
    .option('-f, --file <name>', 'the backup (default: the newest that was made on purpose)')
    .action(
      on(hooks, (invocation, { file }: { file?: string }, stack: string, what: string) =>
        runLook(invocation, { stack, service: what, ...(file === undefined ? {} : { file }) }),
      ),
    );
  backup
    .command('restore')
    .description('put a backup in the place of what is there, after a look, a yes, and a backup of that')
    .argument('<stack>')
    .argument('<what>', WHAT)
    .option('-f, --file <name>', 'the backup (default: the newest that was made on purpose)')
    .option('--no-backup', 'do not back up what is there')
    .option('--yes', 'do not look and ask')
    .action(
      on(
        hooks,
        (
          invocation,
          { file, backup: backupFirst, yes }: { file?: string; backup: boolean; yes?: true },
          stack: string,
          service: string,
        ) =>
          runRestore(
            invocation,
            { stack, service, backupFirst, ...(file === undefined ? {} : { file }) },
            yes === true,
          ),
      ),
    );
}

function placeOf(stack: string | undefined, what: string | undefined): Place {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(what === undefined ? {} : { service: what }),
  };
}

async function runBackup(
  invocation: Invocation,
  place: { readonly stack: string; readonly service?: string },
): Promise<number> {
  await using session = await invocation.openSession('apply', 'backup run');
  const job = await session.backup(place, invocation.interrupt.signal);
  return finishJob(invocation, 'backed up', await followJob(invocation, session, job));
}

/** Prints backups, the newest first; for programs one line each, without a header. */
async function runList(invocation: Invocation, place: Place): Promise<number> {
  await using session = await invocation.openSession('read', 'backup list');
  const list = await session.listBackups(place, invocation.interrupt.signal);
  present(invocation, list, () => {
    const { terminal, style } = invocation;
    const { backups } = list;
    if (!terminal.isTerminal) return formatPlainRows(backups.map(toPlainRow));
    if (backups.length === 0) return 'There are no backups.';
    // The names of the files tell when, and whether they are encrypted: what is left fits a terminal.
    const isElsewhere = backups.some(({ destination }) => destination !== null);
    const header = ['STACK', 'WHAT', 'FILE', 'SIZE', ...(isElsewhere ? ['DESTINATION'] : [])];
    const rows = backups.map(({ stack, service, file, sizeBytes, destination }) => [
      stack,
      service,
      file,
      formatSize(sizeBytes),
      ...(isElsewhere ? [destination ?? '-'] : []),
    ]);
    return formatTable(header.map(style.dim), rows);
  });
  for (const { stack, service, message } of list.failures)
    remark(invocation, `${stack}/${service}: ${message}`);
  return list.failures.length > 0 ? EXIT.failed : EXIT.ok;
}

function toPlainRow(backup: BackupView): readonly string[] {
  return [...toBackupRow(backup), backup.destination ?? '-', backup.encrypted ? 'age' : '-'];
}

/** Reads one backup after the other. Ends with 1 when one of them is not whole as far as that can be told here. */
async function runVerify(
  invocation: Invocation,
  place: Place,
  { file, all }: { readonly file: string | undefined; readonly all: boolean },
): Promise<number> {
  const { interrupt, terminal, style, options } = invocation;
  await using session = await invocation.openSession('read', 'backup verify');
  const list = await session.listBackups(place, interrupt.signal);
  const chosen = chooseToVerify(list.backups, { file, all });
  if (chosen.length === 0)
    throw new UsageError('there is no such backup', 'kombinator backup list lists them', 'UNKNOWN_BACKUP');
  const results: VerifyResult[] = [];
  for (const { stack, service, file: name } of chosen) {
    const result = await session.verifyBackup({ stack, service, file: name }, interrupt.signal);
    results.push(result);
    if (options.json !== true) terminal.out(describe(result, style));
  }
  for (const { stack, service, message } of list.failures)
    remark(invocation, `${stack}/${service}: ${message}`);
  const bad = results.filter(({ result }) => result === 'damaged' || result === 'unreadable').length;
  present(
    invocation,
    { ok: bad === 0 && list.failures.length === 0, results, failures: list.failures },
    () => {
      const good = `${results.length - bad} of ${results.length} backups are as they were written`;
      return bad === 0 ? style.good(good) : style.bad(good);
    },
  );
  return bad > 0 || list.failures.length > 0 ? EXIT.failed : EXIT.ok;
}

function chooseToVerify(
  backups: readonly BackupView[],
  { file, all }: { readonly file: string | undefined; readonly all: boolean },
): readonly BackupView[] {
  if (file !== undefined) return backups.filter((one) => one.file === file);
  if (all) return backups;
  const newest = new Map<string, BackupView>();
  for (const one of backups) {
    const key = `${one.stack}\0${one.service}\0${one.location}`;
    if (!newest.has(key)) newest.set(key, one);
  }
  return [...newest.values()];
}

function describe(
  { stack, service, file, result, bytes, message }: VerifyResult,
  style: Invocation['style'],
): string {
  const isBad = result === 'damaged' || result === 'unreadable';
  const sign = isBad ? style.bad('✗') : style.good('✓');
  const size = bytes === null ? '' : `, ${formatSize(bytes)} unpacked`;
  const reason = message === null ? '' : `: ${message}`;
  return `${sign} ${stack}/${service} ${file}  ${result}${size}${reason}`;
}

interface Restoring {
  readonly stack: string;
  readonly service: string;
  readonly file?: string;
  readonly backupFirst: boolean;
}

async function runLook(invocation: Invocation, reference: Omit<Restoring, 'backupFirst'>): Promise<number> {
  await using session = await invocation.openSession('read', 'backup look');
  const look = await session.lookAtRestore(reference, invocation.interrupt.signal);
  present(invocation, look, () => formatLook(look, 500).trimEnd());
  return EXIT.ok;
}

/** Looks, shows what would change, and asks for the name before anything is touched. */
async function runRestore(invocation: Invocation, restoring: Restoring, yes: boolean): Promise<number> {
  const { terminal, options, interrupt } = invocation;
  const canAsk = terminal.canAsk && options.json !== true;
  if (!yes && !canAsk) {
    const message = `a restore replaces what ${restoring.stack}/${restoring.service} holds, and needs a yes`;
    throw new UsageError(
      message,
      'look with kombinator backup look, then repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  }
  await using session = await invocation.openSession('apply', 'backup restore');
  const file = yes ? restoring.file : await confirm(invocation, session, restoring);
  if (file === null) {
    remark(invocation, 'nothing was changed');
    return interrupt.stopped ? EXIT.interrupted : EXIT.failed;
  }
  const job = await session.restore(
    { ...restoring, ...(file === undefined ? {} : { file }) },
    interrupt.signal,
  );
  return finishJob(invocation, 'restored', await followJob(invocation, session, job));
}

/** Resolves to the backup that was looked at, `null` for a no. */
async function confirm(
  { terminal, style, interrupt }: Invocation,
  session: Session,
  { backupFirst, ...reference }: Restoring,
): Promise<string | null> {
  const look = await session.lookAtRestore(reference, interrupt.signal);
  terminal.out(formatLook(look).trimEnd());
  const before = backupFirst
    ? 'What is there now is backed up first.'
    : 'What is there now is LOST: no backup of it is made.';
  terminal.out(before);
  const question = `${style.bold(`Type ${reference.service} to go on:`)} `;
  return (await terminal.ask(question, interrupt.signal)) === reference.service ? look.file : null;
}
