import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { Diagnostic } from '../../../reconciler/index.ts';
import { findWorkTree, formatDiagnostic, hasErrors, readRoot } from '../../../reconciler/index.ts';
import { decode, reasonOf } from '../read-files.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import { isRemoteLocation } from '../options.ts';
import type { Session } from '../session/session.ts';
import { chooseStateDirectory } from '../session/state-directory.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

export interface ValidateOptions {
  /** Files to check as they are on disk, committed or not; none: the whole repository at its newest commit. */
  readonly files: readonly string[];
  /** Warnings are errors. */
  readonly strict: boolean;
}

export function addValidate(program: Command, hooks: ProgramHooks): void {
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
}

/** Every problem at once; 1 when any of them is an error. */
async function runValidate(invocation: Invocation, { files, strict }: ValidateOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'validate');
  const found =
    files.length > 0
      ? await checkFiles(session, files, invocation)
      : await checkRepository(session, invocation);
  const report = strict ? { ...found, diagnostics: toStrict(found.diagnostics) } : found;
  const valid = !hasErrors(report.diagnostics);
  present(invocation, { valid, ...report }, () => formatReport(invocation, report.what, report.diagnostics));
  await showStateDirectory(invocation, report.diagnostics);
  return valid ? EXIT.ok : EXIT.failed;
}

const IN_STATE_DIRECTORY: ReadonlySet<string> = new Set(['SECRET_NOT_FOUND', 'SECRET_NOT_DECRYPTED']);

/** Findings speak of the state directory; a daemon's is its operator's to know. */
async function showStateDirectory(invocation: Invocation, diagnostics: readonly Diagnostic[]): Promise<void> {
  const { options, terminal } = invocation;
  if (options.server !== undefined || !diagnostics.some(({ code }) => IN_STATE_DIRECTORY.has(code))) return;
  const directory = await chooseStateDirectory(options, 'command', terminal.env);
  remark(invocation, `the state directory is ${directory}`);
}

function toStrict(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => ({ ...diagnostic, severity: 'error' }));
}

interface Report {
  /** Thing that was checked, for people. */
  readonly what: string;
  readonly diagnostics: readonly Diagnostic[];
}

async function checkRepository(session: Session, invocation: Invocation) {
  const repository = await session.repository(invocation.interrupt.signal);
  const { location, branch, root, commit, dirty, stacks, diagnostics, error } = repository;
  if (dirty) remark(invocation, 'the working tree has changes that are not committed; they are not checked');
  if (error !== null) throw new UsageError(error.message, undefined, 'REPOSITORY_UNREACHABLE');
  const what = `${stacks.length} ${stacks.length === 1 ? 'stack' : 'stacks'} of ${root === '' ? '' : `${root} in `}${location} (${branch}, ${commit?.slice(0, 10) ?? 'no commit'})`;
  return { what, location, branch, root, commit, stacks, diagnostics };
}

/** Name in the findings of a text without a place in the repository. */
const NAMELESS = 'kombination.yaml';

async function checkFiles(
  session: Session,
  files: readonly string[],
  invocation: Invocation,
): Promise<Report> {
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
    });
    const place = resolve(file);
    const text = decode(bytes);
    if (text === null) {
      const start = { file, line: 1, column: 1, path: '', hint: 'save it as UTF-8' };
      const message = 'the file is not UTF-8 text';
      diagnostics.push({ severity: 'error', code: 'NOT_UTF8', message, ...start });
      continue;
    }
    const root = await rootAround(place, invocation);
    const report = await session.validate(text, place, invocation.interrupt.signal, root);
    for (const found of report.diagnostics) {
      // Findings in the files that it names, such as a Compose file, are theirs.
      const isOwn = found.file === undefined || found.file === NAMELESS || place.endsWith(found.file);
      diagnostics.push(isOwn ? { ...found, file } : found);
    }
  }
  return { what: files.join(', '), diagnostics };
}

/** The work tree of the repository, or the directory of it that is read, if the file is in it; a daemon has another one, if any. */
async function rootAround(file: string, { options }: Invocation): Promise<string | undefined> {
  if (options.server !== undefined || isRemoteLocation(options.repo)) return undefined;
  const tree = await findWorkTree(dirname(file));
  const repository = tree === null ? null : await findWorkTree(resolve(options.repo));
  if (tree === null || tree.root !== repository?.root) return undefined;
  const root = join(tree.root, readRoot(options.path ?? ''));
  return file.startsWith(`${root}${sep}`) ? root : undefined;
}

function formatReport({ style }: Invocation, what: string, diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const lines = diagnostics.map((diagnostic) =>
    (diagnostic.severity === 'error' ? style.bad : style.warn)(formatDiagnostic(diagnostic)),
  );
  const count = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  const verdict =
    errors > 0 ? style.bad(`✗ ${count}`) : style.good(warnings > 0 ? `✓ valid, ${count}` : '✓ valid');
  return [...lines, `${verdict} in ${what}`].join('\n');
}
