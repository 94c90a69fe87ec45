import { describe, expect, it } from 'vitest';
import type { Health } from '../../../../reconciler/model/resource.ts';
import { eventually } from '../../../support/eventually.ts';
import { container, createRig, file, stack } from '../../../support/reconciler-rig.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';

const ANN = { name: 'Ann', email: 'ann@example.org' };
const WEB = container('web');
const MESSAGE = 'cancelled by Ann; apply it, or change its description, to go on';

const shop = (image: string, more = '') => ({
  [file('shop')]: stack('shop', { web: `image: "${image}"` }, more),
});

/** A stack whose next container is never well, and whose job is called off as soon as that is looked at. */
async function cancelWhileWaiting(rig: Rig): Promise<string> {
  rig.source.push(shop('nginx:1.28'));
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  let called: string | null = null;
  const look = (): Health => {
    const running = rig.jobs('shop').find(({ status }) => status === 'running');
    if (called === null && running !== undefined) {
      called = running.id;
      rig.reconciler.cancelJob(running.id, ANN);
    }
    return { status: 'starting' };
  };
  rig.engine().control.engine.spoiled.set(WEB, look);
  rig.source.push(shop('nginx:1.29'));
  await eventually(
    () => called,
    (id) => id !== null,
    4_000,
  );
  rig.engine().control.engine.spoiled.clear();
  const { job } = await rig.reconciler.waitForJob(called ?? '', AbortSignal.timeout(4_000));
  expect(job).toMatchObject({
    status: 'cancelled',
    error: { code: 'CANCELLED', message: 'cancelled by Ann' },
  });
  return job.id;
}

const imageOf = (rig: Rig) => rig.engine().control.find('shop', WEB)?.spec['image'];

describe('a job that is called off', () => {
  it('leaves no replacement half done, and is not begun again by itself', async () => {
    await using rig = createRig();
    await cancelWhileWaiting(rig);

    const view = await eventually(
      () => rig.reconciler.getStack('shop'),
      ({ message }) => message === MESSAGE,
      4_000,
    );
    expect(view).toMatchObject({ state: 'pending', message: MESSAGE, waits: { reason: 'cancelled' } });
    const slot = rig.engine().control.engine.stacks.get('shop')?.get(WEB);
    expect([imageOf(rig), slot?.current?.state, slot?.next]).toEqual(['nginx:1.28', 'running', null]);

    const count = rig.jobs('shop').length;
    rig.engine().control.emit('shop');
    rig.engine().control.emit(null);
    rig.source.push({ [file('blog')]: stack('blog', { page: 'image: "nginx:1.29"' }) });
    await rig.reaches('blog', 'in_sync');
    await rig.reconciler.observe('shop', AbortSignal.timeout(4_000));
    expect(rig.jobs('shop')).toHaveLength(count);
    expect(imageOf(rig)).toBe('nginx:1.28');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('puts back a replacement that was cut short in the middle', async () => {
    await using rig = createRig();
    rig.source.push(shop('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const call = `start ${WEB}.next`;
    const calls = () => rig.engine().control.log.filter((line) => line === call).length;
    const before = calls();
    rig.engine().control.failCall(call, 'hang');
    rig.source.push(shop('nginx:1.29'));
    await eventually(calls, (count) => count > before, 4_000);
    const running = rig.jobs('shop').find(({ status }) => status === 'running');
    rig.reconciler.cancelJob(running?.id ?? '', ANN);
    const old = () => rig.engine().control.engine.stacks.get('shop')?.get(WEB);
    await eventually(old, (slot) => slot?.next === null && slot.current?.state === 'running', 4_000);
    expect(old()).toMatchObject({ current: { state: 'running', spec: { image: 'nginx:1.28' } }, next: null });
    expect((await rig.reaches('shop', 'pending')).message).toBe(MESSAGE);
  });

  it('stays off in the next process', async () => {
    const first = createRig();
    await cancelWhileWaiting(first);
    await using rig = await first.restart({ store: first.store });
    await rig.reconciler.start();
    const view = await eventually(
      () => rig.reconciler.getStack('shop'),
      ({ message }) => message === MESSAGE,
      4_000,
    );
    expect(view.message).toBe(MESSAGE);
    expect(imageOf(rig)).toBe('nginx:1.28');
  });

  it('goes on when it is applied', async () => {
    await using rig = createRig();
    await cancelWhileWaiting(rig);
    expect((await rig.apply('shop')).job.status).toBe('completed');
    await rig.reaches('shop', 'in_sync');
    expect(imageOf(rig)).toBe('nginx:1.29');
  });

  it('goes on with another description', async () => {
    await using rig = createRig();
    await cancelWhileWaiting(rig);
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29", env: { A: b }' }) });
    await rig.reaches('shop', 'in_sync');
    expect(imageOf(rig)).toBe('nginx:1.29');
  });

  it('does not begin when it was queued, and the others go on', async () => {
    await using rig = createRig();
    rig.source.push(shop('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const request = { stack: 'shop', actor: ANN, trigger: 'api' } as const;
    const stop = rig.reconciler.control({ ...request, action: 'stop' });
    const start = rig.reconciler.control({ ...request, action: 'start' });
    expect(rig.reconciler.cancelJob(start.id, ANN)).toMatchObject({ id: start.id, status: 'cancelled' });
    expect(rig.reconciler.getJob(start.id).job.startedAt).toBeNull();
    await rig.reconciler.waitForJob(stop.id, AbortSignal.timeout(4_000));
    await rig.reaches('shop', 'stopped');
  });

  it('is refused where there is nothing to call off', async () => {
    await using rig = createRig();
    rig.source.push(shop('nginx:1.28'));
    const { job } = await rig.apply('shop');
    expect(() => rig.reconciler.cancelJob(job.id, ANN)).toThrow(
      expect.objectContaining({ code: 'JOB_ENDED', message: `job ${job.id} has ended: it is completed` }),
    );
    expect(() => rig.reconciler.cancelJob('job_none', ANN)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_JOB' }),
    );
  });

  it('does not keep down what a restart has stopped', async () => {
    await using rig = createRig();
    rig.source.push(shop('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.engine().control.failCall(`start ${WEB}`, 'hang');
    const restart = rig.reconciler.control({ stack: 'shop', action: 'restart', actor: ANN, trigger: 'api' });
    await eventually(
      () => rig.engine().control.log.filter((line) => line === `start ${WEB}`).length,
      (count) => count > 1,
      4_000,
    );
    rig.reconciler.cancelJob(restart.id, ANN);
    const { job } = await rig.reconciler.waitForJob(restart.id, AbortSignal.timeout(4_000));
    expect(job.status).toBe('cancelled');
    await rig.reaches('shop', 'in_sync');
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });
});
