import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import { changeOf, contextFor, observeOne, resourcesOf } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import type { TargetHarness } from './target-harness.ts';

const SLEEP = ['sleep', '1000'];
const quiet = () => new AbortController().signal;

/** What every `Target` does when objects are made anew as they are, take over from others, or exchange their names. */
export function describeMovesContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`moves contract: ${name}`, () => {
    let harness: TargetHarness;
    let target: TargetWith<Capability>;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    /** A stack of its own for every test. */
    function fresh() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const service = (name: string, spec: Partial<ContainerSpec> = {}) =>
        resourcesOf(stack).container(name, {
          image: harness.image,
          command: SLEEP,
          stopGracePeriodMs: 0,
          ...spec,
        });
      const named = (name: string, container: string) => service(name, { name: `${stack}-${container}` });
      const web = (spec: Partial<ContainerSpec> = {}) => service('web', spec);
      const apply = (action: 'create', desired: DesiredResource) =>
        target.apply(changeOf(action, desired), contextFor(stack));
      const settled = (desired: DesiredResource) =>
        eventually(
          () => target.health(stack, desired.id, quiet()),
          ({ status }) => status !== 'starting',
        );
      return {
        stack,
        web,
        named,
        apply,
        settled,
        observe: (one: DesiredResource) => observeOne(target, stack, one),
      };
    }

    it('makes anew what is as described when the plan says so, once', async () => {
      const { stack, web, apply, settled, observe } = fresh();
      await apply('create', web());
      const before = await observe(web());
      const replace = changeOf('replace', web(), before?.objectId);
      for (const _ of ['first', 'again after a crash']) {
        await target.apply(replace, contextFor(stack));
        expect((await settled(web())).status).toBe('healthy');
        await target.settle(replace, 'keep', contextFor(stack));
      }
      const after = await observe(web());
      expect(after?.objectId).not.toBe(before?.objectId);
      expect((await settled(web())).objectId).toBe(after?.objectId);
      await target.apply(replace, contextFor(stack));
      expect((await observe(web()))?.objectId).toBe(after?.objectId);
      expect((await harness.count(stack)).containers).toBe(1);
    });

    it.each(['keep', 'revert'] as const)(
      'lets one take over from another that goes, and %s',
      async (outcome) => {
        const { stack, named, apply, settled } = fresh();
        const old = named('web', 'mine');
        await apply('create', old);
        const before = await target.observe({ stack, desired: [old] }, quiet());
        const one = named('renamed', 'mine');
        const seen = await target.observe({ stack, desired: [one] }, quiet());
        expect(seen.resources).toMatchObject([{ id: old.id, objectId: before.resources[0]?.objectId }]);
        const replace = changeOf('replace', one, before.resources[0]?.objectId, old.id);
        for (const _ of ['first', 'again after a crash']) await target.apply(replace, contextFor(stack));
        expect((await settled(one)).status).toBe('healthy');
        await target.settle(replace, outcome, contextFor(stack));

        const after = await target.observe({ stack, desired: [one] }, quiet());
        const kept = outcome === 'keep' ? one : old;
        expect(after.resources).toMatchObject([{ id: kept.id, hash: kept.hash, interrupted: false }]);
        expect((await settled(kept)).status).toBe('healthy');
        expect((await harness.count(stack)).containers).toBe(1);
      },
    );

    it('has two containers exchange their names when one makes room first', async () => {
      const { stack, named, apply, observe } = fresh();
      for (const one of [named('a', 'one'), named('b', 'two')]) await apply('create', one);
      const [a, b] = [named('a', 'two'), named('b', 'one')];
      const change = async (one: DesiredResource) => changeOf('replace', one, (await observe(one))?.objectId);
      const [replaceA, replaceB] = [await change(a), await change(b)];
      await target.release(replaceB, 'stop', contextFor(stack));
      for (const one of [replaceA, replaceB]) await target.apply(one, contextFor(stack));
      for (const one of [replaceA, replaceB]) await target.settle(one, 'keep', contextFor(stack));
      for (const one of [a, b]) expect(diffResource(one, await observe(one)).action).toBe('no-op');
      expect((await harness.count(stack)).containers).toBe(2);
    });

    it('gives both their names back when an exchange is reverted', async () => {
      const { stack, named, apply, observe } = fresh();
      const before = [named('a', 'one'), named('b', 'two')];
      for (const one of before) await apply('create', one);
      const change = async (one: DesiredResource) => changeOf('replace', one, (await observe(one))?.objectId);
      const [replaceA, replaceB] = [await change(named('a', 'two')), await change(named('b', 'one'))];
      await target.release(replaceB, 'stop', contextFor(stack));
      await target.apply(replaceA, contextFor(stack));
      await target.settle(replaceA, 'revert', contextFor(stack));
      await target.release(replaceB, 'undo', contextFor(stack));
      for (const one of before) {
        const after = await observe(one);
        expect(diffResource(one, after).action).toBe('no-op');
        expect(after?.objectId).toBe((one === before[0] ? replaceA : replaceB).change.objectId);
      }
      expect((await harness.count(stack)).containers).toBe(2);
    });
  });
}
