import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = { web: 'image: "nginx:1.29"' };
const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true });
const nodeAt = (path: string) =>
  `nodes: [{ name: edge, type: docker, connection: { host: "unix:///${path}" } }]\n`;
const sharedNode = (path: string) => `connection: { host: "unix:///${path}" }\n`;

describe('a node that becomes another machine', () => {
  it('gets what the stack runs, and the machine before is cleared', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', WEB, nodeAt('old')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', WEB, nodeAt('new')) });
    const [job] = await rig.ended('shop', 2);
    expect(job).toMatchObject({ status: 'completed', summary: { create: 2, delete: 2 } });
    expect(rig.engine('unix:///new').control.find('shop', container('web', 'edge'))?.state).toBe('running');
    expect(rig.engine('unix:///old').control.engine.stacks.has('shop')).toBe(false);
  });
});

describe('a stack whose engine is away', () => {
  it('is not said to be destroyed', async () => {
    await using rig = createRig();
    const keep = { [file('blog')]: stack('blog', WEB), 'nodes/far.yaml': sharedNode('far') };
    rig.source.push({ ...keep, [file('shop')]: stack('shop', WEB, 'nodes: [{ name: far }]\n') });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: null });
    await rig.reconciler.refresh(NEVER);
    const far = rig.engine('unix:///far');
    far.control.outage(AWAY);
    const { job } = await rig.apply('shop', { mode: 'destroy', confirm: true });
    expect(job).toMatchObject({ status: 'failed', error: { code: 'TARGET_UNREACHABLE' } });
    expect(rig.reconciler.stackNames()).toContain('shop');
    far.control.outage(null);
    expect((await rig.apply('shop', { mode: 'destroy', confirm: true })).job.status).toBe('completed');
    expect(far.control.engine.stacks.has('shop')).toBe(false);
  });

  it('is removed once the engine is back', async () => {
    await using rig = createRig();
    const keep = { [file('blog')]: stack('blog', WEB), 'nodes/far.yaml': sharedNode('far') };
    rig.source.push({ ...keep, [file('shop')]: stack('shop', WEB, 'nodes: [{ name: far }]\n') });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const far = rig.engine('unix:///far');
    far.control.outage(AWAY);
    rig.source.push({ [file('shop')]: null });
    expect((await rig.reaches('shop', 'failed')).message).toContain('connection refused');
    far.control.outage(null);
    await rig.ended('shop', 3);
    expect(far.control.engine.stacks.has('shop')).toBe(false);
  });
});

describe('stacks that are no longer described when a process starts', () => {
  const nodes = { 'nodes/n1.yaml': sharedNode('n1'), 'nodes/n2.yaml': sharedNode('n2') };

  it('wait for a yes when there are many, however few are on each engine', async () => {
    const rig = createRig();
    rig.source.push({
      ...nodes,
      [file('a')]: stack('a', WEB, 'nodes: [{ name: n1 }]\n'),
      [file('b')]: stack('b', WEB, 'nodes: [{ name: n2 }]\n'),
      [file('c')]: stack('c', WEB),
    });
    for (const name of ['a', 'b', 'c']) await rig.apply(name);
    rig.source.push({ [file('a')]: null, [file('b')]: null });
    await using next = await rig.restart();
    await next.reconciler.start();
    await next.reaches('a', 'blocked');
    await next.reaches('b', 'blocked');
    expect(next.engine('unix:///n1').control.find('a', container('web', 'n1'))?.state).toBe('running');
  });

  it('are left alone while a file does not tell which stack it describes', async () => {
    const rig = createRig();
    const path = 'kombinations/somewhere/kombination.yaml';
    rig.source.push({ [path]: stack('shop', WEB), [file('blog')]: stack('blog', WEB) });
    await rig.apply('shop');
    rig.source.push({ [path]: new Uint8Array([0xff, 0xfe, 0x00, 0x01]) });
    await using next = await rig.restart();
    await next.reconciler.start();
    const view = await next.reaches('shop', 'blocked');
    expect(view.message).toContain(path);
    expect(next.engine().control.find('shop', container('web'))?.state).toBe('running');
    next.source.push({ [path]: stack('shop', WEB) });
    await next.reaches('shop', 'in_sync');
  });

  it('are removed when there are few, and are not shown any more', async () => {
    const rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', WEB), [file('blog')]: stack('blog', WEB) });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: null });
    await using next = await rig.restart();
    await next.reconciler.start();
    await next.ended('shop', 1);
    next.engine().control.emit(null);
    await next.gone('shop');
    expect(next.engine().control.engine.stacks.has('shop')).toBe(false);
  });
});
