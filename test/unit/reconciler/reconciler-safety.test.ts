import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { systemClock } from '../../../reconciler/daemon/system-clock.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = container('web');
const web = (image: string) => ({ web: `image: "${image}"` });
const DATA = { db: 'image: "nginx:1.29", volumes: ["data:/data"]' };
const VOLUMES = 'volumes: { data: {} }\n';
const UNHEALTHY = 'healthcheck: { test: ["CMD", "false"], retries: 1, interval: 1s }';
const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true });

describe('a yes', () => {
  it('covers what the plan said when it was given, not what it has become since', async () => {
    await using rig = createRig();
    rig.source.push({
      [file('shop')]: stack('shop', web('nginx:1.28')),
      [file('blog')]: stack('blog', web('nginx:1.28')),
    });
    const ask = () =>
      rig.reconciler.apply({ stack: 'shop', confirm: true, actor: null, trigger: 'api' }, NEVER);
    rig.engine().control.delayMs = 40;
    await ask();
    const second = await ask();
    rig.source.push({ [file('shop')]: null });
    await rig.reconciler.refresh(NEVER);
    rig.engine().control.delayMs = 0;
    const { job } = await rig.reconciler.waitForJob(second.id, AbortSignal.timeout(4_000));
    expect(job).toMatchObject({ status: 'failed', error: { code: 'CONFIRMATION_REQUIRED' } });
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
    expect((await rig.apply('shop', { confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
  });
});

describe('a push that arrives while a request waits', () => {
  it('is carried out though the request is refused', async () => {
    await using rig = createRig();
    rig.source.push({
      [file('shop')]: stack('shop', web('nginx:1.28')),
      [file('blog')]: stack('blog', web('nginx:1.28')),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    control.delayMs = 40;
    const asker = { actor: null, trigger: 'api' } as const;
    rig.reconciler.control({ stack: 'shop', action: 'restart', ...asker });
    const { id } = await rig.reconciler.apply({ stack: 'shop', confirm: true, ...asker }, NEVER);
    rig.source.push({ [file('shop')]: null });
    await rig.reconciler.refresh(NEVER);
    const { job } = await rig.reconciler.waitForJob(id, AbortSignal.timeout(4_000));
    control.delayMs = 0;
    expect(job).toMatchObject({ status: 'failed', error: { code: 'CONFIRMATION_REQUIRED' } });
    const find = () => control.find('shop', WEB);
    expect(await eventually(find, (one) => one === undefined)).toBeUndefined();
  });
});

describe('a saved plan', () => {
  const planOf = async (rig: ReturnType<typeof createRig>, volumes: boolean): Promise<Plan> => {
    const request = { stack: 'shop', mode: 'destroy', volumes, actor: null, trigger: 'cli' } as const;
    return (await rig.reconciler.plan(request, NEVER)).plan;
  };

  it('deletes the volumes that it says it deletes, and no others', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', DATA, VOLUMES) });
    await rig.apply('shop');
    const volume = 'local/volume/data' as typeof WEB;
    const keep = await planOf(rig, false);
    const kept = await rig.apply('shop', { mode: 'destroy', plan: keep, volumes: true, confirm: true });
    expect(kept.job.status).toBe('completed');
    expect(rig.engine().control.find('shop', volume)).toBeDefined();
    const all = await planOf(rig, true);
    const gone = await rig.apply('shop', { mode: 'destroy', plan: all, confirm: true });
    expect(gone.job.status).toBe('completed');
    expect(rig.engine().control.find('shop', volume)).toBeUndefined();
  });
});

describe('a stack that is destroyed by hand', () => {
  it('is not put back when that fails half way', async () => {
    await using rig = createRig();
    rig.source.push({
      [file('shop')]: stack('shop', { a: 'image: "nginx:1.29"', b: 'image: "nginx:1.29"' }),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    const log = control.log.length;
    control.delayMs = 60;
    const asked = rig.apply('shop', { mode: 'destroy', confirm: true });
    await eventually(
      () => control.log.slice(log).some((line) => line === 'delete local/network/default'),
      Boolean,
      4_000,
    );
    control.outage(AWAY);
    expect((await asked).job.status).toBe('failed');
    control.outage(null);
    control.delayMs = 0;
    const calls = control.calls;
    control.emit(null);
    await eventually(
      () => control.calls,
      (now) => now > calls + 1,
      4_000,
    );
    await rig.reaches('shop', 'failed');
    expect(rig.jobs('shop').map(({ type, status }) => `${type} ${status}`)).toEqual([
      'destroy failed',
      'apply completed',
    ]);
    expect((await rig.apply('shop')).job.status).toBe('completed');
  });

  it('stays away when it is asked for again while the engine is away', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    await rig.apply('shop', { mode: 'destroy', confirm: true });
    const { control } = rig.engine();
    control.outage(AWAY);
    expect((await rig.apply('shop', { mode: 'destroy', confirm: true })).job.status).toBe('failed');
    control.outage(null);
    control.emit(null);
    const { calls } = control;
    await eventually(
      () => control.calls,
      (now) => now > calls + 2,
      1_000,
    );
    expect(control.find('shop', WEB)).toBeUndefined();
    const applied = rig.jobs('shop').filter(({ type, status }) => type === 'apply' && status === 'completed');
    expect(applied).toHaveLength(1);
  });
});

describe('trying again', () => {
  it('waits longer each time although the tries themselves make events', async () => {
    const clock = { ...createFastClock(), random: () => 0.99 };
    await using rig = createRig({ clock });
    const fails = { web: 'image: "nginx:1.29", command: ["sh", "-c", "exit 1"], restart: "no"' };
    rig.source.push({ [file('shop')]: stack('shop', fails) });
    await rig.reconciler.start();
    const [fourth, third] = await rig.ended('shop', 4);
    const pause = Date.parse(fourth?.createdAt ?? '') - Date.parse(third?.endedAt ?? '');
    expect(pause).toBeGreaterThanOrEqual(3_900);
  });

  // An engine that refused once, in the middle of a removal by hand, left the stack down for good.
  it('of a repair goes on whatever the target says, since the description has worked', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    control.failCall(`create ${WEB}`, new ReconcilerError('TARGET_ERROR', 'the engine is confused'));

    control.remove('shop', WEB);

    const jobs = await rig.ended('shop', 3);
    expect(jobs.map(({ trigger, status }) => `${trigger} ${status}`)).toEqual([
      'retry completed',
      'drift failed',
      'push completed',
    ]);
    expect(control.find('shop', WEB)?.state).toBe('running');
  });

  it('does not stop what runs again and again while the store is full', async () => {
    const real = createSqliteStore({ path: ':memory:', clock: systemClock });
    const full = () => {
      throw new ReconcilerError('STORE_FULL', 'no space left', { retryable: true });
    };
    await using rig = createRig({ store: { ...real, saveStack: full } });
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', { web: `image: "nginx:1.29", ${UNHEALTHY}` }) });
    await rig.reaches('shop', 'failed');
    const { control } = rig.engine();
    for (let round = 0; round < 3; round += 1) {
      const calls = control.calls;
      control.emit('shop');
      await eventually(
        () => control.calls,
        (now) => now > calls,
        4_000,
      );
      await rig.reaches('shop', 'failed');
    }
    expect(rig.jobs('shop')).toHaveLength(2);
    expect(control.find('shop', WEB)).toMatchObject({ state: 'running', spec: { image: 'nginx:1.28' } });
  });
});

describe('a tag', () => {
  it('is not made for an apply that only waited for health', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.apply('shop');
    const { control } = rig.engine();
    control.setHealth('shop', WEB, { status: 'starting' });
    const asked = rig.apply('shop');
    const isWaiting = () => control.log.filter((line) => line === `health ${WEB}`).length > 2;
    await eventually(isWaiting, Boolean, 4_000);
    control.setHealth('shop', WEB, null);
    expect((await asked).job).toMatchObject({ status: 'completed', tag: null });
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });
});

describe('a look', () => {
  it('does not hide that a job is running, or has failed', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', { web: `image: "nginx:1.29", ${UNHEALTHY}` }) });
    await rig.reconciler.refresh(NEVER);
    rig.engine().control.delayMs = 20;
    const asked = rig.apply('shop');
    await rig.reaches('shop', 'applying');
    expect((await rig.reconciler.observe('shop', NEVER)).state).toBe('applying');
    expect((await asked).job.status).toBe('failed');
  });
});

describe('a read of the repository', () => {
  it('goes on for others when whoever asked first goes away', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    const first = rig.reconciler.refresh(NEVER);
    const leaving = new AbortController();
    const second = rig.reconciler.refresh(leaving.signal);
    const third = rig.reconciler.refresh(NEVER);
    leaving.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await first;
    expect((await third).revision).not.toBeNull();
  });
});

describe('closing', () => {
  it('ends jobs that are asked for meanwhile', async () => {
    const rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.refresh(NEVER);
    rig.engine().control.delayMs = 30;
    const asked = rig.reconciler.apply({ stack: 'shop', actor: null, trigger: 'api' }, NEVER);
    await rig.reconciler[Symbol.asyncDispose]();
    await expect(asked).rejects.toThrow();
    expect(rig.jobs('shop').every(({ endedAt }) => endedAt !== null)).toBe(true);
  });
});

describe('two daemons on two branches of one repository', () => {
  it.each([
    { branch: 'main', state: undefined },
    { branch: 'staging', state: 'running' },
  ])('what was deployed from $branch is $state after it left main', async ({ branch, state }) => {
    const source = createMemorySource();
    source.push({
      [file('shop')]: stack('shop', web('nginx:1.29')),
      [file('preview')]: stack('preview', web('nginx:1.29')),
    });
    const other = createRig({ source: { ...source, branch } });
    await other.reconciler.refresh(AbortSignal.timeout(5_000));
    await other.apply('preview');
    const target = other.engine();
    await other.reconciler[Symbol.asyncDispose]();

    source.push({ [file('preview')]: null });
    await using rig = createRig({ source, engines: new Map([['docker:local', target]]) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const preview = () => target.control.find('preview', container('web'))?.state;
    await eventually(
      () => target.control.log.includes('owned') && preview() === state,
      (done) => done,
      4_000,
    );
    // The search has done what it queued before a later push is done.
    source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.ended('shop', 2);
    expect(preview()).toBe(state);
  });
});

describe('a stack that needs a name which somebody else has', () => {
  it('is blocked with the reason before anything is touched, and deployed once the name is free', async () => {
    await using rig = createRig({ resyncMs: 50 });
    const { foreignNames } = rig.engine().control.engine;
    foreignNames.add('shop-web-1');
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
    await rig.reconciler.start();
    const { message } = await rig.reaches('shop', 'blocked');
    expect(message).toContain('shop-web-1 is there already and was made by somebody else');
    expect(rig.engine().control.log.filter((call) => call.startsWith('create'))).toEqual([]);
    expect(rig.jobs('shop')).toMatchObject([
      { type: 'plan', status: 'completed', error: { retryable: true } },
    ]);
    await expect(rig.apply('shop')).rejects.toThrow('was made by somebody else');
    foreignNames.delete('shop-web-1');
    await rig.reaches('shop', 'in_sync');
  });
});

describe('a description that comes back while its stack is removed', () => {
  it('runs again, at whatever moment of the removal that is', async () => {
    let moment = 1;
    while (await revertAt(moment)) moment += 1;
    expect(moment).toBeGreaterThan(8);
  });
});

/** @returns whether there was such a moment: the removal took no fewer events */
async function revertAt(moment: number): Promise<boolean> {
  const shop = stack('shop', web('nginx:1.29'));
  await using rig = createRig({ resyncMs: 24 * 3_600_000 });
  rig.source.push({ [file('shop')]: shop, [file('keep')]: stack('keep', {}) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  let events = 0;
  const { promise: reverted, resolve } = Promise.withResolvers<boolean>();
  using _ = rig.reconciler.subscribe((event) => {
    if (event.type === 'repository' || event.type === 'log') return;
    events += 1;
    if (events === moment) {
      rig.source.push({ [file('shop')]: shop });
      resolve(true);
    }
    if (event.type === 'job' && event.job.type === 'destroy' && event.job.endedAt !== null) resolve(false);
  });
  rig.source.push({ [file('shop')]: null });
  if (!(await reverted)) return false;
  await rig.reconciler.refresh(NEVER);
  await rig.reaches('shop', 'in_sync');
  expect([moment, rig.engine().control.find('shop', WEB)?.state]).toEqual([moment, 'running']);
  return true;
}

describe('a stack that leaves the repository while it is applied', () => {
  it('is removed, at whatever moment of the apply that is', async () => {
    let moment = 1;
    while (await takeOutAt(moment)) moment += 1;
    expect(moment).toBeGreaterThan(8);
  });
});

/** @returns whether there was such a moment: the apply took no fewer events */
async function takeOutAt(moment: number): Promise<boolean> {
  await using rig = createRig({ resyncMs: 24 * 3_600_000 });
  rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')), [file('keep')]: stack('keep', {}) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  let events = 0;
  const { promise: leaves, resolve } = Promise.withResolvers<boolean>();
  using _ = rig.reconciler.subscribe((event) => {
    if (event.type === 'repository' || event.type === 'log') return;
    events += 1;
    if (events === moment) {
      rig.source.push({ [file('shop')]: null });
      resolve(true);
    }
    if (event.type === 'stack' && event.stack === 'shop' && event.state === 'in_sync') resolve(false);
  });
  rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
  if (!(await leaves)) return false;
  const left = await eventually(
    () => rig.engine().control.find('shop', WEB),
    (found) => found === undefined,
    4_000,
  );
  expect([moment, left]).toEqual([moment, undefined]);
  return true;
}
