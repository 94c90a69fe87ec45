import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true });
const node = (name: string) => `{ name: ${name}, type: docker, connection: { host: "unix:///${name}" } }`;
const NODES = `nodes: [${node('one')}, ${node('two')}]\n`;
const on = (host: string, image = 'nginx:1.29', more = '') => `image: "${image}", node: ${host}${more}`;

describe('a stack over two engines, one of which is away', () => {
  it('is applied where it can be, says so, and is completed when the engine is back', async () => {
    await using rig = createRig();
    const push = (services: Record<string, string>) =>
      rig.source.push({ [file('shop')]: stack('shop', services, NODES) });
    push({ web: on('one'), db: on('two') });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const two = rig.engine('unix:///two').control;
    two.outage(AWAY);
    push({ web: on('one', 'nginx:1.28'), db: on('two', 'nginx:1.28') });
    const view = await rig.reaches('shop', 'degraded');
    expect(view.message).toContain('node two does not answer: connection refused');
    expect(view.services).toMatchObject([
      { name: 'web', health: 'healthy' },
      { name: 'db', health: 'unknown', reason: 'connection refused' },
    ]);
    const [job] = await rig.ended('shop', 2);
    expect(job).toMatchObject({
      status: 'failed',
      tag: null,
      summary: { replace: 1 },
      error: { code: 'TARGET_UNREACHABLE', message: expect.stringContaining('applied in part only') },
    });
    expect(rig.engine('unix:///one').control.find('shop', container('web', 'one'))?.spec['image']).toBe(
      'nginx:1.28',
    );
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
    two.outage(null);
    two.emit(null);
    await rig.reaches('shop', 'in_sync');
    expect(two.find('shop', container('db', 'two'))?.spec['image']).toBe('nginx:1.28');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
  });

  it('is shown as degraded when there is nothing to do elsewhere, and one job tells of it', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', { web: on('one'), db: on('two') }, NODES) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const two = rig.engine('unix:///two').control;
    two.outage(AWAY);
    rig.engine('unix:///one').control.emit('shop');
    await rig.reaches('shop', 'degraded');
    two.outage(null);
    two.emit(null);
    await rig.reaches('shop', 'in_sync');
    expect(rig.jobs('shop').map(({ status }) => status)).toEqual(['failed', 'completed']);
  });

  it('keeps what moves to the engine that is away, and what waits for something there', async () => {
    await using rig = createRig();
    const push = (services: Record<string, string>) =>
      rig.source.push({ [file('shop')]: stack('shop', services, NODES) });
    push({ web: on('one'), app: on('one'), db: on('two') });
    await rig.apply('shop');
    rig.engine('unix:///two').control.outage(AWAY);
    push({ web: on('two'), app: on('one', 'nginx:1.28', ', depends_on: [db]'), db: on('two') });
    const { job } = await rig.apply('shop');
    expect(job).toMatchObject({ status: 'failed', error: { code: 'TARGET_UNREACHABLE' } });
    const one = rig.engine('unix:///one').control;
    expect(one.find('shop', container('web', 'one'))?.state).toBe('running');
    expect(one.find('shop', container('app', 'one'))?.spec['image']).toBe('nginx:1.29');
    const { plan } = await rig.reconciler.plan(
      { stack: 'shop', actor: null, trigger: 'cli' },
      new AbortController().signal,
    );
    expect(plan.unreachable).toEqual([{ target: 'two', message: 'connection refused' }]);
    expect(plan.changes.find(({ id }) => id === container('web', 'one'))).toMatchObject({
      action: 'no-op',
      cause: 'kept until two/container/web can come up',
    });
    expect(plan.changes.find(({ id }) => id === container('app', 'one'))).toMatchObject({
      action: 'no-op',
      cause: 'waits for two/container/db',
    });
  });
});

describe('a service that moves to another node', () => {
  it('is up there before it goes here, and stays here when it does not come up there', async () => {
    await using rig = createRig();
    const push = (web: string) =>
      rig.source.push({ [file('shop')]: stack('shop', { web, db: on('two') }, NODES) });
    const [one, two] = ['one', 'two'].map((name) => rig.engine(`unix:///${name}`).control);
    push(on('one', 'nginx:1.29', ', ports: ["80:80"]'));
    await rig.apply('shop');
    push(on('two', 'nginx:1.29', ', ports: ["80:80"], healthcheck: { test: "false" }'));
    expect((await rig.apply('shop')).job.status).toBe('failed');
    expect(one?.find('shop', container('web', 'one'))?.state).toBe('running');
    push(on('two', 'nginx:1.29', ', ports: ["80:80"]'));
    const { job, steps } = await rig.apply('shop');
    expect(job.status).toBe('completed');
    expect(one?.find('shop', container('web', 'one'))).toBeUndefined();
    expect(two?.find('shop', container('web', 'two'))?.state).toBe('running');
    const names = steps.map(({ name }) => name);
    expect(names.indexOf('one/container/web')).toBeGreaterThan(names.indexOf('two/container/web'));
  });

  it('waits for the old one when both are on one machine and need its port', async () => {
    await using rig = createRig();
    const push = (more: string) =>
      rig.source.push({
        [file('shop')]: stack('shop', { web: 'image: "nginx:1.29", ports: ["80:80"]' }, more),
      });
    push(`nodes: [${node('one')}]\n`);
    await rig.apply('shop');
    push('nodes: [{ name: renamed, type: docker, connection: { host: "unix:///one" } }]\n');
    expect((await rig.apply('shop')).job.status).toBe('completed');
  });
});

describe('services that swap their host ports', () => {
  const ports = (web: number, app: number) =>
    stack('shop', {
      web: `image: "nginx:1.29", ports: ["${web}:80"]`,
      app: `image: "nginx:1.29", ports: ["${app}:80"], depends_on: [web]`,
    });

  it('have them swapped with one commit', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: ports(8080, 8081) });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: ports(8081, 8080) });
    const { job } = await rig.apply('shop');
    expect(job).toMatchObject({ status: 'completed', summary: { replace: 2 } });
  });

  it('go on with the old ones when the other does not even come so far', async () => {
    await using rig = createRig();
    const control = rig.engine().control;
    rig.source.push({ [file('shop')]: ports(8080, 8081) });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: ports(8081, 8080).replace('nginx:1.29', 'gone:1') });
    expect((await rig.apply('shop')).job.status).toBe('failed');
    for (const name of ['web', 'app'])
      expect(control.find('shop', container(name))).toMatchObject({ state: 'running' });
  });

  it('are swapped after a crash at any call', async () => {
    for (let nth = 1; nth < 60; nth++) {
      const rig = createRig();
      const control = rig.engine().control;
      rig.source.push({ [file('shop')]: ports(8080, 8081) });
      await rig.apply('shop');
      rig.source.push({ [file('shop')]: ports(8081, 8080) });
      const before = control.calls;
      control.fail(nth, 'kill');
      await rig.apply('shop').catch(() => undefined);
      const isDone = control.calls - before < nth;
      control.revive();
      await using next = await rig.restart();
      await next.reconciler.start();
      await next.reaches('shop', 'in_sync');
      if (isDone) return;
    }
    throw new Error('more calls than expected');
  });
});
