import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DockerEngine } from '../../support/docker/docker-engine.ts';
import { startDockerEngine } from '../../support/docker/docker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';

/* A webhook hears of stacks on a real engine, from a push that fails to an engine that is shut down. */

const PATIENCE_MS = 90_000;

interface News {
  readonly type: string;
  readonly subject: string;
  readonly [key: string]: unknown;
}

const news: News[] = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    news.push(JSON.parse(text) as News);
    response.writeHead(204).end();
  });
});
let engine: DockerEngine;
let job: MainJob;

beforeAll(async () => {
  engine = await startDockerEngine();
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  job = await createMainJob(
    engine.host,
    { KOMBINATOR_STABLE: '1s' },
    `notifications: { hook: { type: webhook, url: "http://127.0.0.1:${port}/" } }\n`,
  );
});
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  await new Promise((resolve) => receiver.close(resolve));
});

const program = (name: string, script: string) => ({
  [`kombinations/${name}/kombination.yaml`]: `version: "1.0"\nmeta: { name: ${name} }\nservices:\n  web: { image: "${IMAGE}", pull_policy: never, stop_grace_period: 0s, command: [sh, -c, "${script}"] }\n`,
});

async function hears(type: string, subject: string): Promise<News> {
  const found = await eventually(
    () => news.find((one) => one.type === type && one.subject === subject),
    (one) => one !== undefined,
    PATIENCE_MS,
  );
  if (found === undefined)
    throw new Error(`${type} of ${subject} was not told, only ${JSON.stringify(news)}`);
  return found;
}

it('hears of a push that fails, once, and of the next one that does not', async () => {
  await job.push({ ...program('shop', 'sleep 1000'), ...program('blog', 'sleep 1000') }, 'Begin');
  await job.reaches('shop', 'in_sync');
  await job.reaches('blog', 'in_sync');
  const commit = await job.push(program('shop', 'echo no database; exit 7'), 'Break it');
  const failed = await hears('failed', 'stack/shop');
  expect(failed).toMatchObject({ stack: 'shop', code: 'UNHEALTHY', revision: commit });
  expect(failed['message']).toContain('exited with 7');
  await job.push({ 'README.md': 'another commit\n' }, 'Say nothing new');
  await job.reaches('shop', 'failed');
  await job.push(program('shop', 'sleep 2000'), 'Mend it');
  expect(await hears('recovered', 'stack/shop')).toMatchObject({ after: 'failed' });
  expect(news.map(({ type }) => type)).toEqual(['failed', 'recovered']);
});

it('hears of an engine that is shut down, once for all of its stacks, and of its return', async () => {
  news.length = 0;
  await engine.shutDown();
  const away = await hears('node_away', 'node/local');
  expect(away).toMatchObject({ node: 'local', stacks: ['blog', 'shop'], stack: '' });
  await engine.start();
  await hears('recovered', 'node/local');
  await job.reaches('shop', 'in_sync', PATIENCE_MS);
  await job.reaches('blog', 'in_sync', PATIENCE_MS);
  expect(news.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
    'node_away node/local',
    'recovered node/local',
  ]);
});
