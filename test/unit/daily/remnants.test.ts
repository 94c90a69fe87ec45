import { describe, expect, it } from 'vitest';
import type { Adapter } from '../../../reconciler/adapters/docker/adapter.ts';
import type { BuildCacheEntry, CountedImage } from '../../../reconciler/adapters/docker/engine/engine.ts';
import { findRemnants, removeRemnant } from '../../../reconciler/adapters/docker/images/remnants.ts';
import { buildImageLabels } from '../../../reconciler/adapters/docker/labels.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import type { PruneScope, Remnant } from '../../../reconciler/ports/inventory/images.ts';

const SIGNAL = new AbortController().signal;
const DIGEST = `sha256:${'a'.repeat(64)}`;

const image = (id: string, tags: readonly string[], more: Partial<CountedImage> = {}): CountedImage => ({
  Id: id,
  RepoTags: tags,
  Size: 10,
  ...more,
});

interface World {
  readonly images: readonly CountedImage[];
  readonly used?: readonly string[];
  readonly buildCache?: readonly BuildCacheEntry[];
}

async function find({ images, used = [], buildCache = [] }: World, scope: Partial<PruneScope>) {
  const engine = {
    diskUsage: async () => ({ images, buildCache }),
    everyContainer: async () => used.map((ImageID) => ({ ImageID })),
  };
  const all = { fetched: [], described: [], ...scope };
  return findRemnants({ engine } as unknown as Adapter, all, SIGNAL);
}

const ids = async (world: World, scope: Partial<PruneScope>) =>
  (await find(world, scope)).map(({ id }) => id);

/** An image that a deployment of `shop` has built. */
function built(id: string, tags: readonly string[], own = 'kombinator/shop-web:1'): CountedImage {
  const desired = {
    id: `local/image/${own}`,
    kind: 'image',
    name: own,
    hash: 'h',
    spec: { reference: own, tags: ['shop/web:latest'], build: {} },
  } as unknown as DesiredResource;
  const labels = buildImageLabels({ stack: 'shop', revision: 'r1', branch: 'main', desired });
  return image(id, tags, { Labels: labels });
}

describe('images that are left over', () => {
  it('are those that were fetched and that nobody wants', async () => {
    const images = [
      image('1', ['nginx:1.28']),
      image('2', ['nginx:1.29']),
      image('3', ['mine:1']),
      image('4', ['redis:7']),
    ];
    const fetched = ['nginx:1.28', 'docker.io/library/nginx:1.29', 'redis:7'];
    expect(await ids({ images, used: ['4'] }, { fetched, described: ['nginx:1.29'] })).toEqual(['1']);
    expect(await ids({ images }, { fetched: [], described: [] })).toEqual([]);
  });

  it('are not those that somebody has given a name', async () => {
    const images = [image('1', ['nginx:1.28', 'mine/nginx:1'])];
    expect(await ids({ images }, { fetched: ['nginx:1.28'] })).toEqual([]);
  });

  it('are versions whose tag has moved on, known by their digests', async () => {
    const old = image('1', ['<none>:<none>'], { RepoDigests: [`nginx@${DIGEST}`] });
    const foreign = image('2', [], { RepoDigests: [`redis@${DIGEST}`] });
    const nameless = image('3', []);
    const found = await find({ images: [old, foreign, nameless] }, { fetched: [`nginx@${DIGEST}`] });
    expect(found).toMatchObject([{ id: '1', names: [`nginx@${DIGEST}`] }]);
  });

  it('are those that were built for a stack, and have no name but what that gave', async () => {
    const images = [
      built('1', ['kombinator/shop-web:1', 'shop/web:latest']),
      built('2', ['kombinator/shop-web:1', 'somebody/web:1']),
      built('3', []),
    ];
    const found = await find({ images }, {});
    const builtFor = { stack: 'shop', revision: 'r1', branch: 'main' };
    expect(found).toMatchObject([
      { kind: 'built-image', id: '1', builtFor },
      { kind: 'built-image', id: '3', names: [], builtFor },
    ]);
    expect(await ids({ images }, { described: ['kombinator/shop-web:1'] })).toEqual(['3']);
  });

  it('count without what other images have as well', async () => {
    const images = [
      image('1', ['a:1'], { Size: 100, SharedSize: 60 }),
      image('2', ['b:1'], { SharedSize: -1 }),
    ];
    const found = await find({ images }, { fetched: ['a:1', 'b:1'] });
    expect(found.map(({ sizeBytes }) => sizeBytes)).toEqual([40, 10]);
  });
});

it('counts of the build cache what no build uses and no image has', async () => {
  const buildCache = [
    { ID: 'a', Size: 5 },
    { ID: 'b', Size: 7, InUse: true },
    { ID: 'c', Size: 11, Shared: true },
    { ID: 'd', Size: 13, InUse: false, Shared: false },
  ];
  expect(await find({ images: [], buildCache }, {})).toMatchObject([{ kind: 'build-cache', sizeBytes: 18 }]);
  expect(await find({ images: [], buildCache: buildCache.slice(1, 3) }, {})).toEqual([]);
});

it('takes away name by name, and stops at what is used by now', async () => {
  const asked: string[] = [];
  const engine = {
    async removeImage(reference: string) {
      asked.push(reference);
      return reference === 'busy:1' ? 'in use' : 'removed';
    },
  };
  const remnant = (names: readonly string[]): Remnant => ({
    kind: 'fetched-image',
    id: 'sha256:1',
    names,
    sizeBytes: 3,
    builtFor: null,
  });
  const adapter = { engine } as unknown as Adapter;
  expect(await removeRemnant(adapter, remnant(['a:1', 'b:1']), SIGNAL)).toBe(3);
  expect(await removeRemnant(adapter, remnant(['busy:1', 'c:1']), SIGNAL)).toBeNull();
  expect(await removeRemnant(adapter, remnant([]), SIGNAL)).toBe(3);
  expect(asked).toEqual(['a:1', 'b:1', 'busy:1', 'sha256:1']);
});
