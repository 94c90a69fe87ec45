import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { startDockerEngine } from '../support/docker/docker-engine.ts';
import { eventually } from '../support/eventually.ts';
import type { MainJob } from '../support/main-job.ts';
import { createMainJob, IMAGE, PATIENCE_MS, runOnEngine } from '../support/main-job.ts';

/* A Compose file without `restart`, adopted as it is: what has done its work is done, and what shall run comes back (decision 034). */

let engine: DockerEngine;
let job: MainJob;

beforeAll(async () => {
  engine = await startDockerEngine();
  job = await createMainJob(engine.host, { KOMBINATOR_STABLE: '1s' });
});
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await engine?.stop();
});

/** Ends with 0 when it is told to, as most servers do. */
const SERVER = `trap 'exit 0' TERM; while true; do sleep 0.1; done`;

const SHOP = {
  'kombinations/shop/kombination.yaml': 'version: "1.0"\nmeta: { name: shop }\ncompose: compose.yaml\n',
  'kombinations/shop/compose.yaml': `services:
  once: { image: "${IMAGE}", pull_policy: never, command: ["true"] }
  slow: { image: "${IMAGE}", pull_policy: never, command: [sleep, "3"] }
  server: { image: "${IMAGE}", pull_policy: never, command: [sh, -c, "${SERVER}"] }
`,
};

const docker = (...args: readonly string[]) => runOnEngine(engine.host, 'docker', args);

interface Facts {
  readonly status: string;
  readonly startedAt: string;
  readonly restarts: number;
}

const look = (service: string) => lookAt(`shop-${service}-1`);

async function lookAt(container: string): Promise<Facts> {
  const format = '{{ .State.Status }} {{ .State.StartedAt }} {{ .RestartCount }}';
  const [status = '', startedAt = '', restarts] = (await docker('inspect', '--format', format, container))
    .trim()
    .split(' ');
  return { status, startedAt, restarts: Number(restarts) };
}

const reaches = (service: string, isRight: (facts: Facts) => boolean) =>
  eventually(() => look(service), isRight, PATIENCE_MS);

async function health(): Promise<Record<string, string>> {
  const { body } = await job.api('GET', '/stacks/shop');
  return Object.fromEntries(
    body.services.map(({ name, status }: { name: string; status: string }) => [name, status]),
  );
}

it('is well with what has ended, which ran once', async () => {
  await job.push(SHOP, 'Open the shop');
  await job.reaches('shop', 'in_sync');
  await reaches('slow', ({ status }) => status === 'exited');
  const once = await look('once');
  const slow = await look('slow');
  expect([once, slow]).toMatchObject([
    { status: 'exited', restarts: 0 },
    { status: 'exited', restarts: 0 },
  ]);
  const { body: drift } = await job.api('POST', '/stacks/shop/drift/check');
  expect(drift.has_drift).toBe(false);
  await job.reaches('shop', 'in_sync');
  expect(await health()).toEqual({ once: 'completed', slow: 'completed', server: 'healthy' });
  expect(await look('once')).toEqual(once);
  expect(await look('slow')).toEqual(slow);
});

it('has a server run again that somebody stopped, though it ended with 0', async () => {
  const before = await look('server');
  await docker('stop', 'shop-server-1');
  await reaches('server', (now) => now.status === 'running' && now.startedAt !== before.startedAt);
  await job.reaches('shop', 'in_sync');
});

it('has a server run again that went down in good order with its engine, and nothing that was done', async () => {
  const once = await look('once');
  await reaches('server', ({ startedAt }) => Date.now() - Date.parse(startedAt) > 11_000);
  // A daemon that saw the end would know: it is away, as where it lives on the same machine.
  await job.stop('SIGTERM');
  await engine.shutDown();
  await engine.start();
  expect((await look('server')).status).toBe('exited');
  await job.start();
  await reaches('server', ({ status }) => status === 'running');
  await job.reaches('shop', 'in_sync');
  expect(await look('once')).toEqual(once);
});

it('comes back by its engine alone after a crash of that', async () => {
  await job.stop('SIGTERM');
  await engine.restart();
  await reaches('server', ({ status }) => status === 'running');
  await job.start();
  await job.reaches('shop', 'in_sync');
});

it('says what to write where something is started again and again though it ended well', async () => {
  const text = `version: "1.0"\nmeta: { name: again }\nservices:\n  once: { image: "${IMAGE}", pull_policy: never, command: ["true"] }\n`;
  await job.push({ 'kombinations/again/kombination.yaml': text }, 'Do it once');
  const failed = await job.job('again', ({ status }) => status === 'failed');
  expect(failed.error.message).toContain(
    'if it is to end, write restart: "no" where it is described (kombinations/again/kombination.yaml:4)',
  );
});

// An earlier version started everything again.
it('has a service that was started again and again come to its end once it may', async () => {
  const before = await lookAt('again-once-1');
  expect(before).toMatchObject({ restarts: expect.any(Number) });
  const files = {
    'kombinations/again/kombination.yaml': 'version: "1.0"\nmeta: { name: again }\ncompose: compose.yaml\n',
    'kombinations/again/compose.yaml': `services:\n  once: { image: "${IMAGE}", pull_policy: never, command: ["true"] }\n`,
  };
  await job.push(files, 'It may end');
  await job.reaches('again', 'in_sync');
  const after = await eventually(
    () => lookAt('again-once-1'),
    ({ status }) => status === 'exited',
    PATIENCE_MS,
  );
  expect(after.status).toBe('exited');
  expect((await job.jobs('again')).map(({ status }) => status).slice(0, 1)).toEqual(['completed']);
});
