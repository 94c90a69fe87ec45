import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { Plan } from '../../plan/plan.ts';
import type { PendingTag } from '../../ports/store.ts';
import { recallStack, rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import { describeDeployment } from './deployment-tag.ts';
import type { JobRecorder } from './job-store.ts';

const TAG_PUSH_TIMEOUT_MS = 15_000;
/** Tags that could not be made cost no more than a look at the repository. */
const TAG_RETRY_MS = 5_000;

/**
 * Writes down what the tag of a deployment is to say, as soon as the targets are as planned: whatever becomes of this process or the repository
 * from here on, the tag is made from that.
 */
export function noteDeployed(context: RunContext, plan: Plan, job: JobRecorder): void {
  const { stack, revision } = plan;
  if (revision === null) return;
  const { id: jobId, actor, trigger, startedAt } = job.job;
  const head = context.desired.revision;
  const pending = describeDeployment({
    plan,
    revision,
    jobId,
    author: actor ?? (head?.commit === revision ? head.author.name : null),
    file: context.desired.get(stack)?.file ?? null,
    trigger,
    time: new Date(context.clock.now()).toISOString(),
    durationMs: startedAt === null ? null : Math.max(0, context.clock.now() - Date.parse(startedAt)),
  });
  const earlier = recallStack(context, stack).pendingTags.filter((one) => one.jobId !== jobId);
  rememberStack(context, stack, { pendingTags: [...earlier, pending] });
  context.deployments.expect(stack);
}

/** Makes the tags that a stack's deployments have not left yet, oldest first, as far as the repository lets it. Throws nothing. */
export function settleTags(context: RunContext, stack: string): Promise<void> {
  return context.deployments.oneAtATime(stack, async () => {
    // A command that ended could not push them.
    context.deployments.remember(recallStack(context, stack).unpushedTags);
    for (const pending of recallStack(context, stack).pendingTags) {
      if (!(await settle(context, stack, pending))) return;
      const { pendingTags } = recallStack(context, stack);
      rememberStack(context, stack, {
        pendingTags: pendingTags.filter(({ jobId }) => jobId !== pending.jobId),
        unpushedTags: context.deployments.unpushedOf(stack),
      });
    }
    context.deployments.settled(stack);
  });
}

/** Tries all that wait, of every stack, again and again until the signal aborts. */
export async function keepTagging(context: RunContext, signal: AbortSignal): Promise<void> {
  for (;;) {
    await context.deployments.untilExpected(signal);
    await context.clock.sleep(TAG_RETRY_MS, signal);
    for (const stack of context.deployments.expected()) await settleTags(context, stack);
  }
}

/** @returns whether it waits no longer */
async function settle(context: RunContext, stack: string, pending: PendingTag): Promise<boolean> {
  const { deployments, jobs, logger } = context;
  const { jobId, revision } = pending;
  try {
    const { tag } = await withAbortScope({ signals: [], timeoutMs: TAG_PUSH_TIMEOUT_MS }, (signal) =>
      deployments.record(stack, pending, signal),
    );
    jobs.noteTag(jobId, tag);
    if (deployments.pushError !== null)
      jobs.addLog(
        jobId,
        'warn',
        `${tag} is not pushed yet and will be tried again: ${deployments.pushError}`,
      );
    return true;
  } catch (error) {
    const message = errorMessage(error);
    if (isReconcilerError(error, 'GIT_ERROR') && (await isGone(context, revision))) {
      jobs.addLog(jobId, 'error', `the deployment cannot be tagged any more: ${message}`);
      logger.error({ stack, revision, error: message }, 'a deployment cannot be tagged any more');
      return true;
    }
    if (!deployments.failed(stack, message)) return false;
    jobs.addLog(jobId, 'error', `the deployment could not be tagged, and it is tried again: ${message}`);
    logger.error({ stack, error: message }, 'the deployment could not be tagged');
    return false;
  }
}

/**
 * Tells whether the repository has lost a commit for good. One that lacks what is in force as well is another one that stands in its place, or is
 * being restored: its commits may come back.
 */
async function isGone({ source, desired }: RunContext, revision: string): Promise<boolean> {
  const lookFor = (commit: string) => source.contains(commit).catch(() => 'unknown' as const);
  const inForce = desired.revision?.commit;
  return inForce !== undefined && (await lookFor(revision)) === false && (await lookFor(inForce)) === true;
}
