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
  const commits = createCommits(context);
  const deployed: HistoryEntry[] = [];
  for (const record of records) {
    const job = record.jobId === null ? undefined : byId.get(record.jobId);
    const commit = await commits(record.revision);
    deployed.push({ ...fromTag(record, job, commit), author: record.author ?? commit.author });
  }
  const untagged: HistoryEntry[] = [];
  for (const pending of recallStack(context, stack).pendingTags) {
    const record = readPending(stack, pending);
    if (record === null || records.some(({ jobId }) => jobId === pending.jobId)) continue;
    const entry = fromTag(record, byId.get(pending.jobId), await commits(record.revision));
    const reason = context.deployments.whyUntagged(stack);
    const message = `not tagged yet${reason === null ? '' : `: ${reason}`}`;
    untagged.push({ ...entry, number: null, tag: null, message });
  }
  const tags = new Set(records.map(({ tag }) => tag));
  const failed: HistoryEntry[] = [];
  for (const job of jobs) {
    if (job.tag !== null && tags.has(job.tag)) continue;
    if (job.status !== 'failed' && job.status !== 'cancelled') continue;
    const commit = await commits(job.revision);
    failed.push({ ...fromJob(job, job.status, commit), author: job.actor ?? commit.author });
  }
  for (const job of recallJobs(context, stack, 'plan')) {
    if (!HELD_TRIGGERS.has(job.trigger) || job.error === null) continue;
    failed.push(fromJob(job, 'held', await commits(job.revision)));
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

/** The part of a commit that a history tells; `null` when the repository does not have it (any more). */
type KnownCommit = Pick<HistoryEntry, 'author' | 'subject'>;

const UNKNOWN_COMMIT: KnownCommit = { author: null, subject: null };

/** Looks each commit up once. */
function createCommits({ source }: RunContext): (revision: string | null) => Promise<KnownCommit> {
  const known = new Map<string, Promise<KnownCommit>>();
  return async (revision) => {
    if (revision === null) return UNKNOWN_COMMIT;
    const before = known.get(revision);
    if (before !== undefined) return before;
    const found = source.lookup(revision).then(
      ({ author, subject }): KnownCommit => ({ author: author.name, subject }),
      () => UNKNOWN_COMMIT,
    );
    known.set(revision, found);
    return found;
  };
}

function fromTag(record: DeploymentRecord, job: Job | undefined, { subject }: KnownCommit): HistoryEntry {
  const { number, tag, revision, author, jobId, summary } = record;
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
    subject,
    durationMs: (job === undefined ? null : durationOf(job)) ?? record.durationMs,
    message: null,
  };
}

function fromJob(
  job: Job,
  result: 'failed' | 'cancelled' | 'held',
  { author, subject }: KnownCommit,
): HistoryEntry {
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
    subject,
    durationMs: durationOf(job),
    message: job.error?.message ?? null,
  };
}

function durationOf({ startedAt, endedAt }: Job): number | null {
  return startedAt === null || endedAt === null
    ? null
    : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
