import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { AdoptionPreview, ProjectView } from '../../../reconciler/index.ts';
import { addToOperatorFile, formatDiagnostic, formatPlan, hasErrors } from '../../../reconciler/index.ts';
import { applyStacks } from '../commands/apply.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { chooseStateDirectory, OPERATOR_FILE } from '../session/state-directory.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import { formatPlainRows, formatTable } from '../terminal/table.ts';
import { formatNotes } from './format-notes.ts';

interface Flags {
  readonly all?: true;
  readonly node?: string;
  readonly stack?: string;
  readonly yes?: true;
}

export function addAdopt(program: Command, hooks: ProgramHooks): void {
  program
    .command('adopt')
    .description(
      'take Compose projects over as they run: their files are committed, and nothing is restarted that is as described',
    )
    .argument('[project...]', 'names of projects, or their directories; left out: lists what runs')
    .option('--all', 'every project that no stack has')
    .option('--node <name>', 'node that the project runs on, where several have one of the name')
    .option('--stack <name>', 'name of the stack (default: that of the project)')
    .option('--yes', 'do not ask')
    .action(on(hooks, (invocation, options: Flags, named: string[]) => runAdopt(invocation, named, options)));
  program
    .command('release')
    .description('give stacks back to Compose: what they have runs on, and is left alone from then on')
    .argument('<stack...>')
    .option('--yes', 'do not ask')
    .action(
      on(hooks, (invocation, { yes }: { yes?: true }, stacks: string[]) =>
        runRelease(invocation, stacks, yes === true),
      ),
    );
}

async function runAdopt(invocation: Invocation, named: readonly string[], flags: Flags): Promise<number> {
  if (flags.stack !== undefined && (named.length !== 1 || flags.all === true))
    throw new UsageError('--stack is for one project', 'take several over one by one');
  const { signal } = invocation.interrupt;
  let previews: readonly AdoptionPreview[];
  {
    await using session = await invocation.openSession('read', 'adopt');
    const { projects, unreachable } = await session.listProjects(signal);
    for (const { node, message } of unreachable)
      remark(invocation, `${node ?? 'this machine'} was not asked: ${message}`);
    if (named.length === 0 && flags.all !== true) {
      present(invocation, { projects, unreachable }, () => formatProjects(invocation, projects));
      return EXIT.ok;
    }
    const chosen = choose(projects, named, flags);
    previews = await Promise.all(
      chosen.map((one) => session.previewAdoption(requestFor(one, flags), signal)),
    );
  }
  if (invocation.options.json !== true)
    for (const preview of previews) invocation.terminal.out(formatPreview(invocation, preview));
  const broken = previews.filter(({ diagnostics }) => hasErrors(diagnostics));
  if (broken.length > 0)
    throw new UsageError(
      `${broken.map(({ stack }) => stack).join(', ')} cannot be taken over as ${broken.length === 1 ? 'it is' : 'they are'}; nothing was changed`,
      'mend the Compose file where it lies, and repeat; docker compose config shows how Compose reads it',
    );
  const policy = await missingPolicy(invocation, previews);
  if (!(await isConfirmed(invocation, previews, policy, flags))) return EXIT.failed;
  if (policy !== null) for (const lines of policy.lines) addToOperatorFile(policy.path, lines);
  return carryOut(invocation, previews);
}

function choose(
  projects: readonly ProjectView[],
  named: readonly string[],
  flags: Flags,
): readonly ProjectView[] {
  if (flags.all === true) return projects.filter(({ adoptedBy }) => adoptedBy === null);
  return named.map((name) => {
    const directory = isDirectory(name) ? realpathSync(resolve(name)) : null;
    const found = projects.filter(
      (one) =>
        (one.name === name || (directory !== null && one.directory === directory)) &&
        (flags.node === undefined || one.node === flags.node),
    );
    const [first, second] = found;
    if (first !== undefined && second === undefined) return first;
    if (first !== undefined)
      throw new UsageError(`several nodes have a project ${name}`, 'say which with --node');
    const known = projects.map((one) => one.name).join(', ') || 'none runs';
    throw new UsageError(
      `there is no Compose project ${name}`,
      directory === null
        ? `there are: ${known}`
        : `none of those that run was made in ${directory}; there are: ${known}`,
    );
  });
}

function isDirectory(path: string): boolean {
  return path.includes('/') || path === '.'
    ? (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
    : false;
}

function requestFor({ name, node }: ProjectView, { stack }: Flags) {
  return { project: name, node, ...(stack === undefined ? {} : { stack }) };
}

interface MissingPolicy {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Lines that have to be in the operator's configuration; `null`: none is missing. Another machine's is its own operator's. */
async function missingPolicy(
  { options, terminal }: Invocation,
  previews: readonly AdoptionPreview[],
): Promise<MissingPolicy | null> {
  const lines = previews.map(({ policy }) => policy).filter((text) => text !== '');
  if (lines.length === 0) return null;
  if (options.server !== undefined)
    throw new UsageError(
      `the operator has to allow it first; nothing was changed`,
      `these lines belong into the configuration of the daemon, which is started again then:\n${lines.join('')}`,
    );
  const path =
    options.config ?? join(await chooseStateDirectory(options, 'command', terminal.env), OPERATOR_FILE);
  return { path, lines };
}

async function isConfirmed(
  invocation: Invocation,
  previews: readonly AdoptionPreview[],
  policy: MissingPolicy | null,
  { yes }: Flags,
): Promise<boolean> {
  if (yes === true) return true;
  const { terminal, options } = invocation;
  if (!terminal.canAsk || options.json === true)
    throw new UsageError(
      'taking projects over needs a yes; nothing was changed',
      'repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  if (policy !== null)
    terminal.out(
      `${existsSync(policy.path) ? 'Lines' : 'A file with lines'} for ${policy.path}, which allow it:\n${indent(policy.lines.join(''))}`,
    );
  const names = previews.map(({ project }) => project.name).join(', ');
  const allow = policy === null ? '' : ', allow it';
  if (await askYes(invocation, `Commit these files${allow} and take ${names} over?`)) return true;
  remark(invocation, 'nothing was changed');
  return false;
}

async function carryOut(invocation: Invocation, previews: readonly AdoptionPreview[]): Promise<number> {
  const { options, interrupt, style, terminal } = invocation;
  const adopted: { readonly stack: string; readonly commit: string; readonly file: string }[] = [];
  {
    await using session = await invocation.openSession('apply', 'adopt');
    for (const { stack, project } of previews) {
      const one = await session.adopt({ project: project.name, node: project.node, stack }, interrupt.signal);
      adopted.push(one);
      if (options.json !== true)
        terminal.out(
          `${style.good('✓')} ${project.name} is the stack ${one.stack}: commit ${one.commit.slice(0, 10)}`,
        );
    }
    if (options.json === true) terminal.out(JSON.stringify({ adopted, previews }, null, 2));
    if (options.json !== true && previews.some(({ files }) => files.includes(RECIPIENTS)))
      terminal.out(
        `  passwords are encrypted now; ${await whereKeyIs(invocation)} alone opens them: keep a copy elsewhere`,
      );
    // A daemon does it by itself.
    if (options.server !== undefined) return EXIT.ok;
    const changing = previews.filter(({ plan }) => isChanging(plan)).map(({ stack }) => stack);
    if (changing.length === 0) return EXIT.ok;
    return await applyStacks(session, changing, invocation);
  }
}

/** A repository without it gets one for the key of this machine. */
const RECIPIENTS = '.age-recipients';

async function whereKeyIs({ options, terminal }: Invocation): Promise<string> {
  if (options.server !== undefined) return 'age.key in the state directory of the daemon';
  return join(await chooseStateDirectory(options, 'command', terminal.env), 'age.key');
}

function isChanging(plan: AdoptionPreview['plan']): boolean {
  if (plan === null) return false;
  const { summary } = plan;
  return summary.create + summary.update + summary.replace + summary.delete > 0;
}

async function runRelease(invocation: Invocation, stacks: readonly string[], yes: boolean): Promise<number> {
  const { terminal, options, interrupt, style } = invocation;
  const names = stacks.join(', ');
  if (!yes && (!terminal.canAsk || options.json === true))
    throw new UsageError(`giving ${names} back needs a yes`, 'repeat with --yes', 'CONFIRMATION_REQUIRED');
  await using session = await invocation.openSession('apply', 'release');
  const known = (await session.repository(interrupt.signal)).stacks;
  const unknown = stacks.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UsageError(
      `there is no stack ${unknown.join(', ')}; nothing was changed`,
      known.length === 0 ? 'none is described' : `there are: ${known.join(', ')}`,
      'UNKNOWN_STACK',
    );
  const question = `Give ${names} back to Compose? What runs of ${stacks.length === 1 ? 'it' : 'them'} runs on, and is left alone.`;
  if (!yes && !(await askYes(invocation, question))) {
    remark(invocation, 'nothing was changed');
    return EXIT.failed;
  }
  for (const stack of stacks) {
    const released = await session.release(stack, interrupt.signal);
    present(
      invocation,
      released,
      () =>
        `${style.good('✓')} ${stack} is Compose's again: commit ${released.commit.slice(0, 10)} lists it under released in ${released.file}`,
    );
  }
  if (options.json !== true)
    terminal.out(
      '  docker compose up -d in the directory of the project finds it as it is, when its files there are those of the repository',
    );
  return EXIT.ok;
}

function formatProjects({ style, terminal, options }: Invocation, projects: readonly ProjectView[]): string {
  const rows = projects.map((one) => {
    const services = [...new Set(one.containers.map(({ service }) => service))];
    return [one.name, one.node ?? 'here', services.join(', '), one.directory ?? '-', one.adoptedBy ?? '-'];
  });
  if (!terminal.isTerminal) return formatPlainRows(rows);
  if (rows.length === 0) return 'no Compose project runs here';
  const table = formatTable(['PROJECT', 'NODE', 'SERVICES', 'DIRECTORY', 'STACK'].map(style.dim), rows);
  const free = projects.some(({ adoptedBy }) => adoptedBy === null);
  return free && options.json !== true
    ? `${table}\n${style.dim('kombinator adopt PROJECT takes one over as it runs, --all every one that is free')}`
    : table;
}

function formatPreview({ style }: Invocation, preview: AdoptionPreview): string {
  const { project, stack, notes, plan, diagnostics } = preview;
  const { directory } = project;
  const lines = [style.bold(`${project.name} as the stack ${stack}`)];
  lines.push(...formatNotes(style, notes, (path) => `${directory ?? ''}/${path}`));
  for (const finding of diagnostics) lines.push(`  ${formatDiagnostic(finding)}`);
  if (plan !== null)
    lines.push(
      isChanging(plan)
        ? indent(formatPlan(plan, { color: style.color }))
        : `  ${style.good('Nothing would change: everything runs as described.')}`,
    );
  return `${lines.join('\n')}\n`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ').trimEnd();
}
