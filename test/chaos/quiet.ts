import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from './rig.ts';
import type { Json } from './parts/daemon.ts';
import { compareWorld } from './world/compare.ts';
import { hasUnreadable, isHindered } from './world/model.ts';
import type { WorldModel } from './world/model.ts';

export interface Quiet {
  readonly isQuiet: boolean;
  /** Time that it took. */
  readonly milliseconds: number;
  /** The last thing in the way; `null` when nothing was. */
  readonly reason: string | null;
  /** The daemon said for longer than ten seconds that all is as described, and it was not: what differed. */
  readonly lie: readonly string[];
}

/** Views in which the daemon tells how it stands. */
export interface Telling {
  readonly repository: Json;
  readonly stacks: readonly Json[];
  readonly running: readonly Json[];
  /** `ok`, or `waiting`: a deployment, or a removal, has no tag yet. */
  readonly tags: string;
}

export type Verdict =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'busy'; readonly reason: string }
  /** A stack waits for a yes, as it should where several leave at once. */
  | { readonly kind: 'confirm'; readonly stack: string; readonly reason: string };

/** Lag of what the daemon has heard of its engines behind them, at most, in milliseconds. */
const LAG_MS = 10_000;
const INTERVAL_MS = 300;

/** Waits until the daemon says that all is as the newest commit describes, and the engine shows the same, twice in a row. */
export async function awaitQuiet(rig: Rig, patienceMs: number): Promise<Quiet> {
  const begun = performance.now();
  const passed = () => Math.round(performance.now() - begun);
  let reason: string | null = 'nothing was looked at';
  let good = 0;
  let differsSince: number | null = null;
  let lie: readonly string[] = [];
  while (passed() < patienceMs && good < 2) {
    rig.signal.throwIfAborted();
    const look = await lookOnce(rig).catch((error: unknown) => ({
      reason: `cannot ask: ${String(error)}`,
      differences: [],
    }));
    good = look.reason === null && look.differences.length === 0 ? good + 1 : 0;
    reason =
      look.reason ??
      (look.differences.length > 0 ? `the engine differs: ${look.differences.slice(0, 6).join('; ')}` : null);
    const isLying = look.reason === null && look.differences.length > 0;
    differsSince = isLying ? (differsSince ?? performance.now()) : null;
    if (differsSince !== null && performance.now() - differsSince > LAG_MS) lie = look.differences;
    if (!rig.daemon.isAlive)
      return { isQuiet: false, milliseconds: passed(), reason: 'the daemon has ended', lie };
    await sleep(INTERVAL_MS);
  }
  return { isQuiet: good >= 2, milliseconds: passed(), reason, lie };
}

async function lookOnce(
  rig: Rig,
): Promise<{ readonly reason: string | null; readonly differences: readonly string[] }> {
  const verdict = judge(rig.world.model, rig.world.head, await askDaemon(rig));
  if (verdict.kind === 'confirm') {
    await rig.daemon.api('POST', `/stacks/${verdict.stack}/apply`, { confirm: true });
    rig.report.count('yes that was waited for');
  }
  if (verdict.kind !== 'quiet') return { reason: verdict.reason, differences: [] };
  const differences = compareWorld(rig.world.model, rig.world.ledger, await rig.engine.snapshot());
  const again = judge(rig.world.model, rig.world.head, await askDaemon(rig));
  if (again.kind !== 'quiet') return { reason: again.reason, differences: [] };
  return { reason: null, differences: differences.map(({ text }) => text) };
}

async function askDaemon({ daemon }: Rig): Promise<Telling> {
  const [repository, stacks, jobs, health] = await Promise.all([
    daemon.api('GET', '/repository'),
    daemon.api('GET', '/stacks?per_page=500'),
    daemon.api('GET', '/jobs?status=running'),
    daemon.api('GET', '/health'),
  ]);
  return {
    repository: repository.body,
    stacks: stacks.body.stacks ?? [],
    running: jobs.body.jobs ?? [],
    tags: health.body.checks.tags,
  };
}

/** Tells whether the daemon itself says that all is as the model describes. Pure. */
export function judge(model: WorldModel, head: string, telling: Telling): Verdict {
  const { repository, stacks, running, tags } = telling;
  if (repository.error !== null && repository.error !== undefined)
    return busy(`the repository: ${repository.error.code} ${repository.error.message}`);
  const commit = repository.revision?.commit;
  if (commit !== head) return busy(`is at ${String(commit).slice(0, 8)}, not yet at ${head.slice(0, 8)}`);
  for (const name of Object.keys(model.stacks)) {
    const view = stacks.find((stack) => stack.name === name);
    const verdict = isHindered(model, name) ? judgeHindered(model, name, view) : judgeSound(name, view);
    if (verdict !== null) return verdict;
  }
  for (const view of stacks) {
    const verdict = model.stacks[view.name] === undefined ? judgeGone(model, view) : null;
    if (verdict !== null) return verdict;
  }
  const job = running.find(
    ({ stack_id: stack }) => !isHindered(model, stack) || model.stacks[stack] === undefined,
  );
  if (job !== undefined) return busy(`the job ${job.id} of ${job.stack_id} is running`);
  return tags === 'ok' ? { kind: 'quiet' } : busy('a deployment is not tagged yet');
}

/** A failure that is tried again is as quiet as a broken description gets. */
function judgeHindered(model: WorldModel, name: string, view: Json): Verdict | null {
  const { breakage } = model.stacks[name]!;
  if (view === undefined) return breakage?.kind === 'yaml' ? null : busy(`${name} is not listed`);
  if (view.state === 'in_sync' && breakage !== null)
    return busy(`${name} is said to be in sync with a broken description`);
  const isUnread = view.state === 'pending' && /to be looked at/.test(view.message ?? '');
  return ['applying', 'unknown'].includes(view.state) || isUnread ? busy(`${name} is ${view.state}`) : null;
}

function judgeSound(name: string, view: Json): Verdict | null {
  if (view === undefined) return busy(`${name} is not listed`);
  if (view.state === 'in_sync') return null;
  const reason = `${name} is ${view.state}: ${view.message ?? ''}`;
  if (view.state === 'blocked' && /no longer described|confirm|deletes/i.test(view.message ?? ''))
    return { kind: 'confirm', stack: name, reason };
  // The same was done to it again and again: a person says that nobody fights over it.
  if (view.state === 'drifted' && /repairs in a row/.test(view.message ?? ''))
    return { kind: 'confirm', stack: name, reason };
  return busy(reason);
}

function judgeGone(model: WorldModel, view: Json): Verdict | null {
  // It may have left volumes, which are kept: what else is left, the engine shows.
  if (hasUnreadable(model) || view.state === 'removed') return null;
  const reason = `${view.name} is described no more, and ${view.state}: ${view.message ?? ''}`;
  if (view.state === 'blocked' && /no longer described while/.test(view.message ?? ''))
    return { kind: 'confirm', stack: view.name, reason };
  return busy(reason);
}

function busy(reason: string): Verdict {
  return { kind: 'busy', reason };
}
