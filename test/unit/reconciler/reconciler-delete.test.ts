import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { dependantsFirst } from '../../../reconciler/run/write/delete-stacks.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';
import { workflow } from '../../support/kubernetes/workflow-texts.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const ANN = { name: 'Ann', email: 'ann@example.org' };
const SIGNAL = new AbortController().signal;
const WEB = container('web');
const SERVICES = { web: 'image: "nginx:1.29"' };
const NAMES = ['api', 'base', 'front', 'other'];

describe('deleteStacks', () => {
  it('takes all descriptions away in one commit, then removes what depends on others first', async () => {
    await using rig = await withStacks();
    const before = (await rig.source.resolve(SIGNAL)).commit;

    const { commit, order, done } = await remove(rig, ['base', 'api', 'front', 'api']);

    expect(order).toEqual(['front', 'api', 'base']);
    expect(await done).toEqual(
      order.map((name) => ({
        stack: name,
        job: expect.objectContaining({ type: 'destroy', status: 'completed', actor: 'Ann' }),
        error: null,
      })),
    );
    const head = await rig.source.resolve(SIGNAL);
    expect(head).toMatchObject({ commit, author: ANN, subject: 'Delete stacks api, base, front' });
    const gone = await rig.source.diff(before, head.commit, SIGNAL);
    expect(gone.map(({ path, after }) => [path, after])).toEqual(
      ['api', 'base', 'front'].map((name) => [file(name), null]),
    );
    expect(deletesOf(rig)).toEqual(['front', 'api', 'base']);
    expect([...rig.engine().control.engine.stacks.keys()]).toEqual(['other']);
  });

  it('goes on to the end when the daemon removes them, too', async () => {
    await using rig = await withStacks();
    await rig.reconciler.start();
    await rig.reaches('front', 'in_sync');

    const { done } = await remove(rig, ['base', 'api', 'front']);

    expect((await done).map(({ stack: name, error }) => [name, error])).toEqual([
      ['front', null],
      ['api', null],
      ['base', null],
    ]);
    for (const name of ['front', 'api', 'base']) {
      await rig.gone(name);
      expect(rig.engine().control.find(name, WEB)).toBeUndefined();
    }
    expect(rig.engine().control.find('other', WEB)?.state).toBe('running');
  });

  it('takes workflows along in the same commit', async () => {
    await using rig = await withStacks();
    const nodes = ['{ id: settings, type: configMap, data: { name: settings, data: { a: "1" } } }'];
    rig.source.push({
      'clusters/prod.yaml': 'server: https://10.0.0.1:6443\ntoken: secret://env/TOKEN\n',
      'workflows/shop.yaml': workflow(nodes),
    });
    await rig.reconciler.refresh(SIGNAL);

    const { commit, order, done } = await remove(rig, ['shop', 'other']);

    expect(order).toEqual(['other', 'shop']);
    expect((await done).map(({ stack: name, error }) => [name, error])).toEqual([
      ['other', null],
      ['shop', null],
    ]);
    const head = await rig.source.resolve(SIGNAL);
    expect(head).toMatchObject({ commit, subject: 'Delete stacks other, shop' });
    const left = (await rig.source.diff(null, head.commit, SIGNAL)).map(({ path }) => path);
    expect(left).not.toContain('workflows/shop.yaml');
    expect(left).not.toContain(file('other'));
    expect(left).toContain('clusters/prod.yaml');
  });

  it('changes nothing when one of them is not known', async () => {
    await using rig = await withStacks();
    const { commit: before } = await rig.source.resolve(SIGNAL);

    await expect(remove(rig, ['api', 'nope', 'neither'])).rejects.toMatchObject({
      code: 'UNKNOWN_STACK',
      message: 'there is no stack neither, no stack nope',
    });

    expect((await rig.source.resolve(SIGNAL)).commit).toBe(before);
    expect(rig.engine().control.find('api', WEB)?.state).toBe('running');
  });

  it('keeps what a stack needs that could not be removed, and tells both', async () => {
    await using rig = await withStacks();
    const gone = rig.engine().control;
    gone.failCall('delete local/container/web', new ReconcilerError('TARGET_ERROR', 'device busy'));

    const { done } = await remove(rig, ['base', 'api', 'front', 'other']);

    expect((await done).map(({ stack: name, error }) => [name, error?.code ?? null, error?.message])).toEqual(
      [
        ['front', 'TARGET_ERROR', expect.stringContaining('device busy')],
        ['api', 'CANCELLED', 'front is still there'],
        ['base', 'CANCELLED', 'api is still there'],
        ['other', null, undefined],
      ],
    );
    expect(gone.find('base', WEB)?.state).toBe('running');
  });

  it('removes the last ones, too, and volumes when told to', async () => {
    await using rig = await withStacks('volumes: { data: {} }\n');

    const { done } = await remove(rig, NAMES, true);

    expect((await done).every(({ error }) => error === null)).toBe(true);
    for (const name of NAMES) expect(rig.engine().control.engine.stacks.get(name)?.size ?? 0, name).toBe(0);
  });
});

describe('dependantsFirst', () => {
  it.each([
    { uses: [], order: [] },
    {
      uses: [
        ['b', []],
        ['a', []],
      ],
      order: ['a', 'b'],
    },
    {
      uses: [
        ['a', ['b']],
        ['b', ['c']],
        ['c', []],
      ],
      order: ['c', 'b', 'a'],
    },
    {
      uses: [
        ['a', ['b']],
        ['b', ['a']],
        ['c', ['a']],
      ],
      order: ['a', 'b', 'c'],
    },
  ] as { uses: [string, string[]][]; order: string[] }[])('orders $uses', ({ uses, order }) => {
    expect(dependantsFirst(new Map(uses))).toEqual(order);
  });
});

/** `front` depends on `api`, `api` on `base`, and `other` on nothing. */
async function withStacks(more = ''): Promise<Rig> {
  const rig = createRig();
  const needs = { api: 'dependsOn: [base]\n', front: 'dependsOn: [api]\n', base: '', other: '' };
  const files = Object.entries(needs).map(([name, text]) => [file(name), stack(name, SERVICES, text + more)]);
  rig.source.push(Object.fromEntries(files));
  for (const name of ['base', 'api', 'front', 'other']) {
    const { job } = await rig.apply(name);
    if (job.status !== 'completed') throw new Error(`${name} is not up: ${job.error?.message}`);
  }
  return rig;
}

function remove(rig: Rig, stacks: readonly string[], volumes = false) {
  return rig.reconciler.deleteStacks({ stacks, volumes, actor: ANN, trigger: 'api' });
}

/** Stacks in the order in which their containers went. */
function deletesOf(rig: Rig): string[] {
  return rig.reconciler
    .listJobs({ type: 'destroy' })
    .jobs.map(({ stack: name }) => name)
    .reverse();
}
