import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { TargetReference } from '../../model/target.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { Job } from '../../ports/store.ts';
import type { PullRequest } from '../../public/upkeep/upkeep.ts';
import type { RunContext } from '../context.ts';
import type { Background } from '../loop/background.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { noteFetchedAhead } from './fetched-images.ts';

interface Wanted {
  readonly resource: DesiredResource;
  readonly reference: TargetReference;
}

/** Begins to fetch the images of a stack. Throws UNKNOWN_STACK. */
export function startPull(context: RunContext, background: Background, request: PullRequest): Job {
  const { stack, trigger, actor } = request;
  const description = context.desired.get(stack);
  if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const wanted = description.resources.flatMap((resource): Wanted[] => {
    const reference = description.targets.find(({ name }) => name === resource.target);
    const isFetched = resource.kind === 'image' && resource.spec['build'] === undefined;
    return reference === undefined || !isFetched ? [] : [{ resource, reference }];
  });
  const revision = context.desired.revision?.commit ?? null;
  const job = context.jobs.create({ type: 'pull', stack, trigger, actor: actor?.name ?? null, revision });
  background.run(`pull ${stack}`, (signal) => runPull(context, wanted, job, signal));
  return job.job;
}

/** One after the other, since they share a line; one that cannot be fetched keeps no other from it. */
async function runPull(
  context: RunContext,
  wanted: readonly Wanted[],
  job: JobRecorder,
  signal: AbortSignal,
): Promise<void> {
  job.start();
  job.plan(
    wanted.map(({ resource }, index) => ({
      jobId: job.job.id,
      index,
      name: resource.id,
      action: null,
      status: 'pending' as const,
      message: null,
      health: null,
      startedAt: null,
      endedAt: null,
    })),
  );
  if (wanted.length === 0) job.log('info', 'no node of it fetches images ahead');
  const failures: unknown[] = [];
  for (const [index, one] of wanted.entries()) {
    try {
      signal.throwIfAborted();
      await pullOne(context, one, { job, index }, signal);
    } catch (error) {
      failures.push(error);
      job.step(index, { status: 'failed', message: errorMessage(error), endedAt: timeOf(context) });
      job.log('error', errorMessage(error), one.resource.id);
    }
  }
  const [failure] = failures;
  if (failure === undefined) job.end('completed');
  else job.end(signal.aborted ? 'cancelled' : 'failed', failure);
}

async function pullOne(
  context: RunContext,
  { resource, reference }: Wanted,
  { job, index }: { readonly job: JobRecorder; readonly index: number },
  signal: AbortSignal,
): Promise<void> {
  const { pool } = context;
  job.step(index, { status: 'running', startedAt: timeOf(context) });
  const progress = (message: string) => job.step(index, { message });
  const ended = await pool.ask(reference, async (target) =>
    hasCapability(target, 'fetchesImages') ? target.fetchImage(resource, { signal, progress }) : null,
  );
  if (ended !== null) noteFetchedAhead(context, reference, resource, ended);
  const message =
    ended === null ? `${reference.name} fetches images itself, when it needs them` : SAID[ended.outcome];
  const digest = ended?.digest ?? null;
  const said = digest === null ? message : `${message} (${digest.slice(0, 19)})`;
  job.step(index, { status: 'completed', message: said, endedAt: timeOf(context) });
  job.log('info', said, resource.id);
}

const SAID = {
  fetched: 'fetched',
  ahead: 'a newer one is here for the next update',
  current: 'nothing newer',
  kept: 'not fetched: its pull policy is never',
} as const;

function timeOf({ clock }: RunContext): string {
  return new Date(clock.now()).toISOString();
}
