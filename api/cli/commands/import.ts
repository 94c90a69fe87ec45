import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { ComposeAnalysis, Imported, ImportNote } from '../../../reconciler/index.ts';
import {
  analyzeCompose,
  findWorkTree,
  formatDiagnostic,
  ignoreData,
  importCompose,
  readComposeFileVariable,
  writeWorkflow,
} from '../../../reconciler/index.ts';
import { COMPOSE_NAMES, COMPOSE_OVERRIDES } from '../compose-names.ts';
import { DISK_TEXTS, readDiskTree } from '../disk-tree.ts';
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
  /** Paths of Compose files, later ones over earlier ones, or that of the directory that they are in. */
  readonly files: readonly string[];
  /** Directory to write to; left out: the kombination goes to stdout, the report to stderr. */
  readonly out?: string;
  /** Replaces files that are there with other content. */
  readonly force: boolean;
  /** Default: what the file says, else the name of its directory. */
  readonly name?: string;
  /** Cluster that the project becomes a workflow of; left out: it becomes a kombination. */
  readonly cluster?: string;
}

interface Given {
  readonly out?: string;
  readonly force?: true;
  readonly name?: string;
  readonly workflow?: string;
}

export function addImport(program: Command, hooks: ProgramHooks): void {
  program
    .command('import')
    .description('turn a Compose project into a kombination, or a workflow, with a report of what was mapped')
    .argument('<files...>', 'Compose files, later ones over earlier ones, or the directory of a project')
    .option('--out <dir>', 'write the kombination and its files there instead of printing it')
    .option('--force', 'replace files that are there with other content')
    .option('--name <name>', 'name of the stack (default: the project name)')
    .option('--workflow <cluster>', 'make it the workflow of a cluster')
    .action(async (files: string[], { workflow, ...options }: Given, command: Command) => {
      const json = command.optsWithGlobals<GlobalOptions>().json === true;
      const cluster = workflow === undefined ? {} : { cluster: workflow };
      hooks.exit(
        await runImport({ terminal: hooks.terminal, json, files, force: false, ...options, ...cluster }),
      );
    });
}

/** Turns a Compose project into a kombination; 1 when something in it is still wrong. */
async function runImport(options: ImportOptions): Promise<number> {
  const { terminal, json, out, force, name, cluster } = options;
  const files = findFiles(options.files);
  const [file = ''] = files;
  for (const each of files) readText(each);
  const directory = dirname(resolve(file));
  const workTree = await findWorkTree(directory);
  const root = workTree?.root ?? commonDirectory(files.map((each) => dirname(resolve(each))));
  const project = {
    files: files.map((each) => relative(root, resolve(each)).split(sep).join(posix.sep)),
    tree: readDiskTree(root),
    texts: DISK_TEXTS,
    name,
    fallbackName: basename(directory),
  };
  if (cluster !== undefined)
    return printWorkflow(analyzeCompose(project).analysis, { ...options, cluster, file });
  const imported = importCompose({
    ...project,
    isVersioned: workTree !== null,
    isTracked: (path) => workTree?.tracked.has(join(root, path)) ?? false,
  });
  if (out !== undefined) {
    await writeFiles(out, filesOf(imported), { force });
    ignoreDataIn(out, imported);
  }
  if (json) {
    terminal.out(JSON.stringify({ ...imported, copies: [...imported.copies.keys()] }, null, 2));
  } else {
    if (out === undefined) terminal.content(`${imported.text.trimEnd()}\n`);
    const report = reportOf(imported, file).join('\n');
    if (out === undefined) terminal.err(report);
    else terminal.out(report);
  }
  return imported.diagnostics.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Prints, or writes, the workflow of a project; 1 when something of it is left out that should not be. */
async function printWorkflow(
  analysis: ComposeAnalysis,
  {
    terminal,
    json,
    out,
    force,
    cluster,
    file,
  }: ImportOptions & { readonly cluster: string; readonly file: string },
): Promise<number> {
  const { name, warnings, errors } = analysis;
  const content = writeWorkflow(analysis, cluster);
  if (out !== undefined) await writeFiles(out, [{ path: `${name}.yaml`, content }], { force });
  if (json) terminal.out(JSON.stringify(analysis, null, 2));
  else {
    if (out === undefined) terminal.content(content);
    const report = [
      `${file} as the workflow ${name}`,
      ...(warnings.length > 0
        ? ['Changed, or without a place:', ...warnings.map((text) => `  ${text}`)]
        : []),
      ...(errors.length > 0
        ? ['Left out:', ...errors.map(({ code, message }) => `  ${message} [${code}]`)]
        : []),
    ].join('\n');
    if (out === undefined) terminal.err(report);
    else terminal.out(report);
  }
  return errors.length === 0 ? EXIT.ok : EXIT.failed;
}

/** The project: nothing outside of it is read or copied. */
function commonDirectory(directories: readonly string[]): string {
  const [first = '.', ...others] = directories;
  let common = first;
  while (
    !others.every((other) => `${other}${sep}`.startsWith(common.endsWith(sep) ? common : `${common}${sep}`))
  )
    common = dirname(common);
  return common;
}

/** The files that Compose would take, which for a directory are those that `.env` names, or its file and what overrides it. */
function findFiles(given: readonly string[]): readonly string[] {
  const [directory = '.'] = given;
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return given;
  if (given.length > 1) throw new UsageError('name a directory or files, not both');
  const there = new Set(readdirSync(directory));
  const named = there.has('.env') ? readComposeFileVariable(readText(join(directory, '.env'))) : null;
  if (named) return named.map((name) => resolve(directory, name));
  const found = [COMPOSE_NAMES, COMPOSE_OVERRIDES].flatMap(
    (names) => names.find((name) => there.has(name)) ?? [],
  );
  if (found.length > 0) return found.map((name) => join(directory, name));
  throw new UsageError(
    `there is no Compose file in ${directory}`,
    `it is called ${COMPOSE_NAMES.join(', ')}`,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** Files of the project are copied as they are. */
function filesOf({ text, copies }: Imported): OutputFile[] {
  const copied = [...copies].map(([path, { blob: source }]): OutputFile => {
    return { path, source, content: readFileSync(source) };
  });
  return [{ path: 'kombination.yaml', content: text }, ...copied];
}

/** A `.gitignore` that is there keeps its lines. */
function ignoreDataIn(directory: string, { data }: Imported): void {
  const path = join(directory, '.gitignore');
  const written = existsSync(path) ? readText(path) : '';
  const content = ignoreData(written, data);
  if (content !== null) writeFileSync(path, content);
}

const TITLES: Readonly<Record<ImportNote['kind'], string>> = {
  mapped: 'Mapped',
  changed: 'Changed',
  dropped: 'Could not be mapped',
  'left out': 'Left out',
};

function reportOf({ name, notes, copies, data, diagnostics }: Imported, file: string): string[] {
  const lines: string[] = [`${file} as the stack ${name}`];
  for (const kind of ['mapped', 'changed', 'dropped', 'left out'] as const) {
    const found = notes.filter((note) => note.kind === kind);
    if (found.length > 0) lines.push(`${TITLES[kind]}:`);
    for (const { file: other, line, path, message } of found) {
      const place = other === undefined ? file : join(dirname(file), other);
      lines.push(`  ${place}:${line} ${path}: ${message}`);
    }
  }
  if (data.length > 0) lines.push(...whereDataIs(name, data, resolve(dirname(file))));
  if (copies.size > 0) lines.push('Files beside it:', ...[...copies.keys()].map((path) => `  ${path}`));
  if (diagnostics.length > 0)
    lines.push('Still wrong:', ...diagnostics.map((found) => `  ${formatDiagnostic(found)}`));
  return lines;
}

function whereDataIs(name: string, data: readonly string[], directory: string): string[] {
  const paths = data.map((path) => `./${path}`).join(', ');
  return [
    `Data: ${paths} ${data.length === 1 ? 'begins' : 'begin'} empty in the operator's data directory. To go on with what is there:`,
    `  data_dir: ${directory} in the kombination of ${name}, and a line of the operator's that allows it (kombinator policy suggest)`,
    '  or kombinator adopt, which takes a project over as it runs',
  ];
}
