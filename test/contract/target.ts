import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import { maskSpec, Secret } from '../../reconciler/model/secret.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import {
  changeOf,
  contextFor,
  converge,
  observeOne,
  resourcesOf,
  REVISION,
  TARGET,
} from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import type { TargetHarness } from './target-harness.ts';
import { convergeFully } from './target-harness.ts';

const SLEEP = ['sh', '-c', 'echo hello; trap exit TERM; sleep 1000 & wait'];
const quiet = () => new AbortController().signal;

/** The contract of every `Target` that runs containers. */
export function describeTargetContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`target contract: ${name}`, () => {
    let harness: TargetHarness;
    let target: TargetWith<Exclude<Capability, 'measures'>>;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    /** A stack of its own for every test. */
    function fresh() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const make = resourcesOf(stack);
      const web = (spec: Partial<ContainerSpec> = {}) =>
        make.container('web', { image: harness.image, command: SLEEP, stopGracePeriodMs: 1_000, ...spec });
      const apply = (action: 'create' | 'update' | 'replace' | 'delete', desired: DesiredResource) =>
        target.apply(changeOf(action, desired), contextFor(stack));
      const health = (desired: DesiredResource) => target.health(stack, desired.id, quiet());
      const settled = (desired: DesiredResource) =>
        eventually(
          () => health(desired),
          ({ status }) => status !== 'starting',
        );
      return {
        stack,
        make,
        web,
        apply,
        health,
        settled,
        observe: (one: DesiredResource) => observeOne(target, stack, one),
      };
    }

    it('observes nothing where there is nothing', async () => {
      const { stack } = fresh();
      const nothing = { resources: [], warnings: [] };
      expect(await target.observe({ stack, desired: [] }, quiet())).toMatchObject(nothing);
    });

    it('observes what it has created as described, with hash, revision and health', async () => {
      const { stack, make, web, apply, settled } = fresh();
      const front = make.network('front');
      const data = make.volume('data');
      const image = make.image(harness.image);
      const container = web({
        networks: { [`${stack}_front`]: { aliases: ['www'] } },
        mounts: [{ type: 'volume', source: `${stack}_data`, target: '/data' }],
      });
      const desired = [front, data, image, container];
      for (const resource of desired) await apply('create', resource);
      expect(await settled(container)).toMatchObject({
        status: 'healthy',
        objectId: expect.any(String) as string,
      });
      const { resources, warnings } = await target.observe({ stack, desired }, quiet());
      expect(warnings).toEqual([]);
      expect(resources.map(({ id }) => id)).toEqual(desired.map(({ id }) => id).sort());
      for (const resource of desired) {
        const observed = resources.find(({ id }) => id === resource.id);
        expect(observed).toMatchObject({
          hash: resource.hash,
          spec: maskSpec(resource.spec),
          interrupted: false,
        });
        expect(observed?.health.status).toBe('healthy');
        expect(diffResource(resource, observed).action).toBe('no-op');
      }
      expect(resources.find(({ kind }) => kind === 'container')?.revision).toBe(REVISION);
      expect(resources.find(({ kind }) => kind === 'volume')?.guarded).toBe(true);
      expect(resources.find(({ kind }) => kind === 'image')?.shared).toBe(true);
    });

    it('may be asked twice for the same create', async () => {
      const { stack, make, web, apply, observe } = fresh();
      const desired = [make.network('front'), make.volume('data'), web()];
      for (const resource of [...desired, ...desired]) await apply('create', resource);
      expect(await harness.count(stack)).toEqual({ containers: 1, networks: 1, volumes: 1 });
      const first = await observe(web());
      await apply('create', web());
      expect((await observe(web()))?.fingerprint).toBe(first?.fingerprint);
    });

    it('changes the restart policy in place', async () => {
      const { web, apply, observe } = fresh();
      await apply('create', web());
      const before = await observe(web());
      const wanted = web({ restart: { policy: 'on-failure', maxRetries: 3 } });
      expect(diffResource(wanted, before).action).toBe('update');
      await apply('update', wanted);
      const after = await observe(wanted);
      expect(after?.spec['restart']).toEqual({ policy: 'on-failure', maxRetries: 3 });
      expect(after?.detail?.['containerId']).toBe(before?.detail?.['containerId']);
      expect(diffResource(wanted, after).action).toBe('no-op');
    });

    it('keeps the new container of a replace', async () => {
      const { stack, web, apply, settled, observe } = fresh();
      await apply('create', web());
      const wanted = web({ env: { VERSION: '2' } });
      const change = changeOf('replace', wanted);
      await target.apply(change, contextFor(stack));
      expect((await observe(wanted))?.interrupted).toBe(true);
      expect((await settled(wanted)).status).toBe('healthy');
      await target.settle(change, 'keep', contextFor(stack));
      const observed = await observe(wanted);
      expect(observed).toMatchObject({ hash: wanted.hash, interrupted: false });
      expect((await harness.count(stack)).containers).toBe(1);
      await target.settle(change, 'keep', contextFor(stack));
      expect((await observe(wanted))?.fingerprint).toBe(observed?.fingerprint);
    });

    it('runs the old container again when a replace is reverted', async () => {
      const { stack, web, apply, health, settled, observe } = fresh();
      const old = web();
      await apply('create', old);
      const before = await observe(old);
      const change = changeOf('replace', web({ command: ['sh', '-c', 'exit 3'] }));
      await target.apply(change, contextFor(stack));
      // A target says how it is now: it may run for a moment before it ends.
      const failed = await eventually(
        () => health(old),
        ({ status }) => status !== 'starting' && status !== 'healthy',
      );
      expect(failed).toMatchObject({
        status: expect.stringMatching(/^(failed|unhealthy)$/) as string,
        reason: expect.stringContaining('exited with 3') as string,
      });
      await target.settle(change, 'revert', contextFor(stack));
      expect((await settled(old)).status).toBe('healthy');
      const after = await observe(old);
      expect(after?.detail?.['containerId']).toBe(before?.detail?.['containerId']);
      expect(after).toMatchObject({ hash: old.hash, interrupted: false });
      expect((await harness.count(stack)).containers).toBe(1);
    });

    it('deletes what it owns, and twice without complaint', async () => {
      const { stack, make, web, apply } = fresh();
      const desired = [
        make.network('front'),
        make.volume('data'),
        web({ networks: { [`${stack}_front`]: { aliases: [] } } }),
      ];
      for (const resource of desired) await apply('create', resource);
      for (const resource of [...desired.toReversed(), ...desired]) await apply('delete', resource);
      expect(await harness.count(stack)).toEqual({ containers: 0, networks: 0, volumes: 0 });
    });

    it.each(['create', 'replace', 'delete'] as const)(
      'converges after a %s was cut at any call',
      async (action) => {
        const { stack, make, web, settled, observe } = fresh();
        const network = make.network('front');
        const networks = { [`${stack}_front`]: { aliases: ['www'] } };
        await converge(target, stack, network);
        const old = web({ networks });
        const wanted = action === 'replace' ? web({ networks, env: { VERSION: '2' } }) : old;
        for (let nth = 1, died = true; died; nth++) {
          expect(nth).toBeLessThan(40);
          if (action === 'create') await target.apply(changeOf('delete', old), contextFor(stack));
          else await convergeFully(target, stack, old);
          const crash = harness.crashing(nth);
          const change = changeOf(action, wanted);
          const doomed = async () => {
            await crash.target.apply(change, contextFor(stack));
            await crash.target.settle(change, 'keep', contextFor(stack));
          };
          const error = await doomed().catch((error: unknown) => error);
          died = crash.died();
          if (!died) expect(error).toBeUndefined();
          await crash.target[Symbol.asyncDispose]();
          if (action === 'delete') await target.apply(change, contextFor(stack));
          else await convergeFully(target, stack, wanted);
          const count = action === 'delete' ? 0 : 1;
          expect(await harness.count(stack), `cut at call ${nth}`).toEqual({
            containers: count,
            networks: 1,
            volumes: 0,
          });
          if (action === 'delete') continue;
          expect((await settled(wanted)).status, `cut at call ${nth}`).toBe('healthy');
          expect(diffResource(wanted, await observe(wanted)).action, `cut at call ${nth}`).toBe('no-op');
        }
      },
    );

    it('tells a one-shot that has done its work from one that failed', async () => {
      const { make, apply, settled } = fresh();
      const restart = { policy: 'no' } as const;
      const done = make.container('done', { image: harness.image, command: ['sh', '-c', 'exit 0'], restart });
      const broken = make.container('broken', {
        image: harness.image,
        command: ['sh', '-c', 'exit 7'],
        restart,
      });
      await apply('create', done);
      await apply('create', broken);
      const ended = (one: DesiredResource) =>
        eventually(
          () => settled(one),
          ({ status }) => status !== 'healthy',
        );
      expect((await ended(done)).status).toBe('completed');
      expect(await ended(broken)).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('7') as string,
      });
    });

    it('says so when a container never becomes healthy', async () => {
      const { web, apply, settled } = fresh();
      const container = web({
        healthcheck: { test: ['CMD', 'false'], intervalMs: 100, timeoutMs: 1_000, retries: 1 },
      });
      await apply('create', container);
      expect((await settled(container)).status).toBe('unhealthy');
      await apply('delete', container);
    });

    it('starts again what somebody has stopped', async () => {
      const { stack, web, apply, observe, settled } = fresh();
      const container = web();
      await apply('create', container);
      await harness.stopContainer(stack, container);
      const stopped = await observe(container);
      expect(stopped?.health.status).toBe('stopped');
      expect(diffResource(container, stopped).action).toBe('update');
      await apply('update', container);
      expect((await settled(container)).status).toBe('healthy');
    });

    it('makes again what somebody has removed', async () => {
      const { stack, web, apply, observe, health } = fresh();
      const container = web();
      await apply('create', container);
      await harness.removeContainer(stack, container);
      expect(await observe(container)).toBeUndefined();
      expect((await health(container)).status).toBe('missing');
      expect(await converge(target, stack, container)).toBe('create');
    });

    it('puts a container back on the network it was taken off', async () => {
      const { stack, make, web, apply, observe } = fresh();
      const networks = { [`${stack}_back`]: { aliases: [] }, [`${stack}_front`]: { aliases: ['www'] } };
      const container = web({ networks });
      for (const one of [make.network('front'), make.network('back'), container]) await apply('create', one);
      const before = await observe(container);
      await harness.leaveNetwork(stack, container, `${stack}_front`);
      expect(diffResource(container, await observe(container))).toMatchObject({ action: 'update' });
      await apply('update', container);
      const after = await observe(container);
      expect(after?.spec['networks']).toEqual(networks);
      expect(after?.detail?.['containerId']).toBe(before?.detail?.['containerId']);
    });

    it('says which image is missing', async () => {
      const { make, web, apply, stack } = fresh();
      const reference = 'localhost:1/kombinator/absent:1';
      await expect(apply('create', make.image(reference, 'never'))).rejects.toMatchObject({
        code: 'IMAGE_NOT_FOUND',
        retryable: true,
        message: expect.stringContaining(reference) as string,
      });
      await expect(apply('create', web({ image: reference }))).rejects.toMatchObject({
        code: 'IMAGE_NOT_FOUND',
      });
      expect((await harness.count(stack)).containers).toBe(0);
    });

    it('shows no secret', async () => {
      const { stack, web, apply } = fresh();
      const secret = new Secret('correct-horse-battery', 'secret://file/db');
      const container = web({ env: { TOKEN: secret, PLAIN: 'yes' } });
      await apply('create', container);
      const observation = await target.observe({ stack, desired: [container] }, quiet());
      expect(JSON.stringify(observation)).not.toContain('correct-horse');
      expect(observation.resources[0]?.spec['env']).toEqual({ TOKEN: '***', PLAIN: 'yes' });
      expect(diffResource(container, observation.resources[0]).action).toBe('no-op');
      const changed = web({ env: { TOKEN: new Secret('another', 'secret://file/db'), PLAIN: 'yes' } });
      expect(diffResource(changed, observation.resources[0]).action).toBe('replace');
    });

    it('lists the stacks that own something', async () => {
      const { stack, make, web, apply } = fresh();
      expect((await target.owned(quiet())).map((one) => one.stack)).not.toContain(stack);
      for (const one of [make.network('front'), make.volume('data'), web()]) await apply('create', one);
      const owned = (await target.owned(quiet())).find((one) => one.stack === stack);
      expect(owned).toEqual({ stack, revisions: [REVISION], branches: ['main'], resources: 3 });
    });

    it('reads logs, the last lines only when asked', async () => {
      const { stack, web, apply } = fresh();
      const container = web({ command: ['sh', '-c', 'echo one; echo two; sleep 1000'] });
      await apply('create', container);
      const read = async (tail?: number) => {
        const lines: string[] = [];
        const options = { signal: quiet(), ...(tail === undefined ? {} : { tail }) };
        for await (const { text } of target.logs(stack, container.id, options)) lines.push(text);
        return lines;
      };
      expect(
        await eventually(
          () => read(),
          (lines) => lines.length === 2,
        ),
      ).toEqual(['one', 'two']);
      expect(await read(1)).toEqual(['two']);
    });

    it('tells of a stack whose container was stopped', async () => {
      const { stack, web, apply } = fresh();
      const container = web();
      await apply('create', container);
      const events: (string | null)[] = [];
      const controller = new AbortController();
      const watching = target.watch((event) => void events.push(event), controller.signal);
      // The connection may take a moment: stop it until somebody hears.
      const heard = await eventually(
        async () => {
          await harness.stopContainer(stack, container);
          await apply('update', container);
          return events.includes(stack);
        },
        (heard) => heard,
      );
      expect(heard).toBe(true);
      controller.abort();
      await watching;
    });

    it('stops when it is told to', async () => {
      const { stack, web } = fresh();
      const signal = AbortSignal.abort();
      await expect(target.observe({ stack, desired: [] }, signal)).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      const context = contextFor(stack, { signal });
      await expect(target.apply(changeOf('create', web()), context)).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      expect((await harness.count(stack)).containers).toBe(0);
    });

    it('knows its machine', async () => {
      const facts = await target.facts(quiet());
      expect(facts.cpuCores).toBeGreaterThan(0);
      expect(facts.memoryBytes).toBeGreaterThan(0);
      expect(target.name).toBe(TARGET);
    });
  });
}
