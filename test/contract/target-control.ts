import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import { changeOf, contextFor, observeOne, resourcesOf } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import type { TargetHarness } from './target-harness.ts';

const quiet = () => new AbortController().signal;

/** Describes what every `Target` does when it is told to stop and start what is there. */
export function describeControlContract(name: string, setup: () => Promise<TargetHarness>): void {
  describe(`control contract: ${name}`, () => {
    let harness: TargetHarness;
    let target: TargetWith<Capability>;
    beforeAll(async () => {
      harness = await setup();
      target = harness.target;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    /** A container that ends well, with 0, when it is told to. */
    async function running() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const command = ['sh', '-c', 'trap "exec true" TERM; sleep 1000 & wait'];
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

    it('stops what is not there without a word, and cannot start it', async () => {
      const { stack, web } = await running();
      await harness.removeContainer(stack, web);
      await target.stop(stack, web.id, quiet());
      await expect(target.start(web, contextFor(stack))).rejects.toMatchObject({ code: 'TARGET_ERROR' });
    });
  });
}
