import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { FolderDraft, ProjectView } from '../../../../reconciler/index.ts';
import {
  addToOperatorFile,
  commitFolder,
  draftFolder,
  findWorkTree,
  formatDiagnostic,
  initFolder,
} from '../../../../reconciler/index.ts';
import { formatPlans, isChanging, planExitCode, planStacks, showFailures } from '../../commands/plan.ts';
import type { Invocation } from '../../invocation.ts';
import { askYes, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { localActor } from '../../session/local-session.ts';
import { chooseStateDirectory, OPERATOR_FILE } from '../../session/state-directory.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import type { LocalProject } from './find-projects.ts';
import { findDirectories, readProject } from './find-projects.ts';
import { formatFolder } from './format-folder.ts';
import { readLocalPath } from './local-path.ts';

interface Flags {
  /** `false` with --no-adopt. */
  readonly adopt: boolean;
  readonly yes?: true;
}

export function addInit(program: Command, hooks: ProgramHooks): void {
  program
    .command('init')
    .description(
      'make a folder of Compose projects a Git repository with a stack for each; nothing that runs is touched',
    )
    .argument('[directory...]', 'directories of projects (default: every one of the folder)')
    .option('--no-adopt', 'do not take over what runs of them')
    .option('--yes', 'do not ask')
    .action(on(hooks, (invocation, flags: Flags, named: string[]) => runInit(invocation, named, flags)));
}

async function runInit(invocation: Invocation, named: readonly string[], flags: Flags): Promise<number> {
  const { options, terminal } = invocation;
  if (options.server !== undefined)
    throw new UsageError('init works on a folder of this machine', 'leave out --server');
  if (options.path !== undefined)
    throw new UsageError('init makes a repository of a whole folder', 'leave out --path (KOMBINATOR_PATH)');
  if (flags.yes !== true && (!terminal.canAsk || options.json === true))
    throw new UsageError(
      'making a repository needs a yes; nothing was changed',
      'repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  const { root, isNew, tracked } = await openFolder(options.repo);
  let isDone = false;
  if (isNew) await initFolder(root);
  try {
    const folder = { root, isNew, tracked };
    const done = await initIn(invocation, folder, { named, flags });
    isDone = done !== null;
    if (done === null) remark(invocation, 'nothing was changed');
    return done === null ? EXIT.failed : await showOutcome(invocation, done, flags);
  } finally {
    // Nothing was committed into it.
    if (isNew && !isDone) rmSync(join(root, '.git'), { recursive: true, force: true });
  }
}

interface Folder {
  readonly root: string;
  /** No Git repository was there. */
  readonly isNew: boolean;
  /** Absolute paths. */
  readonly tracked: ReadonlySet<string>;
}

async function openFolder(repo: string): Promise<Folder> {
  if (!(statSync(repo, { throwIfNoEntry: false })?.isDirectory() ?? false))
    throw new UsageError(`${repo} is no directory of this machine`, 'name the folder with --repo');
  const place = realpathSync(resolve(repo));
  if (existsSync(join(place, 'HEAD')) && existsSync(join(place, 'objects')))
    throw new UsageError(`${place} is a bare repository`, 'run init in the folder with the Compose files');
  const workTree = await findWorkTree(place);
  const root = workTree?.root ?? place;
  const settings = join(root, 'kombinator.yaml');
  if (existsSync(settings) && /^(compose|data_dir|adopts)[ \t]*:/m.test(readFileSync(settings, 'utf8')))
    throw new UsageError(
      `${settings} says already where Compose files are`,
      'edit it, or take over single projects with kombinator adopt',
    );
  return { root, isNew: workTree === null, tracked: workTree?.tracked ?? new Set() };
}

interface Wish {
  readonly named: readonly string[];
  readonly flags: Flags;
}

interface Done {
  readonly commit: string;
  readonly draft: FolderDraft;
}

/** `null`: the answer was no. */
async function initIn(invocation: Invocation, folder: Folder, { named, flags }: Wish): Promise<Done | null> {
  const { root, isNew, tracked } = folder;
  const { options, terminal } = invocation;
  const running = await listRunning(invocation);
  const projects = chooseProjects(root, named, running);
  for (const one of elsewhere(running, projects))
    remark(
      invocation,
      `${one.name} runs too, from ${one.directory ?? 'nobody knows where'}: kombinator adopt ${one.name}`,
    );
  const free = projects.filter((one) => one.running !== null && one.running.adoptedBy === null);
  const names = free.map((one) => one.running?.name).join(', ');
  const adopts =
    free.length > 0 &&
    flags.adopt &&
    (flags.yes === true || (await askYes(invocation, `${names} run: take them over as they are?`)));
  const stateDir = await chooseStateDirectory(options, 'command', terminal.env);
  const known = [...tracked].map((path) => relative(root, path).split(sep).join('/'));
  const draft = await draftFolder({
    root,
    projects,
    adopts,
    isPicked: named.length > 0,
    settings: readText(root, 'kombinator.yaml') ?? '',
    ignored: readText(root, '.gitignore') ?? '',
    recipients: readText(root, '.age-recipients'),
    isTracked: (path) => known.some((one) => one === path || one.startsWith(`${path}/`)),
    read: (path, limits) => Promise.resolve(readLocalPath(path, limits)),
    stateDir,
    env: terminal.env,
  });
  if (options.json !== true) terminal.out(formatFolder(invocation, draft));
  refuseBroken(draft);
  const question = `${isNew ? `Make ${root} a Git repository` : `Add this to ${root}`}, with one commit?`;
  if (flags.yes !== true && !(await askYes(invocation, question))) return null;
  return { commit: await commitDraft(invocation, root, draft), draft };
}

/** Writes the files and commits them; what was there comes back when that fails. */
async function commitDraft(
  { terminal }: Invocation,
  root: string,
  { writes, takes, projects }: FolderDraft,
): Promise<string> {
  const before = new Map(writes.map(({ path }) => [path, readText(root, path)]));
  const write = (path: string, content: string | Uint8Array | null) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content === null) rmSync(join(root, path), { force: true });
    else writeFileSync(join(root, path), content);
  };
  try {
    for (const { path, content } of writes) write(path, content);
    const what = projects.length === 1 ? 'a Compose project' : `${projects.length} Compose projects`;
    return await commitFolder({
      root,
      paths: [...writes.map(({ path }) => path), ...takes],
      message: `Describe ${what} as stacks`,
      author: localActor(terminal.env),
    });
  } catch (error) {
    for (const [path, content] of before) write(path, content);
    throw error;
  }
}

async function listRunning(invocation: Invocation): Promise<readonly ProjectView[]> {
  await using session = await invocation.openSession('read', 'init');
  const { projects, unreachable } = await session.listProjects(invocation.interrupt.signal);
  for (const { node, message } of unreachable)
    remark(invocation, `${node ?? 'the engine of this machine'} was not asked: ${message}`);
  return projects;
}

function chooseProjects(
  root: string,
  named: readonly string[],
  running: readonly ProjectView[],
): readonly LocalProject[] {
  const all = findDirectories(root);
  const wanted = named.map((name) => {
    const path = relative(root, existsSync(name) ? realpathSync(resolve(name)) : resolve(name));
    const directory = path.split(sep).join('/');
    if (!all.includes(directory))
      throw new UsageError(
        `there is no Compose project in ${name}`,
        `there are: ${all.map((one) => one || '.').join(', ') || 'none'}`,
      );
    return directory;
  });
  const directories = named.length > 0 ? [...new Set(wanted)].sort() : all;
  if (directories.length === 0)
    throw new UsageError(
      `there is no Compose project in ${root}`,
      'it is looked for as compose.yaml and docker-compose.yml, here and up to two folders below',
    );
  return directories.map((directory) => readProject(root, directory, running));
}

function elsewhere(
  running: readonly ProjectView[],
  projects: readonly LocalProject[],
): readonly ProjectView[] {
  return running.filter(
    (one) => one.adoptedBy === null && !projects.some((project) => project.running?.name === one.name),
  );
}

function readText(root: string, name: string): string | null {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Throws before anything is written. */
function refuseBroken({ projects }: FolderDraft): void {
  const names = projects.map(({ stack }) => stack);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UsageError(
      `two projects would be the stack ${twice}; nothing was changed`,
      'give one of them another name: in its Compose file',
    );
  const tracked = projects.flatMap((one) => one.tracked);
  if (tracked.length > 0)
    throw new UsageError(
      `containers may write to what is in Git: ${tracked.join(', ')}; nothing was changed`,
      `mount it :ro where it is content; where it is data, git rm -r --cached ${tracked.join(' ')} keeps it on disk and out of Git`,
    );
  const broken = projects.filter(({ diagnostics }) => diagnostics.length > 0);
  if (broken.length > 0)
    throw new UsageError(
      `${broken.map(({ stack }) => stack).join(', ')} cannot be described as ${broken.length === 1 ? 'it is' : 'they are'}; nothing was changed\n${broken.flatMap((one) => one.diagnostics.map(formatDiagnostic)).join('\n')}`,
      'mend the Compose file, or name the directories that are to be stacks',
    );
}

/** Allows what is asked for, and shows what an apply would change. */
async function showOutcome(invocation: Invocation, { commit, draft }: Done, flags: Flags): Promise<number> {
  const { options, terminal, style, interrupt } = invocation;
  const say = (text: string) => (options.json === true ? undefined : terminal.out(text));
  say(
    `${style.good('✓')} commit ${commit.slice(0, 10)} describes ${draft.projects.map(({ stack }) => stack).join(', ')}`,
  );
  const allowed = await allow(invocation, flags);
  await using session = await invocation.openSession('read', 'init');
  const planning = await planStacks(
    session,
    draft.projects.map(({ stack }) => ({ stack })),
    interrupt.signal,
  );
  const plans = planning.planned.map(({ plan }) => plan);
  if (options.json === true) {
    const { projects } = draft;
    terminal.out(
      JSON.stringify({ commit, projects, policy: allowed, plans, failures: planning.failures }, null, 2),
    );
  } else terminal.out(formatPlans(invocation, plans, false));
  showFailures(invocation, planning);
  const next = plans.some(isChanging)
    ? 'kombinator apply makes these changes; kombinator serve follows the repository'
    : 'kombinator serve follows the repository from now on: change a file, commit, and it is applied';
  remark(invocation, next);
  return planExitCode(planning, false);
}

/** Returns the lines that the operator's configuration has got. */
async function allow(invocation: Invocation, { yes }: Flags): Promise<string> {
  const { options, terminal, interrupt } = invocation;
  let lines: string;
  {
    await using session = await invocation.openSession('read', 'init');
    lines = await session.suggestPolicy(interrupt.signal);
  }
  if (lines === '') return '';
  const path =
    options.config ?? join(await chooseStateDirectory(options, 'command', terminal.env), OPERATOR_FILE);
  if (options.json !== true)
    terminal.out(`Lines for ${path}, which allow it:\n${lines.replace(/^(?=.)/gm, '  ').trimEnd()}`);
  if (yes !== true && !(await askYes(invocation, 'Allow it?'))) {
    remark(invocation, `until they are there, what they allow is refused`);
    return '';
  }
  addToOperatorFile(path, lines);
  return lines;
}
