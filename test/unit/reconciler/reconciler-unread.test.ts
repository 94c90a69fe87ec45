import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = container('web');
const AWAY = new ReconcilerError('REPOSITORY_UNREACHABLE', 'no route to host', { retryable: true });
const SHOP = { [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) };

describe('a daemon that is started while the remote is away', () => {
  it('goes on with the revision that was read last: shows, plans and repairs', async () => {
    const source = createMemorySource({ hasRemote: true });
    const rig = createRig({ source });
    source.push(SHOP);
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { resolve } = source;
    source.resolve = () => Promise.reject(AWAY);
    await using next = await rig.restart();
    await next.reconciler.start();
    await next.reaches('shop', 'in_sync');
    expect(next.reconciler.repository()).toMatchObject({
      error: { code: 'REPOSITORY_UNREACHABLE' },
      revision: { branch: 'main' },
      stacks: 1,
    });
    next.engine().control.stop('shop', WEB);
    await next.ended('shop', 1);
    expect(next.engine().control.find('shop', WEB)?.state).toBe('running');
    const request = { stack: 'shop', actor: null, trigger: 'api' } as const;
    expect((await next.reconciler.plan(request, NEVER)).plan.summary).toMatchObject({
      create: 0,
      replace: 0,
    });
    source.resolve = resolve;
    source.push({ [file('blog')]: stack('blog', { web: 'image: "nginx:1.29"' }) });
    await next.reaches('blog', 'in_sync');
    expect(next.reconciler.repository().error).toBeNull();
  });

  it('says that it knows nothing yet, where nothing was read before', async () => {
    const source = createMemorySource();
    await using rig = createRig({ source });
    source.push(SHOP);
    source.failWith(AWAY);
    await rig.reconciler.start();
    const unread = expect.objectContaining({
      code: 'REPOSITORY_UNREACHABLE',
      retryable: true,
      message: 'the repository has not been read yet: no route to host',
    });
    expect(() => rig.reconciler.listStacks()).toThrow(unread);
    expect(() => rig.reconciler.getStack('shop')).toThrow(unread);
    expect(() => rig.reconciler.listWorkers()).toThrow(unread);
    const control = { stack: 'shop', action: 'stop', actor: null, trigger: 'api' } as const;
    expect(() => rig.reconciler.control(control)).toThrow(unread);
    await expect(rig.reconciler.observe('shop', NEVER)).rejects.toEqual(unread);
    source.failWith(null);
    await rig.reaches('shop', 'in_sync');
  });

  it('lists nothing, without an error, of a repository that is empty', async () => {
    await using rig = createRig();
    await rig.reconciler.start();
    expect(rig.reconciler.listStacks()).toEqual([]);
    expect(() => rig.reconciler.getStack('shop')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STACK' }));
  });
});
