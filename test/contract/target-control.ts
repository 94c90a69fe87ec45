import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import { changeOf, contextFor, observeOne, resourcesOf } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import type { TargetHarness } from './target-harness.ts';
import { nameOf } from './target-harness.ts';

const quiet = () => new AbortController().signal;
const SLEEPING = ['sleep', '1000'];

/** Describes what every `Target` does when it is told to stop and start what is there. */
export function describeControlContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`control contract: ${name}`, () => {
    let harness: TargetHarness;
    let target: TargetWith<Exclude<Capability, 'measures'>>;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    /** A container that ends well, with 0, when it is told to. */
    async function running() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const command = ['sh', '-c', 'trap "exec true" TERM; : > /tmp/ready; sleep 1000 & wait'];
      const restart = { policy: 'no', maxRetries: 0 } as const;
      const web = resourcesOf(stack).container('web', {
        image: harness.image,
        command,
        restart,
        stopGracePeriodMs: 2_000,
      });
      await target.apply(changeOf('create', web), contextFor(stack));
      const status = async () => (await target.health(stack, web.id, quiet())).status;
      const reaches = (wanted: string) =>
        eventually(status, (found) => found === wanted).then((found) => expect(found).toBe(wanted));
      await reaches('healthy');
      // Told to end before it listens to that, it would not.
      const isReady = () => target.exec(stack, web.id, ['test', '-e', '/tmp/ready'], quiet());
      await eventually(isReady, ({ exitCode }) => exitCode === 0);
      return { stack, web, reaches };
    }

    it('stops, again and again, and starts the same object, also one that ended well', async () => {
      const { stack, web, reaches } = await running();
      const before = await observeOne(target, stack, web);
      await target.stop(stack, web.id, quiet());
      await target.stop(stack, web.id, quiet());
      await reaches('completed');
      await target.start(web, contextFor(stack));
      await reaches('healthy');
      await target.start(web, contextFor(stack));
      const after = await observeOne(target, stack, web);
      expect(after?.detail?.['containerId']).toBe(before?.detail?.['containerId']);
      expect(after?.fingerprint).toBe(before?.fingerprint);
    });

    it('runs a program to its end, with its output and its exit code', async () => {
      const { stack, web } = await running();
      const argv = ['sh', '-c', 'echo one; echo wrong >&2; echo two; exit 3'];
      expect(await target.exec(stack, web.id, argv, quiet())).toEqual({
        exitCode: 3,
        stdout: 'one\ntwo\n',
        stderr: 'wrong\n',
      });
      await target.stop(stack, web.id, quiet());
      await expect(target.exec(stack, web.id, argv, quiet())).rejects.toMatchObject({ code: 'TARGET_ERROR' });
    });

    it('passes megabytes of any bytes in and out', async () => {
      const { stack, web } = await running();
      const content = randomBytes(3_000_000);
      async function* input() {
        for (let at = 0; at < content.length; at += 70_000) yield content.subarray(at, at + 70_000);
        // More than the program wants.
        yield Buffer.from('and more');
      }
      const output: Buffer[] = [];
      const end = await target.stream(
        stack,
        web.id,
        {
          argv: ['head', '-c', String(content.length)],
          input: input(),
          onOutput: async (chunk) => void output.push(Buffer.from(chunk)),
        },
        quiet(),
      );
      expect(end).toEqual({ exitCode: 0, stderr: '' });
      expect(Buffer.concat(output).equals(content)).toBe(true);
    });

    it('tells how a streamed program ended, and fails as its reader or its input fails', async () => {
      const { stack, web } = await running();
      const output: string[] = [];
      const onOutput = async (chunk: Uint8Array) => void output.push(Buffer.from(chunk).toString());
      const argv = ['sh', '-c', 'echo one; echo wrong >&2; exit 3'];
      const end = await target.stream(stack, web.id, { argv, onOutput }, quiet());
      expect([end, output.join('')]).toEqual([{ exitCode: 3, stderr: 'wrong\n' }, 'one\n']);
      const full = async () => Promise.reject(new Error('disk full'));
      await expect(target.stream(stack, web.id, { argv, onOutput: full }, quiet())).rejects.toThrow(
        'disk full',
      );
      async function* broken() {
        yield Buffer.from('x');
        throw new Error('damaged');
      }
      const reading = { argv: ['head', '-c', '10'], input: broken(), onOutput };
      await expect(target.stream(stack, web.id, reading, quiet())).rejects.toThrow('damaged');
      await target.stop(stack, web.id, quiet());
      await expect(target.stream(stack, web.id, { argv, onOutput }, quiet())).rejects.toMatchObject({
        code: 'TARGET_ERROR',
      });
    });

    it('gives a program input and takes its output, until it ends', async () => {
      const { stack, web } = await running();
      const argv = ['sh', '-c', 'cat; exit 4'];
      await using session = await target.openSession(stack, web.id, { argv, signal: quiet() });
      session.write(Buffer.from('one\n'));
      session.write(Buffer.from('two\n'));
      session.end();
      const parts: Uint8Array[] = [];
      for await (const { stream, bytes } of session.output) {
        expect(stream).toBe('stdout');
        parts.push(bytes);
      }
      expect(Buffer.concat(parts).toString()).toBe('one\ntwo\n');
      expect(await session.exitCode).toBe(4);
      await target.stop(stack, web.id, quiet());
      const again = target.openSession(stack, web.id, { argv, signal: quiet() });
      await expect(again).rejects.toMatchObject({ code: 'TARGET_ERROR' });
    });

    it('reaches a container by its own name, of its stack only', async () => {
      const { stack, web } = await running();
      const place = { namespace: null, name: nameOf(web), stack };
      const options = { argv: ['sh', '-c', 'echo one; exit 3'], signal: quiet() };
      await using session = await target.openSessionAt(place, options);
      const parts: Uint8Array[] = [];
      for await (const { bytes } of session.output) parts.push(bytes);
      await session.drained();
      expect(Buffer.concat(parts).toString()).toBe('one\n');
      expect(await session.exitCode).toBe(3);
      const lines: string[] = [];
      for await (const { text } of target.logsAt(place, { signal: quiet() })) lines.push(text);
      expect(lines).toEqual([]);
      const foreign = target.openSessionAt({ ...place, stack: 'other' }, options);
      await expect(foreign).rejects.toMatchObject({ code: 'TARGET_ERROR' });
      await expect(async () => {
        for await (const line of target.logsAt({ ...place, stack: 'other' }, { signal: quiet() })) void line;
      }).rejects.toMatchObject({ code: 'TARGET_ERROR' });
      await target.stop(stack, web.id, quiet());
      const stopped = target.openSessionAt(place, options);
      await expect(stopped).rejects.toMatchObject({ code: 'TARGET_ERROR' });
    });

    it('stops what is not there without a word, and cannot start it', async () => {
      const { stack, web } = await running();
      await harness.removeContainer(stack, web);
      await target.stop(stack, web.id, quiet());
      await expect(target.start(web, contextFor(stack))).rejects.toMatchObject({ code: 'TARGET_ERROR' });
    });
  });
}

/** Holds for every `Target` whose objects are made anew as they are, take over from others, or exchange their names. */
export function describeMovesContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`moves contract: ${name}`, () => {
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
      const service = (name: string, spec: Partial<ContainerSpec> = {}) =>
        resourcesOf(stack).container(name, {
          image: harness.image,
          command: SLEEPING,
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
