import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { Imported, ImportNote } from '../../../reconciler/index.ts';
import { formatDiagnostic, importCompose, parseDotEnv } from '../../../reconciler/index.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { reasonOf } from '../read-files.ts';
import type { OutputFile } from '../write-files.ts';
import { writeFiles } from '../write-files.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import type { GlobalOptions } from '../options.ts';

export interface ImportOptions {
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Path of a Compose file, or of the directory that it is in. */
  readonly file: string;
  /** Directory to write to; left out: the kombination goes to stdout, the report to stderr. */
  readonly out?: string;
  /** Replaces files that are there with other content. */
  readonly force: boolean;
  /** Default: what the file says, else the name of its directory. */
  readonly name?: string;
}

/** More files than this are data, not configuration. */
const MAX_FILES_READ = 1_000;

export function addImport(program: Command, hooks: ProgramHooks): void {
  program
    .command('import')
    .description('turn a Compose project into a kombination, with a report of what was mapped')
    .argument('<file>', 'a Compose file')
    .option('--out <dir>', 'write the kombination and its files there instead of printing it')
    .option('--force', 'replace files that are there with other content')
    .option('--name <name>', 'name of the stack (default: the project name)')
    .action(
      async (file: string, options: { out?: string; force?: true; name?: string }, command: Command) => {
        const { json } = command.optsWithGlobals<GlobalOptions>();
        hooks.exit(
          await runImport({ terminal: hooks.terminal, json: json === true, file, force: false, ...options }),
        );
      },
    );
}

/** Turns a Compose project into a kombination; 1 when something in it is still wrong. */
async function runImport({ terminal, json, file: given, out, force, name }: ImportOptions): Promise<number> {
  const file = findFile(given);
  const directory = dirname(resolve(file));
  const imported = importCompose({
    text: readText(file),
    name: name ?? basename(directory),
    rename: name !== undefined,
    env: parseDotEnv(readInside(directory, '.env') ?? ''),
    list: (path) => listInside(directory, path),
    read: (path) => readInside(directory, path),
  });
  if (out !== undefined) await writeFiles(out, filesOf(directory, imported), { force });
  if (json) terminal.out(JSON.stringify(imported, null, 2));
  else {
    if (out === undefined) terminal.out(imported.text.trimEnd());
    const report = reportOf(imported, file).join('\n');
    if (out === undefined) terminal.err(report);
    else terminal.out(report);
  }
  return imported.diagnostics.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Names that Compose looks for, in its order. */
const COMPOSE_FILE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

function findFile(given: string): string {
  if (!statSync(given, { throwIfNoEntry: false })?.isDirectory()) return given;
  const there = new Set(readdirSync(given));
  const name = COMPOSE_FILE_NAMES.find((each) => there.has(each));
  if (name !== undefined) return join(given, name);
  throw new UsageError(
    `there is no Compose file in ${given}`,
    `it is called ${COMPOSE_FILE_NAMES.join(', ')}`,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** The place of a path beside the Compose file; `null` when it leads elsewhere. */
function placeOf(directory: string, path: string): string | null {
  const place = resolve(directory, path);
  const inside = relative(directory, place);
  return inside.startsWith('..') || isAbsolute(inside) ? null : place;
}

function readInside(directory: string, path: string): string | null {
  const place = placeOf(directory, path);
  try {
    return place === null ? null : readFileSync(place, 'utf8');
  } catch {
    // Not there, or a directory: the report says so.
    return null;
  }
}

function listInside(directory: string, path: string): readonly string[] {
  const place = placeOf(directory, path);
  const toPath = (file: string) => relative(directory, file).split(sep).join(posix.sep);
  try {
    if (place === null) return [];
    if (statSync(place).isFile()) return [toPath(place)];
    return readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => toPath(join(entry.parentPath, entry.name)))
      .filter((name) => !/(^|\/)\.git\//.test(name))
      .slice(0, MAX_FILES_READ)
      .sort();
  } catch {
    // Not there (yet): nothing to bring along.
    return [];
  }
}

/** Files of the project are copied as they are. */
function filesOf(directory: string, { text, copies }: Imported): OutputFile[] {
  const copied = copies.map((path): OutputFile => {
    const source = join(directory, path);
    return { path, source, content: readFileSync(source) };
  });
  return [{ path: 'kombination.yaml', content: text }, ...copied];
}

const TITLES: Readonly<Record<ImportNote['kind'], string>> = {
  mapped: 'Mapped',
  changed: 'Changed',
  dropped: 'Could not be mapped',
};

function reportOf({ name, notes, copies, diagnostics }: Imported, file: string): string[] {
  const lines: string[] = [`${file} as the stack ${name}`];
  for (const kind of ['mapped', 'changed', 'dropped'] as const) {
    const found = notes.filter((note) => note.kind === kind);
    if (found.length > 0) lines.push(`${TITLES[kind]}:`);
    for (const { line, path, message } of found) lines.push(`  ${file}:${line} ${path}: ${message}`);
  }
  if (copies.length > 0) lines.push('Files beside it:', ...copies.map((path) => `  ${path}`));
  if (diagnostics.length > 0)
    lines.push('Still wrong:', ...diagnostics.map((found) => `  ${formatDiagnostic(found)}`));
  return lines;
}
