import { describe, expect, it } from 'vitest';
import { runningMs } from '../../../reconciler/adapters/docker/containers/running-time.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';

const HOUR_MS = 3_600_000;

function watched() {
  const clock = createFakeClock(Date.parse('2026-01-01T12:00:00Z'));
  const seenRunning = new Map();
  const look = (StartedAt: string, Running = true) =>
    runningMs({ clock, seenRunning }, { skewMs: 0 }, { Id: 'c1', State: { Running, StartedAt } });
  return { clock, look };
}

describe('how long a container has been running', () => {
  it('is what the clock says of one that is seen for the first time', () => {
    expect(watched().look('2026-01-01T11:59:50Z')).toBe(10_000);
  });

  it('is no less than it was watched for, when the clock is set back', async () => {
    const { clock, look } = watched();
    look('2026-01-01T11:59:50Z');
    await clock.advance(5_000);
    clock.step(-HOUR_MS);
    expect(look('2026-01-01T11:59:50Z')).toBe(5_000);
  });

  it('begins when it is seen, where its start lies in the future', async () => {
    const { clock, look } = watched();
    expect(look('2026-01-01T13:00:00Z')).toBe(0);
    await clock.advance(400);
    expect(look('2026-01-01T13:00:00Z')).toBe(400);
  });

  it('begins anew with each run of the container', async () => {
    const { clock, look } = watched();
    look('2026-01-01T11:00:00Z');
    await clock.advance(5_000);
    clock.step(-HOUR_MS);
    look('2026-01-01T11:00:00Z', false);
    expect(look('2026-01-01T11:00:04.900Z')).toBe(100);
    expect(look('2026-01-01T12:30:00Z')).toBe(0);
  });
});
