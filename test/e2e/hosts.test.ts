import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { startDockerEngine } from '../support/docker/docker-engine.ts';
import { freePort } from '../support/free-port.ts';
import type { EngineSsh } from '../support/docker/engine-ssh.ts';
import { startEngineSsh } from '../support/docker/engine-ssh.ts';
import { eventually } from '../support/eventually.ts';
import type { MainJob } from '../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, IMAGE, PATIENCE_MS } from '../support/main-job.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { quietProbe } from '../support/docker/quiet-probe.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* One stack over three engines: one on this machine's socket, one behind SSH, one behind TLS. */

const here = workerEngine();
let far: DockerEngine;
let tls: DockerEngine;
let ssh: EngineSsh;
let job: MainJob;

beforeAll(async () => {
  [far, tls] = await Promise.all([startDockerEngine(), startDockerEngine({ tls: true })]);
  await Promise.all([far, tls].map(({ host }) => buildTestImage(host, IMAGE)));
  ssh = await startEngineSsh(far.host);
  const { ca, cert, key } = tls.tls!;
  const keyFiles = JSON.stringify([ssh.keyPath, ca, cert, key]);
  const operator = `policy: { allow: { keyFiles: ${keyFiles} } }\n`;
  job = await createMainJob(here, { KOMBINATOR_KNOWN_HOSTS: ssh.knownHosts }, operator);
});
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await ssh?.[Symbol.asyncDispose]();
  await Promise.all([far?.stop(), tls?.stop()]);
});

interface Places {
  readonly web: string;
  readonly greeting: string;
}

function shop({ web, greeting }: Places): Record<string, string> {
  const { host, port, ca, cert, key } = tls.tls!;
  const service = (name: string, node: string) => `  ${name}:
    image: ${IMAGE}
    node: ${node}
    init: true
    stop_grace_period: 1s
    env: { GREETING: ${greeting} }
    command: [sleep, "100000"]
    volumes: ["${name}:/data"]
    healthcheck: { test: [CMD-SHELL, "${quietProbe('test -d /data')}"], interval: 200ms, retries: 5 }
`;
  return {
    'kombinations/shop/kombination.yaml': `version: "1.0"
meta: { name: shop }
nodes:
  - { name: here, type: docker, connection: { host: localhost } }
  - { name: far, type: bare-metal, connection: { host: "ssh://root@127.0.0.1", port: ${ssh.port}, ssh_key: ${ssh.keyPath} } }
  - { name: tls, type: hypervisor, connection: { host: "tcp://${host}:${port}", tls: { ca: ${ca}, cert: ${cert}, key: ${key} } } }
services:
${service('api', 'here')}${service('web', web)}${service('db', 'tls')}volumes: { api: {}, web: {}, db: {} }
`,
  };
}

const containers = () =>
  Promise.all([here, far.host, tls.host].map((host) => createEngineView(host).containers('shop')));
const workers = async () =>
  new Map<string, { status: string; last_seen: string | null; docker_version: string | null }>(
    (await job.api('GET', '/workers')).body.workers.map((worker: { name: string }) => [worker.name, worker]),
  );

describe('a stack over three engines', () => {
  it('converges, and each engine is a worker', async () => {
    await job.push(shop({ web: 'far', greeting: 'first' }), 'Open the shop');
    await job.reaches('shop', 'in_sync', PATIENCE_MS);
    expect(await containers()).toEqual([
      ['shop-api-1 running'],
      ['shop-web-1 running'],
      ['shop-db-1 running'],
    ]);
    const seen = await eventually(workers, (all) => all.get('far')?.docker_version !== null);
    for (const name of ['here', 'far', 'tls'])
      expect(seen.get(name)).toMatchObject({ status: 'online', last_seen: expect.any(String) });
    expect(await job.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('is changed where engines answer while one is down, and everywhere when that is back', async () => {
    await tls.crash();
    await job.push(shop({ web: 'far', greeting: 'second' }), 'Greet anew');
    const view = await job.reaches('shop', 'degraded', PATIENCE_MS);
    expect(view.message).toContain('node tls does not answer');
    const failed = await job.job('shop', ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ tag: null, error: { code: 'TARGET_UNREACHABLE' } });
    expect((await workers()).get('tls')).toMatchObject({ status: 'offline' });
    expect((await containers().catch(() => [])).length).toBe(0);
    expect(await createEngineView(far.host).containers('shop')).toEqual(['shop-web-1 running']);
    expect(await job.tags('shop')).toEqual(['deploy/shop/1']);

    await tls.restart();
    await job.reaches('shop', 'in_sync', 2 * PATIENCE_MS);
    expect((await containers()).flat()).toEqual([
      'shop-api-1 running',
      'shop-web-1 running',
      'shop-db-1 running',
    ]);
    expect(await job.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
    expect((await workers()).get('tls')).toMatchObject({ status: 'online' });
  });

  it('has a service moved with one commit: up there before it goes here', async () => {
    const commit = await job.push(shop({ web: 'tls', greeting: 'second' }), 'Move the web server');
    const moved = await job.job(
      'shop',
      ({ revision, status }) => revision === commit && status === 'completed',
    );
    await job.reaches('shop', 'in_sync');
    expect(await containers()).toEqual([
      ['shop-api-1 running'],
      [],
      ['shop-db-1 running', 'shop-web-1 running'],
    ]);
    const { steps } = (await job.api('GET', `/jobs/${moved.id}`)).body;
    const step = (name: string) => steps.find((one: { name: string }) => one.name === name);
    expect(Date.parse(step('far/container/web').started_at)).toBeGreaterThanOrEqual(
      Date.parse(step('tls/container/web').completed_at),
    );
    const { diagnostics } = (await job.api('GET', `/plans/${moved.plan_id}`)).body;
    expect(diagnostics).toMatchObject([
      { code: 'VOLUME_STAYS', message: 'the data of volume web stays on far; on tls it begins empty' },
    ]);
  });
});

describe('two services', () => {
  it('swap their host ports with one commit', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const service = (name: string, port: number) => `  ${name}:
    image: ${IMAGE}
    init: true
    stop_grace_period: 1s
    command: [httpd, -f, -p, "8080", -h, /www]
    files: [{ content: ${name}, target: /www/index.html }]
    ports: ["127.0.0.1:${port}:8080"]
`;
    const pair = (one: number, two: number) => ({
      'kombinations/pair/kombination.yaml': `version: "1.0"
meta: { name: pair }
services:
${service('one', one)}${service('two', two)}`,
    });
    await job.push(pair(first, second), 'Open both');
    await job.reaches('pair', 'in_sync');
    expect([await awaitPage(first, 'one'), await awaitPage(second, 'two')]).toEqual(['one', 'two']);
    const commit = await job.push(pair(second, first), 'Swap them');
    const swapped = await job.job('pair', ({ revision }) => revision === commit);
    expect(swapped).toMatchObject({ status: 'completed', summary: { replace: 2 } });
    expect([await awaitPage(first, 'two'), await awaitPage(second, 'one')]).toEqual(['two', 'one']);
  });
});
