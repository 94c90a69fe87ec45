import type { ContainerInspectInfo } from 'dockerode';
import type { Health, RunFacts } from '../../../model/resource.ts';

/** Restarts that are put down to a slow start. The engine's pauses between them double from 100 ms, so these take some 3 s. */
const RESTARTS_OF_SLOW_START = 5;
const PROBE_LOOK_MS = 250;

/**
 * Health of a container from what the engine says about it. Pure; the last log lines are added in ../health.ts.
 *
 * @param runningMs how long it has been running for now
 * @param wasStopped it ended because it was told to (see read-container-health.ts)
 */
export function judgeContainer(inspect: ContainerInspectInfo, runningMs: number, wasStopped = false): Health {
  const { State } = inspect;
  switch (State.Status) {
    case 'running':
      return judgeRunning(inspect, runningMs);
    case 'paused':
      return { status: 'stopped', reason: 'paused' };
    case 'restarting':
      return judgeRestarting(inspect);
    case 'created':
      return State.Error
        ? { status: 'failed', reason: `could not start: ${State.Error}` }
        : { status: 'stopped', reason: 'created, never started' };
    case 'removing':
      return { status: 'missing', reason: 'being removed' };
    default:
      return judgeEnded(inspect, wasStopped);
  }
}

/** Tells whether the container has ever run; before that it may lack files and networks. */
export function hasStarted({ State }: ContainerInspectInfo): boolean {
  return !State.StartedAt.startsWith('0001-');
}

/** Never `failed`: the engine itself goes on starting it, and there is nothing that anybody else could start. */
function judgeRestarting(inspect: ContainerInspectInfo): Health {
  const status = inspect.RestartCount < RESTARTS_OF_SLOW_START ? 'starting' : 'unhealthy';
  const restarts = Math.max(1, inspect.RestartCount);
  const run = { runningMs: 0, restarts, exitCode: inspect.State.ExitCode };
  return { status, reason: `keeps restarting: ${ending(inspect)}`, ...(hasProbe(inspect) ? {} : { run }) };
}

function hasProbe({ State }: ContainerInspectInfo): boolean {
  return State.Health !== undefined && State.Health.Status !== 'none';
}

function judgeRunning(inspect: ContainerInspectInfo, runningMs: number): Health {
  const probe = inspect.State.Health;
  switch (probe?.Status) {
    case 'healthy':
      return { status: 'healthy' };
    case 'unhealthy':
      return { status: 'unhealthy', reason: `health check: ${lastOutput(inspect)}` };
    case 'starting': {
      const reason = probe.FailingStreak > 0 ? { reason: `health check: ${lastOutput(inspect)}` } : {};
      return { status: 'starting', retryAfterMs: PROBE_LOOK_MS, ...reason };
    }
    default:
      return { status: 'healthy', run: runOf(inspect, runningMs) };
  }
}

function runOf({ Created, RestartCount, State }: ContainerInspectInfo, runningMs: number): RunFacts {
  const settledMs = RestartCount > 0 ? { settledMs: Date.parse(State.StartedAt) - Date.parse(Created) } : {};
  return { runningMs, restarts: RestartCount, ...settledMs };
}

function judgeEnded(inspect: ContainerInspectInfo, wasStopped: boolean): Health {
  const { ExitCode, OOMKilled, Error: reason } = inspect.State;
  const policy = inspect.HostConfig.RestartPolicy?.Name || 'no';
  const oneShot = policy === 'no' || policy === 'on-failure';
  if (reason) return { status: 'failed', reason: `could not start: ${reason}` };
  if (OOMKilled) return { status: 'failed', reason: ending(inspect) };
  if (oneShot && ExitCode === 0 && !wasStopped) return { status: 'completed', reason: 'exited with 0' };
  // The engine starts it again under these policies unless somebody stopped it. 137 and 143: ended by a signal.
  if (!oneShot || wasStopped || ExitCode === 137 || ExitCode === 143)
    return { status: 'stopped', reason: `stopped, ${ending(inspect)}` };
  return { status: 'failed', reason: ending(inspect) };
}

function ending({ State }: ContainerInspectInfo): string {
  return State.OOMKilled
    ? `killed: out of memory (exit code ${State.ExitCode})`
    : `exited with ${State.ExitCode}`;
}

function lastOutput({ State }: ContainerInspectInfo): string {
  const last = State.Health?.Log?.at(-1);
  const output = (last?.Output ?? '').trim().replace(/\s+/g, ' ').slice(0, 300);
  return output || `ended with ${last?.ExitCode ?? 'no result yet'}`;
}
