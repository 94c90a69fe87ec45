import type { Command } from 'commander';
import type { Job, JobDetail, JobStatus } from '../../../reconciler/index.ts';
import { formatSummary } from '../../../reconciler/index.ts';
import { EXIT } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present } from '../invocation.ts';
import { formatStep } from '../terminal/progress.ts';
import { firstLine, showRows, showTime } from '../terminal/rows.ts';
import { formatDuration, formatPlainRows } from '../terminal/table.ts';
import type { Style } from '../terminal/terminal.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { parseCount } from '../options.ts';

export interface JobsOptions {
  /** Show this one with its steps and log. */
  readonly id?: string;
  readonly stack?: string;
  readonly limit: number;
  /** Lists plans as well. */
  readonly plans: boolean;
}

export function addJobs(program: Command, hooks: ProgramHooks): void {
  program
    .command('jobs')
    .description('list what was done, without plans; with an id, its steps and log')
    .argument('[id]')
    .option('--stack <name>', 'only jobs of this stack')
    .option('--plans', 'list plans as well')
    .option('--limit <count>', 'at most so many', (text) => parseCount(text, '--limit'), 20)
    .action(
      on(
        hooks,
        (invocation, options: { stack?: string; limit: number; plans?: true }, id: string | undefined) =>
          runJobs(invocation, {
            ...options,
            plans: options.plans === true,
            ...(id !== undefined && { id }),
          }),
      ),
    );
}

async function runJobs(invocation: Invocation, { id, stack, limit, plans }: JobsOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'jobs');
  const { signal } = invocation.interrupt;
  if (id !== undefined) {
    const detail = await session.getJob(id, signal);
    present(invocation, detail, () => formatJob(invocation, detail));
    return EXIT.ok;
  }
  const filter = { limit, ...(stack !== undefined && { stack }), ...(!plans && { except: 'plan' as const }) };
  const jobs = await session.listJobs(filter, signal);
  present(invocation, { jobs }, () => formatJobs(invocation, jobs));
  return EXIT.ok;
}

function formatJobs(invocation: Invocation, jobs: readonly Job[]): string {
  const { style, terminal } = invocation;
  if (!terminal.isTerminal) return formatPlainRows(jobs.map(toPlainRow));
  if (jobs.length === 0) return 'no jobs';
  const rows = jobs.map((job) => {
    const took = formatDuration(job.startedAt, job.endedAt);
    const words = [
      ...(took === '' ? [] : [`in ${took}`]),
      ...(job.tag === null ? [] : [style.accent(job.tag)]),
    ];
    return [
      job.id,
      style.bold(job.stack),
      `${job.type} (${job.trigger})`,
      paintStatus(job.status, style),
      showTime(invocation, job.createdAt),
      `${words.join(', ')}${job.error === null ? '' : `: ${style.bad(firstLine(job.error.message))}`}`,
    ];
  });
  return showRows(invocation, ['JOB', 'STACK', 'WHAT', 'STATUS', 'WHEN', 'RESULT'], rows);
}

function toPlainRow(job: Job): readonly string[] {
  return [
    job.id,
    job.stack,
    job.type,
    job.status,
    job.trigger,
    job.createdAt,
    formatDuration(job.startedAt, job.endedAt) || '-',
    job.tag ?? job.error?.message ?? '',
  ];
}

function formatJob(invocation: Invocation, { job, steps, logs }: JobDetail): string {
  const { style, terminal } = invocation;
  const took = formatDuration(job.startedAt, job.endedAt);
  return [
    `${style.bold(job.id)}  ${job.type} of ${style.bold(job.stack)}  ${paintStatus(job.status, style)}`,
    `trigger   ${job.trigger}${job.actor === null ? '' : ` by ${job.actor}`}`,
    `when      ${showTime(invocation, job.createdAt)}${took === '' ? '' : `, took ${took}`}`,
    `revision  ${job.revision ?? '-'}`,
    ...(job.summary ? [`plan      ${formatSummary(job.summary)}`] : []),
    ...(job.tag === null ? [] : [`tag       ${job.tag}`]),
    ...(job.error === null ? [] : [`error     ${style.bad(job.error.message)} [${job.error.code}]`]),
    ...steps.map((step) => formatStep(job.stack, step, style)),
    ...logs.map(({ time, level, step, message }) =>
      [
        style.dim(terminal.isTerminal ? sinceStart(job, time) : time),
        level.padEnd(5),
        ...(step === null ? [] : [step]),
        message,
      ].join(' '),
    ),
  ].join('\n');
}

/** `+  1.2 s` after the job began. */
function sinceStart({ startedAt, createdAt }: Job, time: string): string {
  const seconds = Math.max(0, Date.parse(time) - Date.parse(startedAt ?? createdAt)) / 1_000;
  return `+${seconds.toFixed(1).padStart(5)} s`;
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
