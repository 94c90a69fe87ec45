import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { ReconcilerEvent } from '../../../reconciler/public/reconciler.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const WEB = container('web');
const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true });
const web = (image: string) => ({ [file('shop')]: stack('shop', { web: `image: "${image}"` }) });

/** The version before runs, and a new one is pushed; its first replacement never gets well by itself. */
async function pushSlow(rig: Rig, onReplaced: () => void): Promise<void> {
  rig.source.push(web('nginx:1.28'));
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const slotOf = () => rig.engine().control.engine.stacks.get('shop')?.get(WEB);
  let begun = false;
  rig.engine().control.engine.listeners.add(() => {
    const next = slotOf()?.next;
    if (begun || next?.state !== 'running') return;
    begun = true;
    next.health = { status: 'starting' };
    onReplaced();
  });
  rig.source.push(web('nginx:1.29'));
}

const imageOf = (rig: Rig) => rig.engine().control.find('shop', WEB)?.spec['image'];

describe('a deployment that something comes between', () => {
  it('is made again when the new container was removed by hand', async () => {
    await using rig = createRig();
    await pushSlow(rig, () => {
      const slot = rig.engine().control.engine.stacks.get('shop')?.get(WEB);
      if (slot) slot.next = null;
      if (slot) slot.current = null;
    });
    const jobs = await rig.ended('shop', 3);
    await rig.reaches('shop', 'in_sync');
    expect(jobs.map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
    expect(jobs[1]?.error).toMatchObject({ code: 'TARGET_ERROR', retryable: true });
    expect(imageOf(rig)).toBe('nginx:1.29');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
  });

  it('goes on when its engine was away for longer than it is waited for', async () => {
    await using rig = createRig();
    const { control } = rig.engine();
    const failed = Promise.withResolvers<void>();
    await pushSlow(rig, () => control.outage(AWAY));
    using _ = rig.reconciler.subscribe((event: ReconcilerEvent) => {
      if (event.type === 'job' && event.job.status === 'failed') failed.resolve();
    });
    await failed.promise;
    const next = control.engine.stacks.get('shop')?.get(WEB)?.next;
    expect(next?.spec['image']).toBe('nginx:1.29');
    if (next) next.health = null;
    control.outage(null);
    await rig.reaches('shop', 'in_sync');
    expect(imageOf(rig)).toBe('nginx:1.29');
    expect(rig.jobs('shop').filter(({ error }) => error?.retryable === false)).toEqual([]);
  });

  it('is held when its service is found stopped three times in a row', async () => {
    await using rig = createRig();
    const stopped = { status: 'stopped', reason: 'stopped, exited with 137' } as const;
    rig.source.push(web('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.engine().control.engine.listeners.add(() => {
      const next = rig.engine().control.engine.stacks.get('shop')?.get(WEB)?.next;
      if (next) next.health = stopped;
    });
    rig.source.push(web('nginx:1.29'));
    const jobs = await rig.ended('shop', 4);
    const view = await rig.reaches('shop', 'failed');
    expect(jobs.slice(0, 3).map(({ error }) => error?.retryable)).toEqual([false, true, true]);
    expect(view.message).toContain('that has happened 3 times in a row');
    expect(imageOf(rig)).toBe('nginx:1.28');
  });
});

describe('a deployment that fails before it comes to what an earlier one was replacing', () => {
  it('has the old version run again, at whatever call the earlier one was cut short', async () => {
    const services = (web: string, more: Readonly<Record<string, string>> = {}) =>
      stack('shop', { web: `image: "nginx:${web}`, ...more });
    let cut = 0;
    for (let call = 1; call <= 12; call += 1) {
      let rig = createRig();
      rig.source.push({ [file('shop')]: services('1.28"') });
      await rig.apply('shop');
      rig.source.push({ [file('shop')]: services('1.29"') });
      rig.engine().control.fail(call, 'kill');
      await rig.apply('shop').catch(() => undefined);
      rig = await rig.restart({ store: rig.store });
      rig.engine().control.revive();
      const slot = () => rig.engine().control.engine.stacks.get('shop')?.get(container('web'));
      const wasCut = slot()?.current !== null && slot()?.next !== null;
      if (wasCut) cut += 1;
      const missing = { extra: 'image: "missing:1", pull_policy: never' };
      rig.source.push({
        [file('shop')]: services('1.29", environment: { A: b }, depends_on: [extra]', missing),
      });
      const { job } = await rig.apply('shop');
      expect(job).toMatchObject({ status: 'failed', error: { code: 'IMAGE_NOT_FOUND' } });
      if (wasCut)
        expect(slot()).toMatchObject({
          next: null,
          current: { state: 'running', spec: { image: 'nginx:1.28' } },
        });
      await rig[Symbol.asyncDispose]();
    }
    expect(cut).toBeGreaterThan(0);
  });
});
