import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import type { MainJob } from '../../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, IMAGE } from '../../support/main-job.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';

/* Stacks of one host share the reverse proxy of their kit, whichever stack brings it. A web server stands in for the proxy. */

const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
let job: MainJob;
let port: number;

beforeAll(async () => {
  job = await createMainJob(dockerHost, { KOMBINATOR_STABLE: '1s' });
  port = await freePort();
});
afterAll(() => job?.[Symbol.asyncDispose]());

const serve = (page: string) => `mkdir -p /w; echo ${page} > /w/index.html; exec httpd -f -p 8080 -h /w`;

const kit = () => ({
  'stackkits/mini/stackkit.yaml': `name: mini
version: "1.0"
description: A proxy and what is behind it.
proxy: { service: gate, network: proxy }
services:
  gate:
    description: Stands for a reverse proxy.
    service:
      image: ${IMAGE}
      init: true
      stop_grace_period: 1s
      command: [sh, -c, "${serve('gate of {{stack}}')}"]
      ports: ["127.0.0.1:${port}:8080"]
  page:
    description: A page.
    service:
      image: ${IMAGE}
      init: true
      stop_grace_period: 1s
      command: [sh, -c, "${serve('page of {{stack}}')}"]
      route: { port: 8080 }
`,
});

const member = (name: string, service: string) => ({
  [`kombinations/${name}/kombination.yaml`]: `version: "1.0"
stackkit: mini
meta: { name: ${name}, domain: example.org }
services: [${service}]
`,
});

const isThere = (container: string) =>
  engine.id(container).then(
    () => true,
    () => false,
  );
const proxies = () => Promise.all(['home', 'media', 'proxy'].map((name) => isThere(`${name}-gate-1`)));

it('the first stack that needs it brings it, and the other is reached over its network', async () => {
  await job.push({ ...kit(), ...member('media', 'page'), ...member('home', 'page') }, 'Two on one host');
  await job.reaches('home', 'in_sync');
  await job.reaches('media', 'in_sync');
  await awaitPage(port, 'gate of home');
  expect(await proxies()).toEqual([true, false, false]);
  expect(await job.run('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
});

it('it moves to a stack that lists it, although each of the two would wait for the other', async () => {
  await job.push(member('proxy', 'gate'), 'A stack of its own for the proxy');
  for (const name of ['proxy', 'home', 'media']) await job.reaches(name, 'in_sync');
  await awaitPage(port, 'gate of proxy');
  expect(await proxies()).toEqual([false, false, true]);
});

it('and back, when that stack leaves', async () => {
  await job.push({ 'kombinations/proxy': null }, 'The proxy leaves');
  await job.gone('proxy');
  for (const name of ['home', 'media']) await job.reaches(name, 'in_sync');
  await awaitPage(port, 'gate of home');
  expect(await proxies()).toEqual([true, false, false]);

  await job.push({ 'kombinations/media': null }, 'Nobody shares it any more');
  await job.gone('media');
});
