import { expect, it } from 'vitest';
import { createClusterOutage } from '../../../reconciler/adapters/kubernetes/cache/cluster-outage.ts';
import { settle } from '../../support/fakes/fake-clock.ts';

/** Caches a, b and c of one cluster that has fallen silent, and who of them may try again. */
function fallSilent() {
  const outage = createClusterOutage();
  const pauses = new Map(['a', 'b', 'c'].map((name) => [name, Promise.withResolvers<void>()]));
  const who = new Map(['a', 'b', 'c'].map((name) => [name, {}]));
  const tries: string[] = [];
  const rest = (name: string) =>
    void outage.rest(who.get(name)!, pauses.get(name)!.promise).then(() => tries.push(name));
  for (const name of who.keys()) rest(name);
  return { outage, tries, rest, who, end: (name: string) => pauses.get(name)?.resolve() };
}

it('has one cache try a cluster that is silent, and the others when that one has succeeded', async () => {
  const { outage, tries, end } = fallSilent();
  for (const name of ['b', 'c', 'a']) end(name);
  await settle();
  expect(tries).toEqual(['a']);
  outage.over();
  await settle();
  expect(tries).toEqual(['a', 'b', 'c']);
});

it('has another cache try when the first one ends', async () => {
  const { outage, tries, who } = fallSilent();
  outage.leave(who.get('b')!);
  await settle();
  expect(tries).toEqual([]);
  outage.leave(who.get('a')!);
  await settle();
  expect(tries).toEqual(['b', 'c']);
});
