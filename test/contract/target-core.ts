import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { Capability } from '../../reconciler/ports/target-capabilities.ts';
import {
  CAPABILITY_NAMES,
  hasCapability,
  requireCapability,
} from '../../reconciler/ports/target-capabilities.ts';
import type { Target } from '../../reconciler/ports/target.ts';
import { changeOf, contextFor, converge, observeOne } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';

/** A target of any kind, and descriptions that it understands. */
export interface CoreHarness extends AsyncDisposable {
  readonly target: Target;
  /** Capabilities that the target is expected to have beside the core. */
  readonly capabilities: readonly Capability[];
  /** A stack of its own, with one resource that becomes healthy as it is described first (0) and then (1). */
  fresh(): Promise<{
    readonly stack: string;
    readonly versions: readonly [DesiredResource, DesiredResource];
  }>;
}

const quiet = () => new AbortController().signal;

/** Describes what every `Target` does, whatever its kind. */
export function describeCoreContract(name: string, setup: () => Promise<CoreHarness>): void {
  describe(`core contract: ${name}`, () => {
    let harness: CoreHarness;
    let target: Target;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const ownedBy = async (stack: string) =>
      (await target.owned(quiet())).find((one) => one.stack === stack)?.resources ?? 0;
    const status = async (stack: string, { id }: DesiredResource) =>
      (await target.health(stack, id, quiet())).status;

    it('has what its capabilities say, and says what it lacks', () => {
      const able = CAPABILITY_NAMES.filter((one) => hasCapability(target, one));
      expect(able.toSorted()).toEqual([...harness.capabilities].sort());
      expect(target.kind).toMatch(/^[a-z][a-z0-9-]*$/);
      for (const capability of CAPABILITY_NAMES.filter((one) => !able.includes(one))) {
        expect(() => requireCapability(target, capability)).toThrow(
          expect.objectContaining({
            code: 'TARGET_UNSUPPORTED',
            message: expect.stringContaining(`a target of kind ${target.kind}`) as string,
          }),
        );
      }
    });

    it('writes nothing when it observes', async () => {
      const { stack, versions } = await harness.fresh();
      const [resource] = versions;
      for (let round = 0; round < 2; round++)
        expect(await observeOne(target, stack, resource)).toBeUndefined();
      expect(await status(stack, resource)).toBe('missing');
      expect(await ownedBy(stack)).toBe(0);
    });

    it('makes what is described, once, and then finds nothing to do', async () => {
      const { stack, versions } = await harness.fresh();
      const [resource] = versions;
      for (let round = 0; round < 2; round++)
        await target.apply(changeOf('create', resource), contextFor(stack));
      const well = await eventually(
        () => status(stack, resource),
        (found) => found === 'healthy',
      );
      expect(well).toBe('healthy');
      const observed = await observeOne(target, stack, resource);
      expect(observed).toMatchObject({ id: resource.id, hash: resource.hash, interrupted: false });
      expect(diffResource(resource, observed).action).toBe('no-op');
      expect(await ownedBy(stack)).toBe(1);
    });

    it('follows a description that has changed', async () => {
      const { stack, versions } = await harness.fresh();
      const [resource, changed] = versions;
      await converge(target, stack, resource);
      const before = await observeOne(target, stack, resource);
      expect(['update', 'replace']).toContain(await converge(target, stack, changed));
      const after = await observeOne(target, stack, changed);
      expect(after?.fingerprint).not.toBe(before?.fingerprint);
      expect(diffResource(changed, after).action).toBe('no-op');
      expect(await ownedBy(stack)).toBe(1);
    });

    it('deletes what it has made, also when it is gone already', async () => {
      const { stack, versions } = await harness.fresh();
      const [resource] = versions;
      await converge(target, stack, resource);
      for (let round = 0; round < 2; round++)
        await target.apply(changeOf('delete', resource), contextFor(stack));
      const gone = await eventually(
        () => observeOne(target, stack, resource),
        (found) => found === undefined,
      );
      expect(gone).toBeUndefined();
      expect(await ownedBy(stack)).toBe(0);
    });

    it('does nothing once it was told to stop', async () => {
      const { stack, versions } = await harness.fresh();
      const [resource] = versions;
      const signal = AbortSignal.abort();
      await expect(target.observe({ stack, desired: [] }, signal)).rejects.toThrow();
      const context = contextFor(stack, { signal });
      await expect(target.apply(changeOf('create', resource), context)).rejects.toThrow();
      expect(await observeOne(target, stack, resource)).toBeUndefined();
    });
  });
}
