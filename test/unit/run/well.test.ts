import { describe, expect, it } from 'vitest';
import type { Health, RunFacts } from '../../../reconciler/model/resource.ts';
import { asObserved, judgeRun, stableTime } from '../../../reconciler/model/well.ts';
import { waitForHealth } from '../../../reconciler/run/apply/wait-for-health.ts';
import type { HealthWait } from '../../../reconciler/run/apply/wait-for-health.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { wanted } from '../../support/builders.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const STABLE_MS = 10_000;

function running(runningMs: number, restarts = 0): Health {
  return { status: 'healthy', run: { runningMs, restarts } };
}

describe('a run', () => {
  it.each([
    { when: 'just begun', restarts: 0, watchedMs: 0, verdict: STABLE_MS },
    { when: 'on its way', restarts: 0, watchedMs: 4_000, verdict: 6_000 },
    { when: 'long enough', restarts: 0, watchedMs: STABLE_MS, verdict: 'well' },
    { when: 'restarted', restarts: 1, watchedMs: STABLE_MS, verdict: 'restarted' },
    { when: 'restarted before it was waited for', restarts: 3, before: 3, watchedMs: 1_000, verdict: 9_000 },
  ])('is $verdict when $when', ({ restarts, before = 0, watchedMs, verdict }) => {
    const watched = { stableMs: STABLE_MS, watchedMs, restartsBefore: before };
    expect(judgeRun({ runningMs: watchedMs, restarts }, watched)).toBe(verdict);
  });

  it.each<{ when: string; before?: RunFacts; wants: number }>([
    { when: 'there was none before', wants: 10_000 },
    { when: 'the one before was never restarted', before: { runningMs: 1, restarts: 0 }, wants: 10_000 },
    {
      when: 'the one before fell over early',
      before: { runningMs: 1, restarts: 2, settledMs: 4_000 },
      wants: 10_000,
    },
    {
      when: 'the one before ran 15 s between its ends',
      before: { runningMs: 1, restarts: 4, settledMs: 60_000 },
      wants: 30_000,
    },
    {
      when: 'the one before ended once in a week',
      before: { runningMs: 1, restarts: 1, settledMs: 604_800_000 },
      wants: 10_000,
    },
  ])('has to last $wants ms when $when', ({ before, wants }) => {
    expect(stableTime(STABLE_MS, before)).toBe(wants);
    expect(stableTime(0, before)).toBe(0);
  });

  it.each([
    { when: 'is new and known to be well', health: running(1_000), proven: true, status: 'healthy' },
    { when: 'is new and unknown', health: running(1_000), proven: false, status: 'starting' },
    { when: 'was restarted a moment ago', health: running(1_000, 2), proven: true, status: 'starting' },
    { when: 'was restarted long ago', health: running(60_000, 2), proven: true, status: 'healthy' },
    { when: 'has a probe', health: { status: 'healthy' } as Health, proven: false, status: 'healthy' },
  ])('is shown as $status when it $when', ({ health, proven, status }) => {
    expect(asObserved(health, { stableMs: STABLE_MS, proven }).status).toBe(status);
  });
});

describe('waiting for a program without a probe', () => {
  /** Health as a function of the milliseconds since the wait began. */
  function waiting(look: (elapsedMs: number) => Health, more: Partial<HealthWait> = {}) {
    const clock = createFastClock(1_000);
    const start = clock.now();
    let elapsed = 0;
    const target = {
      health: async () => {
        elapsed = clock.now() - start;
        return look(elapsed);
      },
    };
    const wait = { stack: 'shop', id: container('web'), until: 'healthy', firstLookMs: 0 } as const;
    const rest = { timeoutMs: 60_000, stableMs: STABLE_MS, isNew: true, signal: NEVER };
    const health = waitForHealth({ ...wait, ...rest, target, clock, progress: () => undefined, ...more });
    return { health, elapsed: () => elapsed };
  }

  it('lasts for its stable time', async () => {
    const { health, elapsed } = waiting(running);
    expect((await health).status).toBe('healthy');
    expect(elapsed()).toBeGreaterThanOrEqual(STABLE_MS);
  });

  it.each([1_000, 4_000, 9_000])('fails when it is restarted after %i ms', async (ends) => {
    const { health } = waiting((elapsed) =>
      elapsed < ends ? running(elapsed) : { ...running(elapsed - ends, 1), reason: 'exited with 1' },
    );
    await expect(health).rejects.toThrow('it ended within 10 s and was restarted: exited with 1');
  });

  it.each([
    {
      exitCode: 0,
      toEnd: 'restart: "no"',
      says: /exited; if it is to end, write restart: "no" where .* \(a\.yaml:3\)$/,
    },
    { exitCode: 1, toEnd: 'restart: "no"', says: /exited$/ },
    { exitCode: 0, says: /exited$/ },
  ])('says $says of an end with $exitCode', async ({ exitCode, says, ...words }) => {
    const origin = { file: 'a.yaml', line: 3, column: 1 };
    const desired = { ...wanted('container', 'web'), ...words, origin };
    const { health } = waiting(
      () => ({ ...running(0), run: { runningMs: 0, restarts: 1, exitCode }, reason: 'exited' }),
      { desired },
    );
    await expect(health).rejects.toThrow(says);
  });

  it('does not believe the clock of the target about what was started just now', async () => {
    const { health, elapsed } = waiting(() => running(3_600_000));
    await health;
    expect(elapsed()).toBeGreaterThanOrEqual(STABLE_MS);
  });

  it('believes it about what ran before, and holds no old restart against that', async () => {
    const { health, elapsed } = waiting(() => running(3_600_000, 7), { isNew: false });
    await health;
    expect(elapsed()).toBeLessThan(STABLE_MS);
  });
});

describe('a version that keeps falling over', () => {
  const files = (image: string) => ({
    [file('shop')]: stack('shop', {
      web: `image: "${image}"`,
      front: `image: "${image}", depends_on: { web: { condition: service_healthy } }`,
    }),
  });

  it('is put back, is not tagged, and nothing starts on it', async () => {
    await using rig = createRig({ stableMs: STABLE_MS, clock: createFastClock(1_000) });
    rig.source.push(files('nginx:1.28'));
    expect((await rig.apply('shop')).job).toMatchObject({ status: 'completed', error: null });
    let looks = 0;
    const { engine } = rig.engine().control;
    engine.spoiled.set(container('web'), () => {
      looks += 1;
      return looks < 4 ? running(looks) : { ...running(0, 1), reason: 'exited with 1; last output: no db' };
    });
    rig.source.push(files('nginx:1.29'));
    const { job, steps } = await rig.apply('shop');
    expect(job).toMatchObject({ status: 'failed', error: { code: 'UNHEALTHY' } });
    expect(job.error?.message).toContain('exited with 1; last output: no db; the version before runs again');
    expect(steps.map(({ name, status }) => `${name} ${status}`)).toEqual(
      expect.arrayContaining(['local/container/web reverted', 'local/container/front skipped']),
    );
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
    expect(engine.stacks.get('shop')?.get('local/container/web')?.current?.spec).toMatchObject({
      image: 'nginx:1.28',
    });
  });

  it('counts as well as soon as it runs where the policy wants no more', async () => {
    await using rig = createRig({ stableMs: STABLE_MS });
    rig.engine().control.engine.spoiled.set(container('web'), () => running(0));
    rig.source.push({ ...files('nginx:1.28'), 'kombinator.yaml': 'policy: { stable: 0s }\n' });
    expect((await rig.apply('shop')).job).toMatchObject({ status: 'completed', error: null });
  });
});
