import { describe, expect, it } from 'vitest';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ORIGIN = { actor: null, trigger: 'cli' } as const;
const FILE = 'kombinations/shop/kombination.yaml';
const OTHER = 'kombinations/other/kombination.yaml';
const text = (name: string, image: string) =>
  `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { image: "${image}" } }\n`;

/** The images are on the engine, so that nothing has to be fetched; what deployments have fetched is told to the store. */
async function start(images: readonly string[] = ['nginx:1.28', 'nginx:1.29', 'redis:7']): Promise<Rig> {
  const engines = new Map([['docker:local', createMemoryTarget({ engine: createMemoryEngine(images) })]]);
  const rig = createRig({ engines });
  rig.source.push({ [FILE]: text('shop', 'nginx:1.29'), [OTHER]: text('other', 'redis:7') });
  await rig.reconciler.refresh(SIGNAL);
  return rig;
}

describe('a revision', () => {
  it('is reached by the commit itself and by those after it', async () => {
    await using rig = await start();
    const { reconciler, source } = rig;
    const first = reconciler.repository().revision?.commit ?? '';
    const next = source.push({ [FILE]: text('shop', 'nginx:1.28') });
    expect(
      await Promise.all([first, first.slice(0, 8), next].map((one) => reconciler.hasReached(one))),
    ).toEqual([true, true, false]);
    await reconciler.refresh(SIGNAL);
    expect(await Promise.all([first, next, 'f'.repeat(40)].map((one) => reconciler.hasReached(one)))).toEqual(
      [true, true, false],
    );
  });
});

describe('pulling', () => {
  it('is a job with a step for each image, and says what could not be fetched', async () => {
    await using rig = await start(['redis:7']);
    const { reconciler } = rig;
    const good = await reconciler.waitForJob(reconciler.pull({ stack: 'other', ...ORIGIN }).id, SIGNAL);
    expect(good).toMatchObject({
      job: { type: 'pull', status: 'completed' },
      steps: [{ name: 'local/image/redis:7', status: 'completed', message: 'nothing newer' }],
    });
    const bad = await reconciler.waitForJob(reconciler.pull({ stack: 'shop', ...ORIGIN }).id, SIGNAL);
    expect(bad).toMatchObject({
      job: { status: 'failed', error: { code: 'IMAGE_NOT_FOUND' } },
      steps: [{ status: 'failed', message: expect.stringContaining('was not found') }],
    });
    expect(() => reconciler.pull({ stack: 'nope', ...ORIGIN })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_STACK' }),
    );
  });
});

describe('pruning', () => {
  it('removes images that were fetched and are described no more', async () => {
    await using rig = await start();
    const { reconciler, store } = rig;
    for (const one of ['nginx:1.28', 'nginx:1.29']) store.noteFetchedImage('docker:local', one);
    const { remnants } = await reconciler.listRemnants(SIGNAL);
    expect(remnants).toMatchObject([{ kind: 'fetched-image', names: ['nginx:1.28'], sizeBytes: 7 }]);
    const id = remnants[0]?.id ?? '';
    expect(await reconciler.prune({ ids: [id, 'x/nginx:1.29'], ...ORIGIN }, SIGNAL)).toEqual([
      { id, freedBytes: 7, message: null },
      { id: 'x/nginx:1.29', freedBytes: null, message: 'it is not left over any more' },
    ]);
    expect(store.listFetchedImages('docker:local')).toEqual(['nginx:1.29']);
    expect((await reconciler.listRemnants(SIGNAL)).remnants).toEqual([]);
  });

  it('lists nothing while a description has errors', async () => {
    await using rig = await start();
    rig.source.push({ [FILE]: text('shop', 'A B') });
    await rig.reconciler.refresh(SIGNAL);
    await expect(rig.reconciler.listRemnants(SIGNAL)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining('shop'),
    });
  });

  it('leaves stacks alone that wait to be asked for by name', async () => {
    await using rig = await start();
    const { reconciler, source } = rig;
    source.push({ ['kombinations/third/kombination.yaml']: text('third', 'redis:7') });
    await reconciler.refresh(SIGNAL);
    for (const stack of ['shop', 'other']) await rig.apply(stack);
    source.push({ [FILE]: null, [OTHER]: null });
    await reconciler.refresh(SIGNAL);
    const { remnants, notes } = await reconciler.listRemnants(SIGNAL);
    expect(remnants).toEqual([]);
    expect(notes).toEqual([
      { subject: 'other', message: expect.stringContaining('apply or destroy this one to remove it') },
      { subject: 'shop', message: expect.stringContaining('2 stacks are no longer described') },
    ]);
    const [end] = await reconciler.prune({ ids: ['stack/shop'], ...ORIGIN }, SIGNAL);
    expect(end?.message).toBe('it is not left over any more');
  });

  it('removes stacks that have left the repository', async () => {
    await using rig = await start();
    const { reconciler, source } = rig;
    await rig.apply('shop');
    source.push({ [FILE]: null });
    await reconciler.refresh(SIGNAL);
    const { remnants } = await reconciler.listRemnants(SIGNAL);
    const left = remnants.find(({ kind }) => kind === 'stack');
    expect(left).toMatchObject({
      id: 'stack/shop',
      stack: 'shop',
      sizeBytes: 2_000,
      names: expect.arrayContaining(['local/container/web']),
    });
    expect(await reconciler.prune({ ids: ['stack/shop'], ...ORIGIN }, SIGNAL)).toEqual([
      { id: 'stack/shop', freedBytes: left?.sizeBytes, message: null },
    ]);
    expect((await reconciler.listRemnants(SIGNAL)).remnants).toEqual([]);
  });
});

it('measures services, and knows their addresses', async () => {
  await using rig = await start();
  const { reconciler } = rig;
  await rig.apply('shop');
  expect(await reconciler.runStats('shop', SIGNAL)).toMatchObject({
    stats: [{ service: 'web', node: 'local', cpuMillis: 125 }],
    failures: {},
  });
  expect(reconciler.addresses('shop')).toEqual([]);
  expect(() => reconciler.addresses('nope')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STACK' }));
});
