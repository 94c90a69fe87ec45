import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import { changeOf, contextFor, observeOne, resourcesOf } from '../support/docker/docker-resources.ts';
import type { TargetHarness } from './target-harness.ts';
import { nameOf } from './target-harness.ts';

/** The part of the contract that is about what somebody else has made. */
export function describeForeignContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`contract about others: ${name}`, () => {
    let harness: TargetHarness;
    let target: TargetWith<Exclude<Capability, 'measures'>>;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    function fresh() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const make = resourcesOf(stack);
      return {
        stack,
        make,
        web: () => make.container('web', { image: harness.image, command: ['sleep', '1000'] }),
        apply: (action: 'create' | 'delete', desired: DesiredResource) =>
          target.apply(changeOf(action, desired), contextFor(stack)),
        observe: (desired: DesiredResource) => observeOne(target, stack, desired),
      };
    }

    it.each(['network', 'volume', 'container'] as const)(
      'never touches a %s that is not its own',
      async (kind) => {
        const { stack, make, web, apply, observe } = fresh();
        const desired = { network: make.network('front'), volume: make.volume('data'), container: web() }[
          kind
        ];
        await harness.makeForeign(kind, nameOf(desired));
        const seen = await observe(desired);
        expect(seen).toMatchObject({
          health: { status: 'missing' },
          shared: true,
          dryRun: {
            refused: expect.stringMatching(/ is there already and was made by somebody else$/) as string,
            hint: expect.any(String) as string,
          },
        });
        expect(diffResource(desired, seen)).toMatchObject({
          action: 'create',
          cause: expect.stringMatching(/^refused: /) as string,
        });
        await expect(apply('create', desired)).rejects.toMatchObject({
          code: 'NAME_TAKEN',
          retryable: false,
        });
        await apply('delete', desired);
        await expect(apply('create', desired)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
        expect(await harness.count(stack)).toEqual({ containers: 0, networks: 0, volumes: 0 });
      },
    );

    it('reports an external network as missing until it exists', async () => {
      const { make, stack, apply, observe } = fresh();
      const external = make.network('shared', { name: `${stack}-shared`, external: true });
      expect((await observe(external))?.health.status).toBe('missing');
      await expect(apply('create', external)).rejects.toMatchObject({
        code: 'TARGET_ERROR',
        retryable: true,
      });
      await harness.makeForeign('network', `${stack}-shared`);
      expect((await observe(external))?.health.status).toBe('healthy');
      expect(diffResource(external, await observe(external)).action).toBe('no-op');
    });
  });
}
