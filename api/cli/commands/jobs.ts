import type { Command } from 'commander';
import type { Job, JobDetail, JobStatus } from '../../../reconciler/index.ts';
import { formatSummary } from '../../../reconciler/index.ts';
import { EXIT } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present } from '../invocation.ts';
import { formatStep } from '../terminal/progress.ts';
import { formatAge, formatDuration, formatPlainRows, formatTable } from '../terminal/table.ts';
import type { Style } from '../terminal/terminal.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { parseCount } from '../options.ts';

export interface JobsOptions {
  /** Show this one with its steps and log. */
  readonly id?: string;
  readonly stack?: string;
  readonly limit: number;
}

export function addJobs(program: Command, hooks: ProgramHooks): void {
  program
    .command('jobs')
    .description('list what was done; with an id, its steps and log')
    .argument('[id]')
    .option('--stack <name>', 'only jobs of this stack')
    .option('--limit <count>', 'at most so many', (text) => parseCount(text, '--limit'), 20)
    .action(
      on(hooks, (invocation, options: { stack?: string; limit: number }, id: string | undefined) =>
        runJobs(invocation, { ...options, ...(id !== undefined && { id }) }),
      ),
    );
}

async function runJobs(invocation: Invocation, { id, stack, limit }: JobsOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'jobs');
  const { signal } = invocation.interrupt;
  if (id !== undefined) {
    const detail = await session.getJob(id, signal);
    present(invocation, detail, () => formatJob(invocation, detail));
    return EXIT.ok;
  }
  const jobs = await session.listJobs({ limit, ...(stack !== undefined && { stack }) }, signal);
  present(invocation, { jobs }, () => formatJobs(invocation, jobs));
  return EXIT.ok;
}

function formatJobs({ style, terminal, now }: Invocation, jobs: readonly Job[]): string {
  if (jobs.length === 0) return terminal.isTerminal ? 'no jobs' : '';
  const rows = jobs.map((job) => [
    job.id,
    style.bold(job.stack),
    job.type,
    paintStatus(job.status, style),
    job.trigger,
    terminal.isTerminal ? formatAge(Date.parse(job.createdAt), now()) : job.createdAt,
    formatDuration(job.startedAt, job.endedAt) || '-',
    job.tag ?? job.error?.message ?? '',
  ]);
  if (!terminal.isTerminal) return formatPlainRows(rows);
  const header = ['JOB', 'STACK', 'TYPE', 'STATUS', 'TRIGGER', 'WHEN', 'TOOK', 'RESULT'];
  return formatTable(header.map(style.dim), rows);
}

function formatJob({ style }: Invocation, { job, steps, logs }: JobDetail): string {
  return [
    `${style.bold(job.id)}  ${job.type} of ${style.bold(job.stack)}  ${paintStatus(job.status, style)}`,
    `trigger   ${job.trigger}${job.actor === null ? '' : ` by ${job.actor}`}`,
    `revision  ${job.revision ?? '-'}`,
    ...(job.summary ? [`plan      ${formatSummary(job.summary)}`] : []),
    ...(job.tag === null ? [] : [`tag       ${job.tag}`]),
    ...(job.error === null ? [] : [`error     ${style.bad(job.error.message)} [${job.error.code}]`]),
    ...steps.map((step) => formatStep(job.stack, step, style)),
    ...logs.map(({ time, level, step, message }) =>
      [style.dim(time), level.padEnd(5), ...(step === null ? [] : [step]), message].join(' '),
    ),
  ].join('\n');
}

function paintStatus(status: JobStatus, style: Style): string {
  switch (status) {
    case 'completed':
      return style.good(status);
    case 'failed':
      return style.bad(status);
    case 'queued':
    case 'running':
    case 'cancelled':
      return style.warn(status);
    default:
      return status satisfies never;
  }
}
