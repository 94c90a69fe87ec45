import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { present } from '../invocation.ts';
import { parseCount } from '../options.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { EXIT } from '../terminal/failure.ts';
import { createLineProgress } from '../terminal/progress.ts';
import { showRows, showTime } from '../terminal/rows.ts';
import { formatDuration } from '../terminal/table.ts';
import type { VersionDifference, WorkflowPlace } from './workflow-session.ts';

const RUNS = 10;

/** `workflow`: what is described as a graph, its runs and its versions. */
export function addWorkflows(program: Command, hooks: ProgramHooks): void {
  const workflow = program
    .command('workflow')
    .description('workflows by id or name: their runs, their versions, and what differs between these');
  workflow
    .command('list')
    .description('list workflows')
    .action(on(hooks, (invocation) => runList(invocation)));
  workflow
    .command('run')
    .description('apply a published workflow as it is saved, and mark it as a version')
    .argument('<workflow>')
    .option('--cluster <name>', 'cluster to run on from now on; a commit')
    .option('--namespace <name>', 'namespace to run in from now on; a commit')
    .action(on(hooks, (invocation, place: WorkflowPlace, name: string) => runRun(invocation, name, place)));
  workflow
    .command('runs')
    .description('list its runs, the newest first')
    .argument('<workflow>')
    .option('--limit <count>', 'how many at most (default: 10)', (text) => parseCount(text, '--limit'))
    .action(
      on(hooks, (invocation, { limit = RUNS }: { readonly limit?: number }, name: string) =>
        runRuns(invocation, name, limit),
      ),
    );
  workflow
    .command('versions')
    .description('list its versions, the newest first')
    .argument('<workflow>')
    .action(on(hooks, (invocation, _options, name: string) => runVersions(invocation, name)));
  workflow
    .command('diff')
    .description('tell which nodes and edges differ between two versions')
    .argument('<workflow>')
    .argument('<from>')
    .argument('<to>')
    .action(
      on(hooks, (invocation: Invocation, _options, ...[name, from, to]: [string, string, string]) =>
        runDiff(invocation, name, [parseCount(from, 'from'), parseCount(to, 'to')]),
      ),
    );
}

type Row = readonly string[];

/** Rows for programs, a table with a head for people. */
function table(invocation: Invocation, head: Row, rows: readonly Row[], none: string): string {
  return rows.length === 0 && invocation.terminal.isTerminal ? none : showRows(invocation, head, rows);
}

async function runList(invocation: Invocation): Promise<number> {
  await using session = await invocation.openSession('read', 'workflow list');
  const workflows = await session.listWorkflows(invocation.interrupt.signal);
  const rows = workflows.map(({ id, name, status, cluster }) => [id, name, status, cluster || '-']);
  present(invocation, { workflows }, () =>
    table(invocation, ['ID', 'NAME', 'STATUS', 'CLUSTER'], rows, 'There are no workflows.'),
  );
  return EXIT.ok;
}

async function runRun(invocation: Invocation, name: string, place: WorkflowPlace): Promise<number> {
  const { terminal, style, interrupt, options } = invocation;
  await using session = await invocation.openSession('apply', 'workflow run');
  const { jobId, version } = await session.runWorkflow(name, place, interrupt.signal);
  const toErr = options.json === true || !terminal.isTerminal;
  using progress = createLineProgress((line) => (toErr ? terminal.err(line) : terminal.out(line)), style);
  const onStep = (step: Parameters<typeof progress.step>[1]) => progress.step(name, step);
  const { job } = await session.followJob(jobId, onStep, interrupt.signal);
  const isDone = job.status === 'completed';
  present(invocation, { version, job }, () => {
    const error = job.error === null ? job.status : `${job.error.message} [${job.error.code}]`;
    const mark = isDone ? style.good('✓') : style.bad('✗');
    return `${mark} ${style.bold(name)} version ${version}${isDone ? '' : `: ${error}`}`;
  });
  if (interrupt.stopped) return EXIT.interrupted;
  return isDone ? EXIT.ok : EXIT.failed;
}

async function runRuns(invocation: Invocation, name: string, limit: number): Promise<number> {
  await using session = await invocation.openSession('read', 'workflow runs');
  const runs = await session.workflowRuns(name, limit, invocation.interrupt.signal);
  const rows = runs.map(({ id, version, status, trigger, startedAt, endedAt, error }) => [
    id,
    version === null ? '-' : String(version),
    status,
    trigger,
    showTime(invocation, startedAt),
    formatDuration(startedAt, endedAt) || '-',
    error ?? '',
  ]);
  const head = ['RUN', 'VERSION', 'STATUS', 'TRIGGER', 'WHEN', 'TOOK', 'ERROR'];
  present(invocation, { workflow: name, runs }, () =>
    table(invocation, head, rows, `${name} has not run yet`),
  );
  return EXIT.ok;
}

async function runVersions(invocation: Invocation, name: string): Promise<number> {
  await using session = await invocation.openSession('read', 'workflow versions');
  const versions = await session.workflowVersions(name, invocation.interrupt.signal);
  const rows = versions.map(({ number, label, author, time, description, ...version }) => [
    String(number),
    version.name || '-',
    label || '-',
    author,
    showTime(invocation, time),
    description.split('\n', 1)[0] ?? '',
  ]);
  const head = ['VERSION', 'NAME', 'TAG', 'AUTHOR', 'WHEN', 'DESCRIPTION'];
  present(invocation, { workflow: name, versions }, () =>
    table(invocation, head, rows, `${name} has no versions yet`),
  );
  return EXIT.ok;
}

async function runDiff(
  invocation: Invocation,
  name: string,
  numbers: readonly [number, number],
): Promise<number> {
  await using session = await invocation.openSession('read', 'workflow diff');
  const found = await session.compareVersions(name, numbers, invocation.interrupt.signal);
  const [from, to] = numbers;
  present(invocation, { workflow: name, from, to, ...found }, () => {
    const lines = formatDifference(invocation, found);
    return lines.length === 0 ? `versions ${from} and ${to} are the same` : lines.join('\n');
  });
  return EXIT.ok;
}

function formatDifference({ style }: Invocation, found: VersionDifference): readonly string[] {
  const [plus, minus, other] = [style.good('+'), style.bad('-'), style.warn('~')];
  return [
    ...found.addedNodes.map(({ id, type }) => `${plus} ${type} ${id}`),
    ...found.removedNodes.map(({ id, type }) => `${minus} ${type} ${id}`),
    ...found.modifiedNodes.map(({ id, type }) => `${other} ${type} ${id}`),
    ...found.addedEdges.map(({ source, target }) => `${plus} ${source} → ${target}`),
    ...found.removedEdges.map(({ source, target }) => `${minus} ${source} → ${target}`),
  ];
}
