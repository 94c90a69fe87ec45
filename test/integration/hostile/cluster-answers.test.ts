import { pipeline, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createObjectCache } from '../../../reconciler/adapters/kubernetes/cache/object-cache.ts';
import { createCacheBounds, weightOf } from '../../../reconciler/adapters/kubernetes/cache/bounds.ts';
import { isLiveObject } from '../../../reconciler/adapters/kubernetes/cache/live-object.ts';
import { withoutControlled } from '../../../reconciler/adapters/kubernetes/fields/controlled-fields.ts';
import { createPace } from '../../../reconciler/base/mutex.ts';
import { realClock, silentLogger } from '../../support/docker/target-options.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { CONFIG, WEB } from '../../support/kubernetes/cluster-nodes.ts';
import { createClusterStack } from '../../support/kubernetes/cluster-stack.ts';
import type { Interfere } from '../../support/hostile/hostile-cluster.ts';
import { startHostileCluster } from '../../support/hostile/hostile-cluster.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { eventually } from '../../support/eventually.ts';

const KIND = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, managed: true };
const { signal } = new AbortController();
const item = (name: string, more: object = {}) => ({
  metadata: { name, namespace: 'n', uid: name, resourceVersion: '1', ...more },
});

/** A cache of a cluster that answers lists, and lines of a watch, as it is told. */
async function cacheOn(interfere: Interfere, options: Partial<Parameters<typeof createObjectCache>[0]> = {}) {
  const cluster = await startHostileCluster(interfere);
  const stop = new AbortController();
  const { client } = cluster;
  const fixed = {
    client,
    clock: realClock,
    logger: silentLogger,
    kind: KIND,
    selector: null,
    signal: stop.signal,
  };
  const cache = createObjectCache({ ...fixed, onEvent: () => undefined, ...options });
  return {
    cache,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

const isWatch = ({ url = '' }: { url?: string | undefined }) => url.includes('watch=');

it('does not ask without a pause a cluster that forgets what it has just said', async () => {
  for (const forgets of ['lists', 'watches']) {
    let asked = 0;
    await using caught = await cacheOn((request, response) => {
      asked += 1;
      const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
      if (forgets === 'lists') response.statusCode = 410;
      if (isWatch(request)) response.end(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`);
      else response.end(JSON.stringify(forgets === 'lists' ? gone : { items: [], metadata: {} }));
      return true;
    });
    await delay(400);
    expect(asked).toBeLessThan(20);
    caught.cache.all();
  }
});

it('reads no list without an end, and no more of one than fits', async () => {
  const repeated = { items: [], metadata: { continue: 'again' } };
  await using same = await cacheOn((_, response) => Boolean(response.end(JSON.stringify(repeated))));
  await expect(same.cache.ready(signal)).rejects.toThrow('its list of ConfigMap has no end');
  let page = 0;
  const large = item('large', { annotations: { a: 'x'.repeat(10_000) } });
  await using endless = await cacheOn(
    (_, response) => {
      page += 1;
      return Boolean(response.end(JSON.stringify({ items: [large], metadata: { continue: String(page) } })));
    },
    { bounds: createCacheBounds(realClock, 100_000) },
  );
  await expect(endless.cache.ready(signal)).rejects.toThrow('more objects than can be kept in memory');
  expect(page).toBeLessThan(20);
});

it('gives up what nobody has to have when there is more of it than fits, and asks no more', async () => {
  let asked = 0;
  const large = item('large', { annotations: { a: 'x'.repeat(10_000) } });
  const clock = createFastClock();
  await using endless = await cacheOn(
    (_, response) => {
      asked += 1;
      return Boolean(response.end(JSON.stringify({ items: [large], metadata: { continue: String(asked) } })));
    },
    { bounds: createCacheBounds(clock, 100_000), givesUp: true, clock },
  );
  await expect(endless.cache.ready(signal)).rejects.toThrow('more objects than can be kept in memory');
  const was = asked;
  // Pauses of others are a hundred times as short here.
  await delay(100);
  expect([asked, [...endless.cache.all()]]).toEqual([was, []]);
});

it('keeps no more of what a watch tells than fits, and gives back what is gone', async () => {
  const bounds = createCacheBounds(realClock, 50_000);
  let told = 0;
  function* lines() {
    for (;;) {
      told += 1;
      const object = item(`o${told % 5}`, { labels: { turn: String(told) } });
      yield `${JSON.stringify({ type: told % 2 ? 'ADDED' : 'DELETED', object })}\n`;
      if (told === 900) return;
    }
  }
  await using watched = await cacheOn(
    (request, response) => {
      if (isWatch(request)) pipeline(Readable.from(lines()), response, () => undefined);
      else response.end(JSON.stringify({ items: [], metadata: { resourceVersion: '1' } }));
      return true;
    },
    { bounds },
  );
  await watched.cache.ready(signal);
  await eventually(
    () => told,
    (count) => count === 900,
  );
  await delay(50);
  const held = [...watched.cache.all()].map(weightOf).reduce((sum, weight) => sum + weight, 0);
  expect(() => bounds.take(50_000 - held)).not.toThrow();
  expect(() => bounds.take(1)).toThrow('more objects');
});

it('asks a cluster that says it knows everything for no more than anybody knows, and few at a time', async () => {
  const groups = Array.from({ length: 5_000 }, (_, index) => ({
    preferredVersion: { groupVersion: `g${index}/v1` },
  }));
  let asked = 0;
  await using cluster = await startHostileCluster((request, response) => {
    asked += 1;
    response.end(JSON.stringify(request.url === '/apis' ? { groups } : { resources: [] }));
    return true;
  });
  await expect(cluster.target.owned(signal)).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining('more than 1000 groups') as string,
  });
  expect(asked).toBeLessThan(10);
});

it('gives in to a conflict about a field once', () => {
  const conflicts = [{ manager: 'kube-controller-manager', field: '.spec.replicas' }];
  const claims = { hands: () => false, scaled: true };
  const ours = withoutControlled({ spec: { replicas: 2, paused: false } }, conflicts, claims);
  expect(ours).toEqual({ spec: { paused: false } });
  expect(withoutControlled(ours ?? {}, conflicts, claims)).toBeNull();
});

it('does not try for ever to apply what a cluster calls a conflict each time', async () => {
  await using double = await startClusterDouble();
  const first = double.createTarget();
  const own = createClusterStack(first);
  await own.apply(own.describe([WEB]));
  await first[Symbol.asyncDispose]();
  let applied = 0;
  const causes = [
    {
      reason: 'FieldManagerConflict',
      message: 'conflict with "kube-controller-manager"',
      field: '.spec.replicas',
    },
  ];
  await using cluster = await startHostileCluster((request, response) => {
    if (request.method !== 'PATCH') return false;
    applied += 1;
    response.statusCode = 409;
    response.end(JSON.stringify({ kind: 'Status', code: 409, message: 'conflict', details: { causes } }));
    return true;
  }, double.api.url);
  const desired = own.describe([WEB.replace('replicas: 2', 'replicas: 3')]);
  const looking = cluster.target.observe({ stack: own.stack, desired }, signal);
  await expect(looking).rejects.toMatchObject({ code: 'TARGET_ERROR' });
  expect(applied).toBeLessThan(20);
});

it('passes on the logs of pods as they are read, however long they are', async () => {
  await using double = await startClusterDouble();
  const first = double.createTarget();
  const own = createClusterStack(first);
  const desired = own.describe([CONFIG, WEB]);
  await own.apply(desired);
  await first[Symbol.asyncDispose]();
  const pod = (name: string) => ({
    metadata: { name, namespace: own.namespace, uid: name },
    spec: { containers: [{ name: 'web' }] },
  });
  const closed: Promise<void>[] = [];
  function* endless(name: string) {
    for (let second = 0; ; second += 1)
      yield `2026-01-01T00:${String(second).padStart(6, '0')}Z ${name}\n`.repeat(100);
  }
  await using cluster = await startHostileCluster(({ url = '' }, response) => {
    const [, name] = /\/pods\/([^/]*)\/log/.exec(url) ?? [];
    if (name !== undefined) {
      closed.push(new Promise((resolve) => response.once('close', () => resolve())));
      pipeline(Readable.from(endless(name)), response, () => undefined);
    } else if (url.includes('/pods')) response.end(JSON.stringify({ items: [pod('a'), pod('b')] }));
    else return false;
    return true;
  }, double.api.url);
  const heard: string[] = [];
  for await (const { text } of cluster.target.logs(own.stack, own.id('Deployment', 'web'), { signal })) {
    heard.push(text);
    if (heard.length === 400) break;
  }
  expect([heard[0], heard[100], heard[200]]).toEqual(['[a] a', '[b] b', '[a] a']);
  expect(closed.length).toBe(2);
  await Promise.all(closed);
});

it.each([
  { name: 5 },
  { name: '' },
  { uid: {} },
  { namespace: 5 },
  { labels: null },
  { labels: { a: 5 } },
  { annotations: [] },
  { generation: 'x' },
])('takes nothing for an object whose metadata has %j', (more) => {
  expect(isLiveObject({ metadata: { name: 'a', uid: 'b', ...more } })).toBe(false);
});

it('holds up what comes faster than it may, until the next second', async () => {
  let now = 0;
  const slept: number[] = [];
  const pace = createPace(
    {
      elapsed: () => now,
      sleep: async (milliseconds) => {
        slept.push(milliseconds);
        now += milliseconds;
      },
    },
    2,
  );
  for (let count = 0; count < 5; count += 1) await pace(signal);
  now += 5_000;
  await pace(signal);
  expect(slept).toEqual([1_000, 1_000].slice(0, slept.length));
  expect(slept.length).toBeGreaterThan(0);
});
