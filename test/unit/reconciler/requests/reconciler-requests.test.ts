import { describe, expect, it, vi } from 'vitest';
import { createSqliteStore } from '../../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { systemClock } from '../../../../reconciler/daemon/system-clock.ts';
import { container, createRig, file, stack } from '../../../support/reconciler-rig.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ANN = { name: 'Ann', email: 'ann@example.org' };
const WEB = container('web');
const web = (image: string) => ({ web: `image: "${image}"` });

describe('plan and apply', () => {
  it('the same desired state gives byte-identical plans; a second apply does nothing and makes no tag', async () => {
    await using rig = await withShop();
    const first = await plan(rig);
    expect(JSON.stringify((await plan(rig)).plan)).toBe(JSON.stringify(first.plan));
    expect((await rig.apply('shop')).job).toMatchObject({ status: 'completed', tag: 'deploy/shop/1' });
    expect((await rig.apply('shop')).job).toMatchObject({
      status: 'completed',
      tag: null,
      summary: { noop: 3 },
    });
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
    expect(rig.reconciler.getPlan(first.planId)).toEqual(first.plan);
  });

  it('applies a saved plan, and refuses it once something moved', async () => {
    await using rig = await withShop();
    const { plan: saved } = await plan(rig);
    expect((await rig.apply('shop', { plan: saved })).job.status).toBe('completed');
    await expect(rig.apply('shop', { plan: saved })).rejects.toMatchObject({
      code: 'PLAN_STALE',
      message: expect.stringContaining('local/container/web has appeared'),
    });
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    const { plan: change } = await plan(rig);
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.27')) });
    await expect(rig.apply('shop', { plan: change })).rejects.toMatchObject({
      code: 'PLAN_STALE',
      message: expect.stringContaining('the description changed'),
    });
  });

  it('is done once for many who ask for the same at a time, and again for who asks later', async () => {
    await using rig = await withShop();
    const ask = (name: string) =>
      rig.reconciler.apply({ stack: 'shop', actor: { ...ANN, name }, trigger: 'api' }, SIGNAL);
    const names = Array.from({ length: 50 }, (_, index) => `client ${index}`);
    const jobs = await Promise.all(names.map(ask));
    expect(new Set(jobs.map(({ id }) => id)).size).toBeLessThanOrEqual(2);
    for (const { id } of jobs) await rig.reconciler.waitForJob(id, SIGNAL);
    const { id } = await ask('late');
    expect(jobs.map((job) => job.id)).not.toContain(id);
    expect((await rig.reconciler.waitForJob(id, SIGNAL)).job.status).toBe('completed');
  });

  it('says at once what can be known before the job runs', async () => {
    await using rig = await withShop();
    await expect(rig.apply('shoop')).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
    rig.source.push({ [file('bad')]: stack('bad', { web: 'imagee: x' }) });
    await expect(rig.apply('bad')).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      diagnostics: expect.arrayContaining([expect.objectContaining({ code: 'UNKNOWN_KEY' })]),
    });
    await rig.apply('shop');
    await expect(rig.apply('shop', { mode: 'destroy' })).rejects.toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    });
  });

  it('destroys, keeps it destroyed, and brings it back when asked', async () => {
    await using rig = await withShop();
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    expect((await rig.apply('shop', { mode: 'destroy', confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
    rig.engine().control.emit(null);
    rig.source.push({ [file('blog')]: stack('blog', web('nginx:1.29')) });
    await rig.reaches('blog', 'in_sync');
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
    expect((await rig.apply('shop')).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });

  it('takes over a stack of another repository only after a yes', async () => {
    const other = await withShop();
    await other.apply('shop');
    await using rig = createRig({ engines: new Map([['docker:local', other.engine()]]) });
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'blocked');
    expect(view.message).toContain('from another repository');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
    expect((await rig.apply('shop', { confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.28');
  });

  it('leaves alone what another repository has under the name of a stack that goes', async () => {
    const other = await withShop();
    await other.apply('shop');
    await using rig = createRig({ engines: new Map([['docker:local', other.engine()]]) });
    rig.source.push({
      [file('shop')]: stack('shop', web('nginx:1.28')),
      [file('blog')]: stack('blog', web('nginx:1.29')),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'blocked');
    rig.source.push({ [file('shop')]: null });
    await vi.waitFor(() => expect(() => rig.reconciler.getStack('shop')).toThrow('shop'));
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
  });

  it('fails one branch of the graph, finishes the other, and skips what depends on the failed one', async () => {
    await using rig = createRig();
    const services = {
      db: 'image: "nginx:1.29", healthcheck: { test: ["CMD", "false"], retries: 1, interval: 1s }',
      app: 'image: "nginx:1.29", depends_on: { db: { condition: service_healthy } }',
      web: 'image: "nginx:1.29"',
    };
    rig.source.push({ [file('shop')]: stack('shop', services) });
    const { job, steps } = await rig.apply('shop');
    expect(job).toMatchObject({ status: 'failed', error: { code: 'UNHEALTHY' }, tag: null });
    const byName = Object.fromEntries(steps.map(({ name, status }) => [name.split('/')[2], status]));
    expect(byName).toMatchObject({ db: 'failed', app: 'skipped', web: 'completed' });
  });

  it('goes on when the store is full, and says so', async () => {
    const real = createSqliteStore({ path: ':memory:', clock: systemClock });
    const full = () => {
      throw new ReconcilerError('STORE_FULL', 'no space left', { retryable: true });
    };
    const store = {
      ...real,
      saveJob: full,
      saveProgress: full,
      savePlan: full,
      saveStack: full,
      getStack: full,
    };
    await using rig = await withShop({ store });
    expect((await rig.apply('shop')).job).toMatchObject({ status: 'completed', tag: 'deploy/shop/1' });
    expect(rig.reconciler.storeError()).toBe('no space left');
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });

  it('cancels what waits and what runs when it is closed', async () => {
    const rig = await withShop();
    rig.engine().control.delayMs = 50;
    const job = await rig.reconciler.apply({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
    await rig.reconciler[Symbol.asyncDispose]();
    expect(rig.store.getJob(job.id)).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
  });
});

describe('writes', () => {
  it('are commits of the caller, applied like any push', async () => {
    await using rig = await withShop();
    await rig.reconciler.start();
    const document = { version: '1.0', meta: { name: 'blog' }, services: { web: { image: 'nginx:1.28' } } };
    const { commit, file: path } = await rig.reconciler.createStack('blog', document, ANN, SIGNAL);
    expect(path).toBe('kombinations/blog/kombination.yaml');
    expect((await rig.source.lookup(commit)).author).toEqual(ANN);
    await rig.reaches('blog', 'in_sync');
    await rig.reconciler.updateStack(
      'blog',
      { keys: { services: { web: { image: 'nginx:1.29' } } } },
      ANN,
      SIGNAL,
    );
    await rig.ended('blog', 2);
    expect(rig.engine().control.find('blog', WEB)?.spec['image']).toBe('nginx:1.29');
    await rig.reconciler.deleteStack('blog', ANN, SIGNAL);
    await rig.ended('blog', 3);
    expect(rig.engine().control.find('blog', WEB)).toBeUndefined();
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });

  it('are refused when the result would not be valid, and leave no commit', async () => {
    await using rig = await withShop();
    const before = (await rig.source.resolve(SIGNAL)).commit;
    await expect(rig.reconciler.createStack('shop', {}, ANN, SIGNAL)).rejects.toMatchObject({
      code: 'STACK_EXISTS',
    });
    await expect(
      rig.reconciler.createStack(
        'blog',
        { version: '1.0', meta: { name: 'blog' }, services: { web: {} } },
        ANN,
        SIGNAL,
      ),
    ).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
    await expect(rig.reconciler.deleteStack('nope', ANN, SIGNAL)).rejects.toMatchObject({
      code: 'UNKNOWN_STACK',
    });
    expect((await rig.source.resolve(SIGNAL)).commit).toBe(before);
  });

  it('create the first stack of an empty repository, delete the last one, and create one again', async () => {
    await using rig = createRig();
    await rig.reconciler.start();
    const document = (name: string) => ({
      version: '1.0',
      meta: { name },
      services: { web: { image: 'nginx:1.29' } },
    });
    await rig.reconciler.createStack('shop', document('shop'), ANN, SIGNAL);
    await rig.reaches('shop', 'in_sync');
    await rig.reconciler.deleteStack('shop', ANN, SIGNAL);
    await rig.ended('shop', 2);
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
    await rig.reconciler.createStack('blog', document('blog'), ANN, SIGNAL);
    await rig.reaches('blog', 'in_sync');
    expect(rig.reconciler.repository()).toMatchObject({ error: null, stacks: 1 });
  });

  it('roll a stack back to what an earlier deployment had', async () => {
    await using rig = await withShop();
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')), 'kombinations/shop/extra.txt': 'x' });
    await rig.apply('shop');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    await rig.apply('shop');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
    const history = await rig.reconciler.history('shop');
    expect(history.map(({ number }) => number)).toEqual([1, 2, 3]);
    const shopFiles = await rig.source.diff(null, (await rig.source.resolve(SIGNAL)).commit, SIGNAL);
    expect(shopFiles.map(({ path }) => path)).toEqual([file('shop')]);
    await expect(rig.reconciler.rollback('shop', 9, ANN, SIGNAL)).rejects.toMatchObject({
      message: 'shop has no deployment 9; there are: 1, 2, 3',
    });
  });

  it('register and unregister workers', async () => {
    await using rig = await withShop();
    await rig.reconciler.registerWorker('pve', { connection: { host: '10.0.0.2' } }, ANN, SIGNAL);
    expect(rig.reconciler.listWorkers()).toMatchObject([
      { name: 'pve', file: 'nodes/pve.yaml', address: 'ssh://root@10.0.0.2:22' },
    ]);
    rig.source.push({ [file('far')]: stack('far', web('nginx:1.28'), 'nodes: [{ name: pve }]\n') });
    await rig.reconciler.refresh(SIGNAL);
    await expect(rig.reconciler.unregisterWorker('pve', ANN, SIGNAL)).rejects.toMatchObject({
      code: 'WORKER_IN_USE',
    });
    rig.source.push({ [file('far')]: null });
    await rig.reconciler.unregisterWorker('pve', ANN, SIGNAL);
    expect(rig.reconciler.listWorkers()).toEqual([]);
  });
});

async function withShop(options: Parameters<typeof createRig>[0] = {}): Promise<Rig> {
  const rig = createRig(options);
  rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
  await rig.reconciler.refresh(SIGNAL);
  return rig;
}

function plan(rig: Rig) {
  return rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
}
