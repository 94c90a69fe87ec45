import type { ContainerInspectInfo } from 'dockerode';
import type { Health } from '../../../model/resource.ts';
import { DEFAULT_STABLE_MS } from '../../../model/well.ts';
import type { Adapter } from '../adapter.ts';
import { readJsonLines } from '../images/pull-progress.ts';
import { judgeContainer } from './container-health.ts';
import { runningMs } from './running-time.ts';

/*
 * Health of a container, with what its state alone does not tell: whether a program under `on-failure` that ended with 0 has done its work, or
 * is a server that was told to stop (decision 034). A server that is stopped in good order ends with 0 as well, and its engine leaves it so.
 */

export async function readContainerHealth(
  adapter: Adapter,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<Health> {
  const traits = await adapter.traits(signal);
  const running = runningMs(adapter, traits, inspect);
  return judgeContainer(
    inspect,
    running,
    mayBeEither(inspect) && (await wasStopped(adapter, inspect, signal)),
  );
}

function mayBeEither({ State, HostConfig }: ContainerInspectInfo): boolean {
  return State.Status === 'exited' && State.ExitCode === 0 && HostConfig.RestartPolicy?.Name === 'on-failure';
}

async function wasStopped(
  adapter: Adapter,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<boolean> {
  // The first answer counts: an engine forgets what it knew of an ending.
  const key = `${inspect.Id} ${inspect.State.FinishedAt}`;
  const known = adapter.endings.get(key);
  if (known !== undefined) return known;
  const found =
    (await hadSignal(adapter, inspect, signal)) || (await endedWithEngine(adapter, inspect, signal));
  adapter.endings.set(key, found);
  return found;
}

/** Longest time between a signal and the end that it brings about. */
const LONGEST_STOP_SECONDS = 300;
/** Time after which the engine has told of a signal that ended something at once. */
const TOLD_SECONDS = 0.5;

/** Tells whether somebody sent it a signal, as a stop does. */
async function hadSignal(
  { engine }: Adapter,
  { Id, State }: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const [started = 0, ended = 0] = [State.StartedAt, State.FinishedAt].map(
    (time) => Date.parse(time) / 1_000,
  );
  const range = {
    since: Math.floor(Math.max(started, ended - LONGEST_STOP_SECONDS)),
    until: ended + TOLD_SECONDS,
  };
  const filters = { type: ['container'], event: ['kill'], container: [Id] };
  for await (const _ of readJsonLines(await engine.events(filters, signal, range))) return true;
  return false;
}

/**
 * Tells whether it may have been stopped together with its engine, which forgets its events then: it began before the engine did, and had run
 * for long enough to count as well. The engine makes its own bridge anew whenever it starts without containers that run on.
 */
async function endedWithEngine(
  { engine }: Adapter,
  { State }: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const [started = 0, ended = 0] = [State.StartedAt, State.FinishedAt].map((time) => Date.parse(time));
  if (ended - started < DEFAULT_STABLE_MS) return false;
  const bridge = await engine.inspectNetwork('bridge', signal);
  return bridge !== null && started < Date.parse(bridge.Created);
}
