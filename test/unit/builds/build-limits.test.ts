import { afterEach, describe, expect, it } from 'vitest';
import type { BuildsRig, BuildsRigOptions } from '../../support/builds/builds-rig.ts';
import { ADA, buildOptions, createBuildsRig, HUB } from '../../support/builds/builds-rig.ts';
import { buildBuild, buildBuildLog } from '../../support/records.ts';
import { createRig } from '../../support/reconciler-rig.ts';
import { eventually } from '../../support/eventually.ts';

const NEVER = new AbortController().signal;

describe('builds', () => {
  let on: BuildsRig;
  afterEach(() => on[Symbol.asyncDispose]());
  const open = async (options: BuildsRigOptions = {}) => (on = await createBuildsRig(options));

  it('that take too long have failed, and say so', async () => {
    await open({ timeoutMs: 40 });
    on.engine.control.failCall('build', 'hang');
    const build = await on.end((await on.start()).id);
    expect(build).toMatchObject({
      status: 'failed',
      errorStage: 'build',
      error: 'it was not done within 0 minutes',
    });
    expect(on.engine.builds.images.size).toBe(0);
  });

  it('take their turns, two at once where the operator says so, and not too many may wait', async () => {
    await open({ atOnce: 2 });
    on.engine.control.delayMs = 1;
    on.engine.builds.play = () => new Promise((resolve) => setTimeout(resolve, 50));
    const started = [];
    for (let number = 1; number <= 22; number += 1) started.push(await on.start({ tag: `t${number}` }));
    expect(on.rig.store.listOpenBuilds().filter(({ status }) => status === 'pending')).toHaveLength(20);
    await expect(on.start()).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      retryable: true,
      message: '20 builds of yours wait already: try again when one has ended',
    });
    const other = await on.start({ owner: 'somebody else' });
    expect(other.status).toBe('pending');
    await on.rig.reconciler.cancelBuild(other.id);
    const { reconciler } = on.rig;
    for (const { id } of started.slice(4)) await reconciler.cancelBuild(id);
    for (const { id } of started.slice(0, 4)) expect((await on.end(id)).status).toBe('completed');
  });

  it('of the same name are never at it at the same time, and others pass them', async () => {
    await open({ atOnce: 3 });
    let same = 0;
    let most = 0;
    on.engine.builds.play = async ({ args }) => {
      if (args['WHO'] === 'other') return;
      most = Math.max(most, (same += 1));
      await new Promise((resolve) => setTimeout(resolve, 30));
      same -= 1;
    };
    const ids = [];
    for (const who of ['a', 'b', 'c']) ids.push((await on.start({ args: { WHO: who } })).id);
    const other = (await on.start({ tag: 'other', args: { WHO: 'other' } })).id;
    expect((await on.end(other)).status).toBe('completed');
    expect(on.rig.reconciler.getBuild(ids[2] ?? '').endedAt).toBeNull();
    for (const id of ids) expect((await on.end(id)).status).toBe('completed');
    expect(most).toBe(1);
  });

  it('that print without end keep their last lines, and cost no more than those', async () => {
    await open();
    on.engine.builds.play = ({ onLine }) => {
      for (let number = 1; number <= 50_000; number += 1) onLine(`line ${number} ${'x'.repeat(2_000)}`, null);
    };
    const { id } = await on.start();
    await on.end(id);
    const lines = on.rig.reconciler.buildLog(id);
    expect(lines).toHaveLength(2_000);
    expect(Math.max(...lines.map(({ message }) => message.length))).toBe(1_000);
    expect(lines.at(-2)?.message).toMatch(/^The push refers/);
    expect(lines.findLast(({ message }) => message.startsWith('line'))?.message).toMatch(/^line 50000 /);
    expect(on.rig.store.listBuildLogs(id)).toEqual(lines);
  });

  it('are told of to readers who come late, or are slow', async () => {
    await open();
    const gate = Promise.withResolvers<void>();
    on.engine.builds.play = async ({ onLine }) => {
      for (let number = 1; number <= 10_000; number += 1) onLine(`line ${number}`, null);
      await gate.promise;
    };
    const { id } = await on.start();
    await eventually(
      () => on.rig.reconciler.buildLog(id).length,
      (count) => count === 2_000,
    );
    const ending = on.follow(id);
    gate.resolve();
    const events = await ending;
    const sequences = events.flatMap((event) => (event.type === 'log' ? [event.log.sequence] : []));
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
    expect(events.at(-1)).toMatchObject({ type: 'end', build: { status: 'completed' } });
    // It is over: the same once more, from the store.
    const late = await on.follow(id);
    expect(late.filter(({ type }) => type === 'log')).toHaveLength(2_000);
    expect(late.at(-1)?.type).toBe('end');
  });

  it('end a reader with its signal', async () => {
    await open();
    on.repositories.hang();
    const { id } = await on.start();
    const gone = new AbortController();
    const reading = (async () => {
      for await (const _ of on.rig.reconciler.followBuild(id, gone.signal));
    })();
    gone.abort();
    await reading;
    expect(() => on.rig.reconciler.followBuild('0'.repeat(24), NEVER)).toThrow('there is no build');
    await on.rig.reconciler.cancelBuild(id);
  });

  it('go on although the store takes nothing for a while, and are written down later', async () => {
    await open();
    const { store } = on.rig;
    const save = store.saveBuild;
    let broken = false;
    Object.assign(store, {
      saveBuild(build: Parameters<typeof save>[0]) {
        if (broken) throw new Error('full');
        save(build);
      },
    });
    on.engine.builds.play = () => void (broken = true);
    const { id } = await on.start();
    expect((await on.end(id)).status).toBe('completed');
    expect(store.getBuild(id)?.status).not.toBe('completed');
    broken = false;
    expect(
      await eventually(
        () => store.getBuild(id)?.status,
        (status) => status === 'completed',
      ),
    ).toBe('completed');
  });
});

describe('builds of a process that ended', () => {
  it('have failed as interrupted, what they left goes, and nothing is built twice', async () => {
    await using on = await createBuildsRig();
    const { reconciler, store } = on.rig;
    on.engine.control.failCall('push', 'hang');
    const running = await on.start();
    const waiting = await on.start();
    await eventually(
      () => on.engine.control.log,
      (log) => log.includes('push'),
    );
    await reconciler[Symbol.asyncDispose]();
    for (const { id } of [running, waiting])
      expect(store.getBuild(id)).toMatchObject({
        status: 'failed',
        error: 'interrupted: the process that was to do this ended',
      });
    await expect(on.start()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(on.engine.builds.images.size).toBe(0);
    expect(on.engine.builds.pushed).toEqual([]);
  });

  it('are ended by the next one when it was killed, also while the engine is away', async () => {
    const { options, repositories } = buildOptions();
    await using rig = createRig(options);
    const { store } = rig;
    const left = buildBuild(1, { status: 'pushing' });
    store.saveBuild(left);
    store.saveBuild(buildBuild(2, { status: 'pending' }));
    store.saveBuild(buildBuild(3, { status: 'completed', endedAt: left.createdAt }));
    store.appendBuildLogs(left.id, [buildBuildLog(1)], 10);
    const engine = rig.engine();
    engine.builds.images.add(left.id).add('of somebody else');
    engine.control.outage(new Error('away'));
    rig.source.push({ 'kombinator.yaml': '{}\n' });
    await rig.reconciler.start();
    const ended = await eventually(
      () => store.listOpenBuilds(),
      (builds) => builds.length === 0,
    );
    expect(ended).toEqual([]);
    expect(store.getBuild(left.id)).toMatchObject({
      status: 'failed',
      errorStage: 'push',
      error: expect.stringContaining('interrupted') as string,
    });
    expect(store.getBuild(buildBuild(3).id)?.status).toBe('completed');
    expect(repositories.swept()).toBe(1);
    engine.control.outage(null);
    expect(
      await eventually(
        () => engine.builds.images.size,
        (size) => size === 1,
      ),
    ).toBe(1);
    expect([...engine.builds.images]).toEqual(['of somebody else']);
    expect(engine.builds.asked).toEqual([]);
  });

  it('can be looked at where nothing is built any more', async () => {
    await using rig = createRig();
    rig.store.saveBuild(buildBuild(1, { status: 'failed', endedAt: '2026-11-01T00:00:00.000Z' }));
    expect(rig.reconciler.listBuilds({ limit: 5 }).total).toBe(1);
    const asked = { repository: 'https://git.example.org/app', registry: HUB, imageName: 'app' };
    await expect(rig.reconciler.startBuild(asked, ADA, NEVER)).rejects.toThrow('no images are built here');
  });
});
