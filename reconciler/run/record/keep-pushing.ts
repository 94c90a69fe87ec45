import { withAbortScope } from '../../base/abort-scope.ts';
import type { RunContext } from '../context.ts';
import { rememberStack } from '../context.ts';

/** Pause before tags are pushed again that the remote did not take. */
const PUSH_RETRY_MS = 30_000;
/** Time that a process which ends has for its last push. */
const LAST_PUSH_MS = 5_000;

/** Pushes the tags that have come in quick succession, together, and again those that were not taken, until the signal aborts: then once more. */
export async function keepPushing(context: RunContext, signal: AbortSignal): Promise<void> {
  const { deployments, clock } = context;
  deployments.leaveToOthers();
  try {
    for (;;) {
      await deployments.untilUnpushed(signal);
      await clock.sleep(deployments.pushWait(), signal);
      const isDone = await deployments.pushPending(signal);
      noteUnpushed(context);
      if (!isDone) await clock.sleep(PUSH_RETRY_MS, signal);
    }
  } finally {
    if (deployments.pushError === null)
      await withAbortScope({ signals: [], timeoutMs: LAST_PUSH_MS }, (last) => deployments.pushPending(last));
    noteUnpushed(context);
  }
}

/** The next process need not push what stands at the remote. */
function noteUnpushed(context: RunContext): void {
  for (const stack of context.deployments.takePushed())
    rememberStack(context, stack, { unpushedTags: context.deployments.unpushedOf(stack) });
}
