import { describe, expect, it } from 'vitest';
import type { ControlRequest } from '../../../../reconciler/public/reconciler.ts';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { eventually } from '../../../support/eventually.ts';
import { container, createRig, file, stack } from '../../../support/reconciler-rig.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';

const ANN = { name: 'Ann', email: 'ann@example.org' };
const WEB = container('web');
const DB = container('db');
const SERVICES = { db: 'image: "nginx:1.29"', web: 'image: "nginx:1.29", depends_on: [db]' };

describe('control', () => {
  it('stops in the order of use, says so, and leaves no tag', async () => {
    await using rig = await withShop();

    const { job, steps, logs } = await control(rig, 'stop');

    expect(job).toMatchObject({ type: 'stop', status: 'completed', actor: 'Ann', tag: null });
    expect(steps.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'local/container/db completed',
      'local/container/web completed',
    ]);
    expect(stopsOf(rig)).toEqual(['stop local/container/web', 'stop local/container/db']);
    expect(logs.map(({ message }) => message)).toContain('stop local/container/web: completed');
    expect(rig.reconciler.getStack('shop')).toMatchObject({
      state: 'stopped',
      message: 'stopped by Ann; start it, or change its description, to bring it back',
      services: [{ health: 'stopped' }, { health: 'stopped' }],
      lastJob: { id: job.id, status: 'completed' },
    });
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('keeps it stopped, whatever happens, also in the next process', async () => {
    const first = await withShop();
    await control(first, 'stop');
    await using rig = await first.restart({ store: first.store });
    await rig.reconciler.start();
    await rig.reaches('shop', 'stopped');
    rig.engine().control.emit('shop');
    rig.engine().control.emit(null);
    rig.source.push({ [file('blog')]: stack('blog', { web: 'image: "nginx:1.29"' }) });
    await rig.reaches('blog', 'in_sync');
    await rig.reaches('shop', 'stopped');

    expect(states(rig)).toEqual(['exited', 'exited']);
    expect(rig.reconciler.listJobs({ stack: 'shop', type: 'apply' }).total).toBe(1);
  });

  it('starts what was stopped, first what others need, and makes no deployment of it', async () => {
    await using rig = await withShop();
    await control(rig, 'stop');

    const { job } = await control(rig, 'start');

    expect(job).toMatchObject({ type: 'start', status: 'completed', tag: null });
    expect(
      rig
        .engine()
        .control.log.filter((line) => line.startsWith('start '))
        .slice(-2),
    ).toEqual(['start local/container/db', 'start local/container/web']);
    expect(rig.reconciler.getStack('shop').state).toBe('in_sync');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('starts again what ended well only because it was stopped, and nothing that had ended before', async () => {
    const ends = 'image: "nginx:1.29", restart: "no"';
    await using rig = await withShop({
      work: `${ends}, command: ["sh", "-c", "trap exit TERM; run"]`,
      migrate: `${ends}, command: ["sh", "-c", "exit 0"]`,
    });
    await control(rig, 'stop');
    expect(rig.engine().control.find('shop', container('work'))).toMatchObject({
      state: 'exited',
      exitCode: 0,
    });
    const before = rig.engine().control.log.length;

    await control(rig, 'start');

    const starts = rig
      .engine()
      .control.log.slice(before)
      .filter((line) => line.startsWith('start '));
    expect(starts).toEqual(['start local/container/work']);
  });

  it('starts that again, too, when a commit changes something else', async () => {
    const work = 'image: "nginx:1.29", restart: "no", command: ["sh", "-c", "trap exit TERM; run"]';
    await using rig = await withShop({ ...SERVICES, work });
    await rig.reconciler.start();
    await control(rig, 'stop');
    expect(rig.reconciler.getStack('shop').services.map(({ health }) => health)).toEqual([
      'stopped',
      'stopped',
      'stopped',
    ]);
    rig.source.push({ [file('shop')]: stack('shop', { ...SERVICES, work, web: 'image: "nginx:1.28"' }) });
    await rig.reconciler.refresh(AbortSignal.timeout(2_000));
    await rig.reaches('shop', 'in_sync');
    expect(rig.engine().control.find('shop', container('work'))?.state).toBe('running');
  });

  it('is started by a commit that changes what runs, and not by one that does not', async () => {
    await using rig = await withShop();
    await rig.reconciler.start();
    await control(rig, 'stop');
    rig.source.push({ [file('shop')]: `# a remark\n${stack('shop', SERVICES)}` });
    await rig.reconciler.refresh(AbortSignal.timeout(2_000));
    await rig.reaches('shop', 'stopped');
    rig.source.push({ [file('shop')]: stack('shop', { ...SERVICES, web: 'image: "nginx:1.28"' }) });
    await rig.reconciler.refresh(AbortSignal.timeout(2_000));
    await rig.reaches('shop', 'in_sync');

    expect(states(rig)).toEqual(['running', 'running']);
    expect(rig.store.getStack('shop')?.stopped).toBeNull();
  });

  it('is started by an apply', async () => {
    await using rig = await withShop();
    await control(rig, 'stop');

    expect((await rig.apply('shop')).job.status).toBe('completed');

    expect(states(rig)).toEqual(['running', 'running']);
    expect(rig.reconciler.getStack('shop').state).toBe('in_sync');
  });

  it('restarts what runs', async () => {
    await using rig = await withShop();
    const before = rig.engine().control.log.length;

    const { job } = await control(rig, 'restart');

    expect(job).toMatchObject({ type: 'restart', status: 'completed', tag: null });
    const did = rig
      .engine()
      .control.log.slice(before)
      .filter((line) => /^(stop|start) /.test(line));
    expect(did).toEqual([
      'stop local/container/web',
      'stop local/container/db',
      'start local/container/db',
      'start local/container/web',
    ]);
    expect(rig.reconciler.getStack('shop').state).toBe('in_sync');
  });

  it('tells what it could not stop, keeps the rest stopped, and finishes when asked again', async () => {
    await using rig = await withShop({ db: 'image: "nginx:1.29"', web: 'image: "nginx:1.29"' });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    failNext(rig, 'stop local/container/db');

    const { job, steps } = await control(rig, 'stop');

    expect(job).toMatchObject({
      status: 'failed',
      error: { code: 'TARGET_ERROR', message: expect.stringContaining('db') },
    });
    expect(Object.fromEntries(steps.map(({ name, status }) => [name, status]))).toEqual({
      [DB]: 'failed',
      [WEB]: 'completed',
    });
    const view = await rig.reaches('shop', 'stopped');
    expect(view.message).toContain('still up: db');
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('exited');
    expect((await control(rig, 'stop')).job.status).toBe('completed');
    expect(states(rig)).toEqual(['exited', 'exited']);
  });

  it('brings up a stack that was never applied', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', SERVICES) });
    await rig.reconciler.refresh(AbortSignal.timeout(2_000));

    const { job } = await control(rig, 'start');

    expect(job).toMatchObject({ type: 'start', status: 'completed', tag: 'deploy/shop/1' });
    expect(states(rig)).toEqual(['running', 'running']);
  });

  it('ends an apply that waits', async () => {
    await using rig = createRig();
    const slow = 'image: "nginx:1.29", healthcheck: { test: ["CMD", "true"], retries: 1, interval: 1s }';
    rig.source.push({ [file('shop')]: stack('shop', { db: slow }) });
    await rig.reconciler.refresh(AbortSignal.timeout(2_000));
    rig.engine().control.delayMs = 20;
    const applying = await rig.reconciler.apply(
      { stack: 'shop', actor: ANN, trigger: 'api' },
      AbortSignal.timeout(2_000),
    );
    await eventually(
      () => rig.engine().control.log,
      (log) => log.some((line) => line.startsWith('create ')),
      2_000,
    );

    const { job } = await control(rig, 'stop');

    expect(rig.reconciler.getJob(applying.id).job.status).toBe('cancelled');
    expect(job.status).toBe('completed');
    await rig.reaches('shop', 'stopped');
  });

  it('does not know a stack that is not described', async () => {
    await using rig = await withShop();
    await expect(control(rig, 'stop', 'shoop')).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
  });
});

async function withShop(services: Readonly<Record<string, string>> = SERVICES): Promise<Rig> {
  const rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', services) });
  const { job } = await rig.apply('shop');
  if (job.status !== 'completed') throw new Error(`shop is not up: ${job.error?.message}`);
  return rig;
}

async function control(rig: Rig, action: ControlRequest['action'], name = 'shop') {
  const job = rig.reconciler.control({ stack: name, action, actor: ANN, trigger: 'api' });
  return rig.reconciler.waitForJob(job.id, AbortSignal.timeout(4_000));
}

function stopsOf(rig: Rig): string[] {
  return rig.engine().control.log.filter((line) => line.startsWith('stop '));
}

function states(rig: Rig): (string | undefined)[] {
  return [DB, WEB].map((id) => rig.engine().control.find('shop', id)?.state);
}

/** The next call of that name fails. */
function failNext(rig: Rig, call: string): void {
  rig.engine().control.failCall(call, new ReconcilerError('TARGET_ERROR', `${call}: device busy`));
}
