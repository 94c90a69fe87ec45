import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { RepairLimiter } from '../../../reconciler/run/decide/repair-limiter.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import { planFor, wanted } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { eventually } from '../../support/eventually.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = container('web');
const web = (image: string) => ({ web: `image: "${image}"` });

describe('a push', () => {
  it('becomes running containers, a job and a tag', async () => {
    await using rig = createRig();
    const commit = rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'in_sync');
    expect(view.services).toMatchObject([{ name: 'web', image: 'nginx:1.29', health: 'healthy' }]);
    expect(view.deployment).toMatchObject({ number: 1, tag: 'deploy/shop/1', revision: commit });
    expect(view.deployment?.jobId).toBe(view.lastJob?.id);
    expect(rig.engine().control.find('shop', WEB)).toMatchObject({ state: 'running', revision: commit });
  });

  it('replaces what changed and touches no other stack', async () => {
    await using rig = createRig();
    rig.source.push({
      [file('shop')]: stack('shop', web('nginx:1.28')),
      [file('blog')]: stack('blog', web('nginx:1.28')),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    await rig.reaches('blog', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.ended('shop', 2);
    await rig.reaches('shop', 'in_sync');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
    expect(rig.jobs('blog')).toHaveLength(1);
  });

  it('removes a stack that left the repository, but not its volumes', async () => {
    await using rig = createRig();
    const data = { db: 'image: "nginx:1.29", volumes: ["data:/data"]' };
    rig.source.push({
      [file('shop')]: stack('shop', data, 'volumes: { data: {} }\n'),
      [file('blog')]: stack('blog', web('nginx:1.28')),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: null });
    const view = await rig.reaches('shop', 'removed');
    expect(view.message).toContain('local/volume/data kept');
    expect(rig.engine().control.find('shop', container('db'))).toBeUndefined();
  });

  it('that empties the repository deletes nothing', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: null });
    await expect(rig.reconciler.refresh(NEVER)).rejects.toMatchObject({ code: 'EMPTY_REPOSITORY' });
    expect(rig.reconciler.repository().error?.code).toBe('EMPTY_REPOSITORY');
    expect(rig.reconciler.getStack('shop').state).toBe('in_sync');
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });

  it('that removes most stacks at once waits for a yes', async () => {
    await using rig = createRig();
    const names = ['a', 'b', 'c'];
    rig.source.push(Object.fromEntries(names.map((name) => [file(name), stack(name, web('nginx:1.29'))])));
    await rig.reconciler.start();
    for (const name of names) await rig.reaches(name, 'in_sync');
    rig.source.push({ [file('a')]: null, [file('b')]: null });
    await rig.reaches('a', 'blocked');
    await rig.reaches('b', 'blocked');
    expect(rig.engine().control.find('a', WEB)?.state).toBe('running');
    expect((await rig.apply('a', { confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('a', WEB)).toBeUndefined();
    expect(rig.engine().control.find('b', WEB)?.state).toBe('running');
  });

  it('with an error in one stack leaves that stack as it runs and applies the others', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({
      [file('shop')]: stack('shop', { web: 'imagee: "x"' }),
      [file('blog')]: stack('blog', web('nginx:1.28')),
    });
    await rig.reaches('blog', 'in_sync');
    const view = await rig.reaches('shop', 'invalid');
    expect(view.diagnostics).toContainEqual(expect.objectContaining({ code: 'UNKNOWN_KEY', line: 4 }));
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
    const told = () => rig.logger.lines.filter(({ message }) => message.startsWith('a stack is not valid'));
    await eventually(told, (lines) => lines.length > 0);
    expect(told()[0]?.data).toMatchObject({
      stack: 'shop',
      problems: expect.arrayContaining([expect.stringContaining(':4:')]),
    });
    expect(told()).toHaveLength(1);
  });

  it('with an error keeps nobody from destroying what runs', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: stack('shop', { web: 'imagee: "x"' }) });

    expect((await rig.apply('shop', { mode: 'destroy', confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
  });

  it('pre-empts a running apply of the same stack', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    rig.engine().control.delayMs = 100;
    await rig.reconciler.start();
    await rig.reaches('shop', 'applying');
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reconciler.refresh(NEVER);
    const [first] = await rig.ended('shop', 1);
    rig.engine().control.delayMs = 0;
    await rig.reaches('shop', 'in_sync');
    expect(first).toMatchObject({
      status: 'cancelled',
      error: { message: expect.stringContaining('takes over') },
    });
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('that rewrites history is followed like any other', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.moveBranch(null);
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) }, 'another root');
    await rig.ended('shop', 2);
    await rig.reaches('shop', 'in_sync');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
  });
});

describe('a change that does not become healthy', () => {
  it('is reverted, reported, and not tried again until the description changes', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const bad = {
      web: 'image: "nginx:1.29", healthcheck: { test: ["CMD", "false"], retries: 1, interval: 1s }',
    };
    rig.source.push({ [file('shop')]: stack('shop', bad) });
    const view = await rig.reaches('shop', 'failed');
    expect(view.message).toContain('the version before runs again');
    expect(rig.engine().control.find('shop', WEB)).toMatchObject({
      state: 'running',
      spec: { image: 'nginx:1.28' },
    });
    const jobs = rig.jobs('shop').length;
    rig.engine().control.emit('shop');
    rig.engine().control.emit(null);
    rig.source.push({ [file('blog')]: stack('blog', web('nginx:1.28')) });
    await rig.reaches('blog', 'in_sync');
    expect(rig.jobs('shop')).toHaveLength(jobs);

    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.reaches('shop', 'in_sync');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
  });
});

describe('drift', () => {
  it('is repaired as soon as the engine tells of it', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.engine().control.stop('shop', WEB);
    rig.engine().control.emit('shop');
    const [job] = await rig.ended('shop', 2);
    expect(job).toMatchObject({ trigger: 'drift', status: 'completed', tag: 'deploy/shop/2' });
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');
  });

  it('is only reported when the policy says so', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28'), 'policy: { drift: alert }\n') });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.engine().control.stop('shop', WEB);
    rig.engine().control.emit('shop');
    const view = await rig.reaches('shop', 'drifted');
    expect(view.drift).toMatchObject({ hasDrift: true, changes: [{ resource: WEB, action: 'update' }] });
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('exited');
    expect((await rig.apply('shop')).job.status).toBe('completed');
    expect(rig.reconciler.getStack('shop').state).toBe('in_sync');
  });
});

describe('a stack that drifts again after every repair', () => {
  const FIGHT_MS = 1_500;
  const toStart = (name: string) => planFor({ desired: [wanted('container', name, { image: 'i' })] });
  const pauseOf = (limiter: RepairLimiter, plan: Plan) => limiter.whyWait(plan)?.kind ?? null;

  it('in the same way is left as it is after three rounds, and tried once more after an hour', async () => {
    const clock = createFakeClock();
    const limiter = new RepairLimiter(clock);
    const plan = toStart('web');
    const rounds: unknown[] = [];
    for (let repair = 0; repair < 3; repair += 1) {
      rounds.push([pauseOf(limiter, plan), limiter.repeats(plan)]);
      limiter.repaired(plan);
      await clock.advance(FIGHT_MS);
    }
    expect(rounds).toEqual([
      [null, false],
      [null, true],
      [null, true],
    ]);
    const pause = limiter.whyWait(plan);
    expect(pause).toMatchObject({ kind: 'contested', afterMs: 3_600_000 - FIGHT_MS });
    expect(pause?.reason).toContain('local/container/web: differs again after each of 3 repairs in a row');
    expect([limiter.tell(plan), limiter.tell(plan)]).toEqual([true, false]);
    await clock.advance(3_600_000);
    expect([pauseOf(limiter, plan), limiter.repeats(plan)]).toEqual([null, true]);
    limiter.repaired(plan);
    expect([pauseOf(limiter, plan), limiter.tell(plan)]).toEqual(['contested', false]);
    await clock.advance(7_200_000);
    expect([pauseOf(limiter, plan), limiter.repeats(plan)]).toEqual([null, false]);
    limiter.repaired(plan);
    expect(pauseOf(limiter, plan)).toBeNull();
  });

  it('in another way, or of another description, is repaired beside a fight', async () => {
    const clock = createFakeClock();
    const limiter = new RepairLimiter(clock);
    const plan = toStart('web');
    for (let repair = 0; repair < 3; repair += 1) limiter.repaired(plan);
    await clock.advance(600_000);
    const both = { ...plan, changes: [...plan.changes, ...toStart('db').changes] };
    expect(pauseOf(limiter, both)).toBeNull();
    expect(limiter.repeats(both)).toBe(false);
    expect(pauseOf(limiter, { ...plan, desired: 'another' })).toBeNull();
    expect(pauseOf(limiter, plan)).toBe('contested');
    limiter.release(plan.stack);
    expect(pauseOf(limiter, plan)).toBeNull();
  });

  it('in ever other ways is repaired less and less often, and says so', async () => {
    const clock = createFakeClock();
    const limiter = new RepairLimiter(clock);
    const waits: (string | null)[] = [];
    for (let repair = 0; repair < 5; repair += 1) {
      const plan = { ...toStart(`web-${repair}`), desired: 'same' };
      waits.push(limiter.whyWait(plan)?.reason ?? null);
      limiter.repaired(plan);
      await clock.advance(FIGHT_MS);
    }
    const row = (repairs: number, seconds: number) =>
      `it differs again after each of ${repairs} repairs in a row; the next one comes in ${seconds} s`;
    expect(waits).toEqual([null, null, null, row(3, 1), row(4, 3)]);
  });

  it('ends in one line, one entry of the history and one tag, and goes on when somebody applies it', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    const undo = () => {
      control.stop('shop', WEB);
      control.emit('shop');
    };
    for (let round = 0; round < 3; round += 1) {
      undo();
      await rig.ended('shop', round + 2);
      await rig.reaches('shop', 'in_sync');
    }
    for (let round = 0; round < 4; round += 1) {
      undo();
      const view = await rig.reaches('shop', 'drifted');
      expect(view.message).toContain('differs again after each of 3 repairs in a row');
    }
    const repairs = rig.jobs('shop').filter(({ type, trigger }) => type === 'apply' && trigger === 'drift');
    expect(repairs.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
    const told = rig.logger.lines.filter(({ data }) => JSON.stringify(data).includes('repairs in a row'));
    expect(told).toHaveLength(1);
    const history = await rig.reconciler.history('shop');
    expect(history.map(({ result, tag }) => [result, tag])).toEqual([
      ['deployed', 'deploy/shop/1'],
      ['deployed', 'deploy/shop/2'],
      ['held', null],
    ]);
    await rig.apply('shop');
    await rig.reaches('shop', 'in_sync');
    undo();
    await rig.ended('shop', 6);
    await rig.reaches('shop', 'in_sync');
  });
});

describe('a target that is away', () => {
  const onNode = (name: string, host: string) =>
    stack(
      name,
      web('nginx:1.28'),
      `nodes: [{ name: edge, type: docker, connection: { host: "unix:///${host}" } }]\n`,
    );

  it('fails its own stacks, which are tried again, and no others', async () => {
    await using rig = createRig();
    const away = rig.engine('unix:///away');
    away.control.outage(new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true }));
    rig.source.push({ [file('far')]: onNode('far', 'away'), [file('near')]: onNode('near', 'here') });
    await rig.reconciler.start();
    await rig.reaches('near', 'in_sync');
    const view = await rig.reaches('far', 'failed');
    expect(view).toMatchObject({
      message: 'connection refused',
      nodes: [{ name: 'edge', reachable: false }],
    });
    expect(rig.jobs('far')).toHaveLength(1);
    away.control.outage(null);
    await rig.reaches('far', 'in_sync');
  });
});

describe('a process that died', () => {
  it('leaves what the next one completes and tags', async () => {
    const rig = createRig();
    rig.source.push({
      [file('shop')]: stack('shop', {
        db: 'image: "nginx:1.28"',
        web: 'image: "nginx:1.28", depends_on: [db]',
      }),
    });
    rig.engine().control.fail(9, 'kill');
    await rig.reconciler.start();
    await rig.ended('shop', 1);
    rig.engine().control.outage(null);
    await using next = await rig.restart({ store: rig.store });
    await next.reconciler.start();
    await next.reaches('shop', 'in_sync');
    expect(await next.tags('shop')).toEqual(['deploy/shop/1']);
  });
});

describe('tags', () => {
  it('that cannot be pushed are retried and fail nothing', async () => {
    const { createMemorySource } = await import('../../support/memory/memory-source.ts');
    const source = createMemorySource({ hasRemote: true });
    let refuse = true;
    const push = source.pushTags.bind(source);
    source.pushTags = (names, signal) =>
      refuse
        ? Promise.reject(new ReconcilerError('REPOSITORY_UNREACHABLE', 'no route', { retryable: true }))
        : push(names, signal);
    await using rig = createRig({ source });
    source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const [job] = await rig.ended('shop', 1);
    const logs = rig.reconciler.getJob(job?.id ?? '').logs.map(({ message }) => message);
    expect(logs.join('\n')).toContain('deploy/shop/1 is not pushed yet and will be tried again: no route');
    refuse = false;
    expect(
      await eventually(
        () => source.pushedTags,
        (tags) => tags.length > 0,
        4_000,
      ),
    ).toEqual(['deploy/shop/1']);
  });
});
