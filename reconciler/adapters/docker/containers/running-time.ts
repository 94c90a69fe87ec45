import type { ContainerInspectInfo } from 'dockerode';
import type { Adapter, Traits } from '../adapter.ts';

/** Runs that are remembered; the oldest is forgotten first, and is then as if it had not been seen before. */
const MAX_SEEN_RUNS = 10_000;

/**
 * Returns how long a container has been running: by the engine's clock, and for no less than we have watched it run. A clock that is set
 * back makes the engine's word for its start lie in the future.
 */
export function runningMs(
  { clock, seenRunning }: Pick<Adapter, 'clock' | 'seenRunning'>,
  { skewMs }: Pick<Traits, 'skewMs'>,
  {
    Id,
    State,
  }: Pick<ContainerInspectInfo, 'Id'> & {
    readonly State: Pick<ContainerInspectInfo['State'], 'Running' | 'StartedAt'>;
  },
): number {
  const byClock = clock.now() + skewMs - Date.parse(State.StartedAt);
  if (!State.Running) {
    seenRunning.delete(Id);
    return byClock;
  }
  const known = seenRunning.get(Id);
  if (known?.startedAt === State.StartedAt) return Math.max(byClock, clock.elapsed() - known.at);
  seenRunning.delete(Id);
  seenRunning.set(Id, { startedAt: State.StartedAt, at: clock.elapsed() });
  const [oldest] = seenRunning.size > MAX_SEEN_RUNS ? seenRunning.keys() : [];
  if (oldest !== undefined) seenRunning.delete(oldest);
  return Math.max(byClock, 0);
}
