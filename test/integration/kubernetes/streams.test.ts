import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import type { ClusterStack } from '../../support/kubernetes/cluster-stack.ts';
import { createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';

/* Data of any length in and out of pods, as backups of databases need it. The API is a double; the programs are real. */

const quiet = () => new AbortController().signal;
const WEB = `{ id: web, type: deployment, data: { name: web, image: "local/busybox:1" } }`;

let double: ClusterDouble;
let target: ClusterTarget;
let own: ClusterStack;

beforeAll(async () => {
  double = await startClusterDouble();
  target = double.createTarget();
  own = createClusterStack(target);
  await own.apply(own.describe([WEB]));
  const path = `/api/v1/namespaces/${own.namespace}/pods`;
  const hand = createHand(double.client);
  await hand.create(path, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'i' }] },
  });
  const containerStatuses = [{ name: 'web', state: { running: {} } }];
  await hand.edit(`${path}/web-1/status`, { status: { phase: 'Running', containerStatuses } });
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const stream = (program: Parameters<ClusterTarget['stream']>[2], signal = quiet()) =>
  target.stream(own.stack, own.id('Deployment', 'web'), program, signal);

it('passes megabytes of any bytes in and out', async () => {
  const content = randomBytes(3_000_000);
  async function* input() {
    for (let at = 0; at < content.length; at += 70_000) yield content.subarray(at, at + 70_000);
    // More than the program wants.
    yield Buffer.from('and more');
  }
  const output: Buffer[] = [];
  const onOutput = async (chunk: Uint8Array) => void output.push(Buffer.from(chunk));
  const argv = ['head', '-c', String(content.length)];
  expect(await stream({ argv, input: input(), onOutput })).toEqual({ exitCode: 0, stderr: '' });
  expect(Buffer.concat(output).equals(content)).toBe(true);
});

it('tells how a program ended, and fails as its reader or its input fails', async () => {
  const output: string[] = [];
  const onOutput = async (chunk: Uint8Array) => void output.push(Buffer.from(chunk).toString());
  const argv = ['sh', '-c', 'echo one; echo wrong >&2; exit 3'];
  const end = await stream({ argv, onOutput });
  expect([end, output.join('')]).toEqual([{ exitCode: 3, stderr: 'wrong\n' }, 'one\n']);
  const full = async () => Promise.reject(new Error('disk full'));
  await expect(stream({ argv, onOutput: full })).rejects.toThrow('disk full');
  async function* broken() {
    yield Buffer.from('x');
    throw new Error('damaged');
  }
  await expect(stream({ argv: ['head', '-c', '10'], input: broken(), onOutput })).rejects.toThrow('damaged');
  const stopping = new AbortController();
  const waiting = stream(
    { argv: ['sh', '-c', 'echo begun; sleep 60'], onOutput: async () => stopping.abort(new Error('enough')) },
    stopping.signal,
  );
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
});

it('a program that ends before it has read its input is waited for no longer', async () => {
  async function* endless() {
    for (;;) {
      yield Buffer.alloc(65_536);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const end = await stream({
    argv: ['sh', '-c', 'head -c 10 >/dev/null; echo no >&2; exit 1'],
    input: endless(),
    onOutput: async () => undefined,
  });
  expect(end).toEqual({ exitCode: 1, stderr: 'no\n' });
});
