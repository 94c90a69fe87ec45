import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCompose } from '../support/compose/compose.ts';
import { freePort } from '../support/free-port.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, runOnEngine, webStack } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* Several containers of one service on a real engine: made, told apart, replaced in batches, put back, fewer again. */

const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
let job: MainJob;

beforeAll(async () => {
  job = await createMainJob(dockerHost);
});
afterAll(() => job?.[Symbol.asyncDispose]());

const deploy = (replicas: number, update: string) =>
  `    deploy: { replicas: ${replicas}, update_config: { ${update} } }\n`;
const running = (count: number) =>
  Array.from({ length: count }, (_, index) => `fleet-web-${index + 1} running`);

/** Reads what each container serves: asked inside of it, because only its stack can reach it. */
async function pages(count: number): Promise<readonly string[]> {
  const ask = async (number: number) => {
    const args = ['exec', `fleet-web-${number}`, 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/'];
    return (await runOnEngine(dockerHost, 'docker', args)).trim();
  };
  return Promise.all(Array.from({ length: count }, (_, index) => ask(index + 1)));
}

describe('a service with replicas', () => {
  it('runs as many containers, which Compose lists', async () => {
    await job.push(webStack('fleet', 'one', { service: deploy(3, '') }), 'Start a fleet');
    const view = await job.reaches('fleet', 'in_sync');
    expect(view.services).toMatchObject([{ name: 'web', status: 'healthy', replicas: 3 }]);
    expect(await engine.containers('fleet')).toEqual(running(3));
    const compose = await findCompose();
    if (compose === undefined) throw new Error('needed is docker-compose 2.40 or newer');
    const args = [...compose.args, '-p', 'fleet', 'ps', '--format', 'json'];
    const listed = (await runOnEngine(dockerHost, compose.program, args))
      .trim()
      .split('\n')
      .map((line): Json => JSON.parse(line));
    expect(listed.map(({ Name, Service }) => `${Name} ${Service}`).toSorted()).toEqual([
      'fleet-web-1 web',
      'fleet-web-2 web',
      'fleet-web-3 web',
    ]);
    const labels = await runOnEngine(dockerHost, 'docker', [
      'inspect',
      '--format',
      '{{ index .Config.Labels "com.docker.compose.container-number" }}',
      'fleet-web-1',
      'fleet-web-2',
      'fleet-web-3',
    ]);
    expect(labels.trim().split('\n')).toEqual(['1', '2', '3']);
  });

  it('is replaced one after the other, so that some answer at any time', async () => {
    const watched = watchFleet();
    await job.push(webStack('fleet', 'two', { service: deploy(3, 'parallelism: 1') }), 'Update the fleet');
    await job.job('fleet', ({ tag }) => tag === 'deploy/fleet/2');
    const counts = (await watched.end()).map(
      (lines) => lines.filter((line) => line.endsWith(' running')).length,
    );
    expect(Math.min(...counts)).toBe(2);
    expect(await engine.containers('fleet')).toEqual(running(3));
    expect(await pages(3)).toEqual(['two', 'two', 'two']);
  });

  it('goes back as a whole when the last one does not get healthy', async () => {
    const commit = await job.push(thirdFails('three', 'failure_action: rollback'), 'Update the fleet badly');
    const failed = await job.job('fleet', ({ revision }) => revision === commit);
    expect(failed).toMatchObject({ status: 'failed', tag: null });
    expect(await engine.containers('fleet')).toEqual(running(3));
    expect(await pages(3)).toEqual(['two', 'two', 'two']);
    const { steps } = (await job.api('GET', `/jobs/${failed.id}`)).body;
    const web = steps.filter(({ name }: Json) => name.includes('/container/web'));
    expect(web.map(({ status }: Json) => status)).toEqual(['reverted', 'reverted', 'reverted']);
  });

  it('runs the new container beside the old one with start-first', async () => {
    const watched = watchFleet();
    const update = deploy(1, 'order: start-first');
    await job.push(webStack('fleet', 'four', { service: update }), 'Update one without a gap');
    await job.job('fleet', ({ tag }) => tag === 'deploy/fleet/3');
    const seen = (await watched.end()).map((lines) => lines.join(', '));
    expect(seen).toContain('fleet-web-1 running, fleet-web-1.next running');
    expect(await engine.containers('fleet')).toEqual(running(1));
    expect(await pages(1)).toEqual(['four']);
  });

  it('shares a range of ports, and loses the highest numbers', async () => {
    const first = await freePort();
    const range = `    ports: ["127.0.0.1:${first}-${first + 1}:8080"]\n`;
    await job.push(webStack('fleet', 'five', { service: `${range}${deploy(2, '')}` }), 'Publish the fleet');
    await job.job('fleet', ({ tag }) => tag === 'deploy/fleet/4');
    expect([await awaitPage(first, 'five'), await awaitPage(first + 1, 'five')]).toEqual(['five', 'five']);
    await job.push(webStack('fleet', 'five', { service: `${range}${deploy(1, '')}` }), 'One is enough');
    await job.job('fleet', ({ tag }) => tag === 'deploy/fleet/5');
    expect(await engine.containers('fleet')).toEqual(running(1));
    expect(await awaitPage(first, 'five')).toBe('five');
  });
});

/** Looks at the engine over and over until it is told to end, then tells everything it saw. */
function watchFleet(): { end(): Promise<readonly (readonly string[])[]> } {
  const stop = new AbortController();
  const seen: (readonly string[])[] = [];
  const watching = (async () => {
    while (!stop.signal.aborted) {
      seen.push(await engine.containers('fleet'));
      await sleep(20);
    }
  })();
  return {
    async end() {
      stop.abort();
      await watching;
      return seen;
    },
  };
}

/** The third container that starts ends at once, and again: each start takes a number in a volume that all share. */
function thirdFails(page: string, update: string): Record<string, string> {
  const files = webStack('fleet', page, {
    service: `    volumes: ["turns:/turns"]\n${deploy(3, update)}`,
    more: 'volumes: { turns: {} }\n',
  });
  const take = 'n=1; while ! mkdir /turns/$$n 2>/dev/null; do n=$$((n+1)); done';
  const serve = 'test $$n -lt 3 && exec httpd -f -p 8080 -h /www';
  const command = `command: [sh, -c, "${take}; ${serve}"]`.replaceAll('$$', '$');
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replace(/command: .*/, () => command)]),
  );
}
