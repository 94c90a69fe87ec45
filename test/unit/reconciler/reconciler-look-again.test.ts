import { describe, expect, it } from 'vitest';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const DAY_MS = 24 * 3_600_000;
const WEB = container('web');

describe('a container that has to run for a while to be believed', () => {
  it('is looked at again when that while is over, although nothing tells of it', async () => {
    await using rig = createRig({ resyncMs: DAY_MS });
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    control.setHealth('shop', WEB, { status: 'starting', retryAfterMs: 300 });
    await rig.reaches('shop', 'degraded');
    Object.assign(control.find('shop', WEB) ?? {}, { health: null });
    await rig.reaches('shop', 'in_sync');
  });
});

describe('a stack that waits for what somebody else is to make', () => {
  const shop = stack(
    'shop',
    { web: 'image: "nginx:1.29", networks: [theirs]' },
    'networks: { theirs: { external: true, name: theirs } }\n',
  );

  it('is looked at again, says so, and runs once that is there', async () => {
    await using rig = createRig({ resyncMs: DAY_MS });
    rig.source.push({ [file('shop')]: shop });
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'blocked');
    expect(view.message).toContain('theirs');
    expect(Date.parse(view.nextLookAt ?? '')).toBeLessThan(Date.now() + DAY_MS);
    expect(rig.logger.lines.filter(({ message }) => message === 'a stack waits')).toMatchObject([
      { level: 'info', data: { stack: 'shop', hold: 'blocked', waitsFor: { what: 'target' } } },
    ]);
    rig.engine().control.engine.foreignNames.add('theirs');
    await rig.reaches('shop', 'in_sync');
  });

  it('runs at once when its target tells of it', async () => {
    const clock = createFastClock(1);
    await using rig = createRig({ resyncMs: DAY_MS, clock });
    rig.source.push({ [file('shop')]: shop });
    await rig.reconciler.start();
    await rig.reaches('shop', 'blocked');
    const { engine } = rig.engine().control;
    engine.foreignNames.add('theirs');
    for (const listener of engine.listeners) listener('shop');
    await rig.reaches('shop', 'in_sync');
  });

  it('shows when nothing else is due that everything is looked at some time', async () => {
    await using rig = createRig({ resyncMs: DAY_MS });
    expect(rig.reconciler.stackNames()).toEqual([]);
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
    await rig.reconciler.start();
    const { nextLookAt, services } = await rig.reaches('shop', 'in_sync');
    expect(Date.parse(nextLookAt ?? '')).toBeGreaterThan(Date.now());
    expect(services).toMatchObject([{ image: 'nginx:1.29', running: 'nginx:1.29' }]);
  });
});
