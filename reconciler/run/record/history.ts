import { errorMessage } from '../../base/errors.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Job } from '../../ports/store.ts';
import type { HistoryEntry } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { recallStack } from '../context.ts';
import type { DeploymentRecord } from './deployment-tag.ts';
import { readPending } from './deployment-tag.ts';

/** Triggers of plans that nobody has asked for by name, and that say what they wait for. */
const HELD_TRIGGERS: ReadonlySet<string> = new Set(['push', 'drift']);
/** Jobs looked at for deployments that left no tag. */
const MAX_JOBS_SEARCHED = 500;

/**
 * Every deployment of a stack, oldest first: those that came to an end as their tags tell, so that a lost state directory
 * loses none of them, and those that failed as the store remembers.
 */
export async function readHistory(context: RunContext, stack: string): Promise<readonly HistoryEntry[]> {
  const records = await context.deployments.history(stack);
  const jobs = recallJobs(context, stack, 'apply');
  const all = [...jobs, ...recallJobs(context, stack, 'destroy')];
  const byId = new Map(all.map((job) => [job.id, job]));
  const authors = new Map<string, string | null>();
  const deployed: HistoryEntry[] = [];
  for (const record of records) {
    const job = record.jobId === null ? undefined : byId.get(record.jobId);
    const author = record.author ?? (await authorOf(context, record.revision, authors));
    deployed.push(fromTag(record, job, author));
  }
  const untagged: HistoryEntry[] = [];
  for (const pending of recallStack(context, stack).pendingTags) {
    const record = readPending(stack, pending);
    if (record === null || records.some(({ jobId }) => jobId === pending.jobId)) continue;
    const entry = fromTag(record, byId.get(pending.jobId), record.author);
    const reason = context.deployments.whyUntagged(stack);
    const message = `not tagged yet${reason === null ? '' : `: ${reason}`}`;
    untagged.push({ ...entry, number: null, tag: null, message });
  }
  const tags = new Set(records.map(({ tag }) => tag));
  const failed: HistoryEntry[] = [];
  for (const job of jobs) {
    if (job.tag !== null && tags.has(job.tag)) continue;
    if (job.status !== 'failed' && job.status !== 'cancelled') continue;
    const author =
      job.actor ?? (job.revision === null ? null : await authorOf(context, job.revision, authors));
    failed.push(fromJob(job, job.status, author));
  }
  for (const job of recallJobs(context, stack, 'plan')) {
    if (!HELD_TRIGGERS.has(job.trigger) || job.error === null) continue;
    failed.push(
      fromJob(job, 'held', job.revision === null ? null : await authorOf(context, job.revision, authors)),
    );
  }
  return inOrder([...failed, ...untagged], deployed);
}

/**
 * Merges by time, but never puts a deployment before one with a smaller number: while its job ends, only the whole seconds of its tag are
 * known of when it was. At the same time what failed stands before what was deployed.
 */
export function inOrder<T extends Pick<HistoryEntry, 'number' | 'time'>>(
  failed: readonly T[],
  deployed: readonly T[],
): T[] {
  let latest = 0;
  const numbered = deployed.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0));
  const times = new Map(
    numbered.map((entry) => [entry, (latest = Math.max(latest, Date.parse(entry.time)))]),
  );
  const timeOf = (entry: T) => times.get(entry) ?? Date.parse(entry.time);
  return [...failed, ...numbered].sort((a, b) => timeOf(a) - timeOf(b));
}

function recallJobs(context: RunContext, stack: string, type: 'apply' | 'destroy' | 'plan'): readonly Job[] {
  try {
    return context.jobs.list({ stack, type, limit: MAX_JOBS_SEARCHED }).jobs;
  } catch (error) {
    context.logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be read');
    return [];
  }
}

/** Returns the author of a commit; `null` when the repository does not have it (any more). */
async function authorOf(
  { source }: RunContext,
  revision: string,
  known: Map<string, string | null>,
): Promise<string | null> {
  const before = known.get(revision);
  if (before !== undefined) return before;
  const author = await source.lookup(revision).then(
    (found) => found.author.name,
    () => null,
  );
  known.set(revision, author);
  return author;
}

function fromTag(record: DeploymentRecord, job: Job | undefined, author: string | null): HistoryEntry {
  const { number, tag, revision, jobId, summary } = record;
  return {
    number,
    tag,
    revision,
    time: job?.endedAt ?? record.time,
    author,
    jobId,
    summary,
    result: record.isRemoval ? 'removed' : 'deployed',
    trigger: record.trigger ?? job?.trigger ?? null,
    durationMs: (job === undefined ? null : durationOf(job)) ?? record.durationMs,
    message: null,
  };
}

function fromJob(job: Job, result: 'failed' | 'cancelled' | 'held', author: string | null): HistoryEntry {
  return {
    number: null,
    tag: null,
    revision: job.revision,
    time: job.endedAt ?? job.createdAt,
    author,
    jobId: job.id,
    summary: job.summary === null ? '' : formatSummary(job.summary),
    result,
    trigger: job.trigger,
    durationMs: durationOf(job),
    message: job.error?.message ?? null,
  };
}

function durationOf({ startedAt, endedAt }: Job): number | null {
  return startedAt === null || endedAt === null
    ? null
    : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
