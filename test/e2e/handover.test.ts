import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freePort } from '../support/free-port.ts';
import type { MainJob } from '../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, IMAGE, PATIENCE_MS } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* Networks and volumes with names of their own go from one stack to another in one push. */

const dockerHost = workerEngine();
const path = dockerHost.replace('unix://', '');
const engine = createEngineView(dockerHost);
let job: MainJob;

beforeAll(async () => {
  job = await createMainJob(dockerHost, { KOMBINATOR_STABLE: '1s' });
});
afterAll(() => job?.[Symbol.asyncDispose]());

const EXTERNAL = '{ external: true, name: hand-net }';

function member(name: string, network: string): Record<string, string> {
  return {
    [`kombinations/${name}/kombination.yaml`]: `version: "1.0"
meta: { name: ${name} }
services:
  web: { image: ${IMAGE}, init: true, command: [sleep, infinity], networks: [x], restart: always }
networks: { x: ${network} }
`,
  };
}

interface Network {
  readonly Id: string;
  readonly Containers: Readonly<Record<string, { readonly Name: string }>>;
}

async function network(name: string): Promise<Network | null> {
  const found = await engineJson<{ Id: string; Name: string }[]>(path, 'GET', '/networks');
  const one = found.find(({ Name }) => Name === name);
  return one === undefined ? null : engineJson<Network>(path, 'GET', `/networks/${one.Id}`);
}

const guests = async (name: string) =>
  Object.values((await network(name))?.Containers ?? {})
    .map(({ Name }) => Name)
    .sort();

it('a network is handed from one stack to another that shared it, and nobody loses it', async () => {
  await job.push({ ...member('na', '{ name: hand-net }'), ...member('nb', EXTERNAL) }, 'Two on one network');
  await job.reaches('na', 'in_sync');
  await job.reaches('nb', 'in_sync');
  const ids = [await engine.id('na-web-1'), await engine.id('nb-web-1')];

  await job.push({ ...member('na', EXTERNAL), ...member('nb', '{ name: hand-net }') }, 'Turn it round');

  await job.reaches('na', 'in_sync');
  await job.reaches('nb', 'in_sync');
  expect(await guests('hand-net')).toEqual(['na-web-1', 'nb-web-1']);
  expect([await engine.id('na-web-1'), await engine.id('nb-web-1')]).toEqual(ids);
  expect(await job.run('plan', '--stack', 'nb', '--detailed-exitcode')).toMatchObject({ code: 0 });
});

it('the stack that gave it up goes without it, and the one that has it takes it along', async () => {
  await job.push({ 'kombinations/na': null, ...keeper('nc') }, 'The first one leaves');
  await job.gone('na');
  expect(await guests('hand-net')).toEqual(['nb-web-1']);

  await job.push({ 'kombinations/nb': null }, 'The second one leaves');
  await job.gone('nb');
  await expect.poll(() => network('hand-net'), { timeout: PATIENCE_MS, interval: 200 }).toBeNull();
});

it('a network that others are on stays when its stack goes, says so, and goes after them', async () => {
  await job.push({ ...member('na', '{ name: hand-net }'), ...member('nb', EXTERNAL) }, 'Two again');
  await job.reaches('nb', 'in_sync');

  await job.push({ 'kombinations/na': null }, 'The owner leaves');

  const left = await job.reaches('na', 'removed');
  expect(left.message).toContain('local/network/x kept, because others use it');
  expect(await guests('hand-net')).toEqual(['nb-web-1']);
  const failed = (await job.jobs('na')).filter(({ status }) => status === 'failed');
  expect(failed).toEqual([]);

  await job.push({ 'kombinations/nb': null }, 'Its user leaves, too');
  await job.gone('na');
  expect(await network('hand-net')).toBeNull();
});

function keeper(name: string, port?: number, page = 'first'): Record<string, string> {
  const serve = `test -e /data/index.html || echo ${page} > /data/index.html; exec httpd -f -p 8080 -h /data`;
  const ports = port === undefined ? '' : `    ports: ["127.0.0.1:${port}:8080"]\n`;
  return {
    [`kombinations/${name}/kombination.yaml`]: `version: "1.0"
meta: { name: ${name} }
services:
  web:
    image: ${IMAGE}
    init: true
    stop_grace_period: 1s
    command: [sh, -c, "${serve}"]
    volumes: [data:/data]
${ports}volumes: { data: { name: ${port === undefined ? name : 'hand-data'} } }
`,
  };
}

it('a volume with a name of its own goes along with its data when the stack is called otherwise', async () => {
  const port = await freePort();
  await job.push(keeper('va', port), 'A stack with data');
  expect(await awaitPage(port, 'first')).toBe('first');
  await job.reaches('va', 'in_sync');

  await job.push({ 'kombinations/va': null, ...keeper('vb', port, 'second') }, 'Another name');

  await job.reaches('vb', 'in_sync');
  expect(await awaitPage(port, 'first')).toBe('first');
  expect(await job.run('plan', '--stack', 'vb', '--detailed-exitcode')).toMatchObject({ code: 0 });
  await job.gone('va');

  await job.push({ 'kombinations/vb': null }, 'It leaves');
  await job.gone('vb');
  expect((await engineJson<{ Name: string }>(path, 'GET', '/volumes/hand-data')).Name).toBe('hand-data');
});

it('a service that is called otherwise has its old container back when the next push has to wait', async () => {
  const port = await freePort();
  const shop = (service: string, more = '') => ({
    'kombinations/hp/kombination.yaml': `version: "1.0"
meta: { name: hp }
services:
  ${service}:
    image: ${IMAGE}
    init: true
    stop_grace_period: 1s
    command: [httpd, -f, -p, "8080"]
    ports: ["127.0.0.1:${port}:8080"]
${more}`,
  });
  await job.push(shop('one'), 'The first name');
  await job.reaches('hp', 'in_sync');
  const id = await engine.id('hp-one-1');
  const starting = '    healthcheck: { test: [CMD, "false"], interval: 1s, start_period: 100s }\n';
  await job.push(shop('two', starting), 'The second name');
  await expect
    .poll(() => engine.containers('hp'), { timeout: PATIENCE_MS, interval: 200 })
    .toContain('hp-two-1.next running');

  await job.push(shop('two', `${starting}policy: { sync: manual }\n`), 'Wait for somebody');

  await job.reaches('hp', 'pending');
  await expect
    .poll(() => engine.containers('hp'), { timeout: PATIENCE_MS, interval: 200 })
    .toEqual(['hp-one-1 running']);
  expect(await engine.id('hp-one-1')).toBe(id);
});
