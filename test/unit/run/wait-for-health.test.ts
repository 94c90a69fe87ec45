import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { Health } from '../../../reconciler/model/resource.ts';
import { waitForHealth } from '../../../reconciler/run/apply/wait-for-health.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { container } from '../../support/reconciler-rig.ts';

const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'it did not answer in time', { retryable: true });
const HEALTHY: Health = { status: 'healthy' };
const STARTING: Health = { status: 'starting' };
const UNHEALTHY: Health = { status: 'unhealthy', reason: 'health check: timed out' };

interface Answer {
  /** Milliseconds until it comes. */
  readonly after?: number;
  readonly of: Health | Error;
  /** So many times in a row. Default 1. */
  readonly times?: number;
}

/** Plays the answers, the last one again and again. @returns how the wait ends, and after how many seconds */
async function wait(answers: readonly Answer[], timeoutMs = 10_000) {
  const clock = createFakeClock();
  const queue = answers.flatMap((answer) => Array.from({ length: answer.times ?? 1 }, () => answer));
  const told: string[] = [];
  const running = waitForHealth({
    target: {
      async health() {
        const answer = queue.length > 1 ? queue.shift() : queue[0];
        if (answer?.after !== undefined) await clock.sleep(answer.after);
        if (answer === undefined || answer.of instanceof Error) throw answer?.of ?? AWAY;
        return answer.of;
      },
    },
    stack: 'shop',
    id: container('web'),
    until: 'healthy',
    firstLookMs: 0,
    timeoutMs,
    clock,
    signal: new AbortController().signal,
    progress: (message) => told.push(message),
  });
  const outcome = running.then(
    (health) => health.status,
    (error: ReconcilerError) => `${error.code}: ${error.message}`,
  );
  const ended: string[] = [];
  void outcome.then((value) => ended.push(value));
  while (ended.length === 0 && clock.elapsed() < 600_000) await clock.advance(500);
  return { outcome: ended[0], told };
}

describe('waiting for health', () => {
  it('goes on after an engine that did not answer for a while, whose time does not count', async () => {
    const { outcome, told } = await wait([
      { of: STARTING, times: 3 },
      { of: AWAY, after: 30_000 },
      { of: STARTING, after: 9_000 },
      { of: STARTING, times: 4 },
      { of: HEALTHY },
    ]);
    expect(outcome).toBe('healthy');
    expect(told).toEqual(['waiting: the target does not answer']);
  });

  it('gives checks that failed while the engine hung the time to do better', async () => {
    const { outcome } = await wait([
      { of: UNHEALTHY, after: 40_000 },
      { of: UNHEALTHY, times: 5 },
      { of: HEALTHY },
    ]);
    expect(outcome).toBe('healthy');
  });

  it('believes checks that go on failing after that', async () => {
    const { outcome } = await wait([{ of: STARTING, after: 40_000 }, { of: UNHEALTHY }], 60_000);
    expect(outcome).toBe('UNHEALTHY: local/container/web is unhealthy: health check: timed out');
  });

  it('believes a failed check at once where the engine answered', async () => {
    const { outcome } = await wait([{ of: STARTING }, { of: UNHEALTHY }, { of: HEALTHY }]);
    expect(outcome).toMatch(/^UNHEALTHY: /);
  });

  it('waits for containers that the engine stopped with itself, and starts again', async () => {
    const stopped: Health = { status: 'stopped', reason: 'stopped, exited with 143' };
    const { outcome } = await wait([
      { of: AWAY, times: 5 },
      { of: stopped, times: 3 },
      { of: STARTING },
      { of: HEALTHY },
    ]);
    expect(outcome).toBe('healthy');
  });

  it('gives up an engine that stays away, with what it says and no verdict', async () => {
    const { outcome } = await wait([{ of: STARTING }, { of: AWAY, after: 10_000 }]);
    expect(outcome).toBe('TARGET_UNREACHABLE: it did not answer in time');
  });

  it.each<Health>([{ status: 'missing' }, { status: 'stopped', reason: 'stopped, exited with 137' }])(
    'finds no fault with a service that is $status because of somebody',
    async (health) => {
      const { outcome } = await wait([{ of: STARTING }, { of: health }]);
      expect(outcome).toMatch(
        /^TARGET_ERROR: local\/container\/web was (removed|stopped) while it was waited for/,
      );
    },
  );
});
