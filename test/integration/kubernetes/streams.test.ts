import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { realClock } from '../../support/docker/target-options.ts';
import { playControllers } from '../../support/kubernetes/kubernetes-controllers.ts';
import { createRig, file } from '../../support/reconciler-rig.ts';
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

it('a database on a cluster is backed up and restored by the clients in its pod', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-cluster-backup-'));
  // Stands in for MongoDB's tools, which are in no Debian.
  writeFileSync(
    join(directory, 'data'),
    Buffer.concat([Buffer.from('6de29981', 'hex'), randomBytes(900_000)]),
  );
  writeFileSync(join(directory, 'mongodump'), `#!/bin/sh\ncat ${directory}/data\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'mongorestore'), `#!/bin/sh\ncat >${directory}/restored\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
  const stop = playControllers(double.api);
  const rig = createRig({
    clock: realClock,
    backups: createBackupFolder(join(directory, 'backups')),
    createTarget: () => ({ ...target, async [Symbol.asyncDispose]() {} }),
  });
  const name = `bk${randomBytes(3).toString('hex')}`;
  rig.source.push({
    'clusters/prod.yaml': `server: ${double.api.url}\n`,
    [file(name)]:
      `version: "1.0"\nmeta: { name: ${name} }\nnodes: [{ name: prod, type: kubernetes }]\nservices:\n  db: { image: "mongo:8", node: prod }\nbackup: { schedule: "0 0 1 1 *" }\n`,
  });
  await rig.reconciler.refresh(quiet());
  expect(rig.reconciler.getStack(name).diagnostics).toEqual([]);
  const { id } = await rig.reconciler.apply({ stack: name, actor: null, trigger: 'cli' }, quiet());
  expect((await rig.reconciler.waitForJob(id, AbortSignal.timeout(20_000))).job.error).toBeNull();
  const hand = createHand(double.client);
  const namespace = name;
  const live = await hand.read(`/apis/apps/v1/namespaces/${namespace}/deployments/db`);
  const labels =
    asFields(asFields(asFields(asFields(live['spec'])?.['template'])?.['metadata'])?.['labels']) ?? {};
  await hand.create(`/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db-1', labels },
    spec: { containers: [{ name: 'db', image: 'mongo:8' }] },
  });
  const containerStatuses = [{ name: 'db', state: { running: {} } }];
  await hand.edit(`/api/v1/namespaces/${namespace}/pods/db-1/status`, {
    status: { phase: 'Running', containerStatuses },
  });
  const run = async (job: { readonly id: string }) => {
    const detail = await rig.reconciler.waitForJob(job.id, AbortSignal.timeout(20_000));
    expect(detail.job.error).toBeNull();
  };
  await run(rig.reconciler.backup({ stack: name, actor: null, trigger: 'cli' }));
  const { backups } = await rig.reconciler.listBackups({ stack: name }, quiet());
  expect(backups).toEqual([
    expect.objectContaining({ service: 'db', file: expect.stringMatching(/\.archive\.gz$/) }),
  ]);
  await run(rig.reconciler.restore({ stack: name, actor: null, trigger: 'cli' }));
  expect(readFileSync(join(directory, 'restored')).equals(readFileSync(join(directory, 'data')))).toBe(true);
  vi.unstubAllEnvs();
  stop();
  await rig[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
