import { createKombinator } from '../../reconciler/index.ts';
import type { SyncState } from '../../reconciler/index.ts';
import { createQuietLogger } from './fakes/quiet-logger.ts';

/*
 * A daemon in a process of its own, for tests that kill it: `node daemon-process.ts REPO STATE_DIR STACK`. Tells its parent about
 * every job and state of the stack.
 */

export type DaemonMessage =
  | {
      readonly type: 'state';
      readonly state: SyncState;
      readonly revision: string;
      readonly message: string | null;
    }
  | { readonly type: 'job'; readonly status: string; readonly revision: string | null };

const [repo = '', stateDir = '', stack = ''] = process.argv.slice(2);
const kombinator = await createKombinator({
  repo,
  stateDir,
  stableMs: 0,
  logger: createQuietLogger(),
  env: process.env,
});
const { reconciler } = kombinator;
reconciler.subscribe((event) => {
  if (event.type === 'job' && event.job.stack === stack)
    tell({ type: 'job', status: event.job.status, revision: event.job.revision });
  if (event.type === 'stack' && event.stack === stack) tellState();
  if (event.type === 'repository') tellState();
});
process.on('disconnect', () => process.exit());
await reconciler.start();

function tellState(): void {
  const revision = reconciler.repository().revision?.commit ?? '';
  if (!reconciler.stackNames().includes(stack)) return;
  const { state, message } = reconciler.getStack(stack);
  tell({ type: 'state', state, revision, message });
}

function tell(message: DaemonMessage): void {
  process.send?.(message);
}
