import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, webStack } from '../support/main-job.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* The faults outside of Kombinator: it must say what is wrong, leave the rest alone, and come back by itself. */

const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
const NEVER = '[CMD, "false"]';
let job: MainJob;
let port: number;

beforeAll(async () => {
  job = await createMainJob(dockerHost);
  port = await freePort();
  await job.push(webStack('steady', 'one', { port }), 'A stack that nothing may disturb');
  await job.reaches('steady', 'in_sync');
});
afterAll(() => job?.[Symbol.asyncDispose]());

/** Waits until the steady stack shows what is wanted, which is soon. */
function page(wanted: string): Promise<string> {
  return awaitPage(port, wanted);
}

/** The daemon follows: a new page of the steady stack is served. */
async function expectSteady(text: string): Promise<void> {
  await job.push(webStack('steady', text, { port }), `Show ${text}`);
  expect(await page(text)).toBe(text);
  // It answers before the old one is gone and the job has ended.
  await job.reaches('steady', 'in_sync');
}

describe('an image that does not exist', () => {
  const image = 'kombinator-main-job/later:1';

  it('fails the job with the reason, and is tried again while others go on', async () => {
    await job.push(webStack('imageless', 'x', { image, service: '    pull_policy: never\n' }), 'Too early');

    const failed = await job.job('imageless', ({ status }) => status === 'failed');

    expect(failed.error).toMatchObject({ code: 'IMAGE_NOT_FOUND', message: expect.stringContaining(image) });
    expect(await job.reaches('imageless', 'failed')).toMatchObject({
      message: expect.stringContaining(image),
    });
    await expectSteady('beside a failing stack');
    await job.job('imageless', ({ status, trigger }) => status === 'failed' && trigger === 'retry');
  });

  it('is deployed as soon as there is one', async () => {
    await buildTestImage(dockerHost, image);

    await job.reaches('imageless', 'in_sync', 60_000);

    expect(await job.tags('imageless')).toEqual(['deploy/imageless/1']);
  });

  it('in a registry that does not answer is named with it', async () => {
    const registry = `127.0.0.1:${await freePort()}`;
    await job.push(webStack('unpullable', 'x', { image: `${registry}/app:1` }), 'Nobody listens there');

    const failed = await job.job('unpullable', ({ status }) => status === 'failed');

    expect(failed.error).toMatchObject({ code: 'IMAGE_PULL_FAILED', retryable: true });
    expect(failed.error.message).toContain(registry);
    await job.push({ 'kombinations/unpullable': null }, 'Give up');
  });
});

describe('a host port that is taken', () => {
  it('is named, and the stack converges when it is free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    await job.push(webStack('portless', 'mine', { port: taken }), 'Want a port');

    const failed = await job.job('portless', ({ status }) => status === 'failed');
    expect(failed.error).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(String(taken)),
    });

    other.close();
    await job.reaches('portless', 'in_sync', 60_000);
    expect(await awaitPage(taken, 'mine')).toBe('mine');
    expect(await engine.containers('portless')).toEqual(['portless-web-1 running']);
  });
});

describe('a container that never gets healthy', () => {
  it('fails its first deployment with the reason', async () => {
    await job.push(webStack('sickly', 'x', { healthy: NEVER }), 'Cannot work');

    const failed = await job.job('sickly', ({ status }) => status === 'failed');

    expect(failed.error).toMatchObject({
      code: 'UNHEALTHY',
      message: expect.stringContaining('local/container/web'),
    });
    expect(await job.tags('sickly')).toEqual([]);
    const { body } = await job.api('GET', `/jobs/${failed.id}`);
    expect(body.steps).toContainEqual(
      expect.objectContaining({ name: 'local/container/web', status: 'failed' }),
    );
  });

  it('is repaired by the next push', async () => {
    await job.push(webStack('sickly', 'well'), 'Repair it');

    await job.reaches('sickly', 'in_sync');

    expect(await job.tags('sickly')).toEqual(['deploy/sickly/1']);
  });

  it('is taken back when it was to replace one that worked', async () => {
    const commit = await job.push(webStack('steady', 'sick', { port, healthy: NEVER }), 'Break it');

    const failed = await job.job('steady', ({ revision }) => revision === commit);

    expect(failed).toMatchObject({ status: 'failed', error: { code: 'UNHEALTHY' } });
    expect(failed.error.message).toContain('the version before runs again');
    expect(await page('beside a failing stack')).toBe('beside a failing stack');
    expect(await engine.containers('steady')).toEqual(['steady-web-1 running']);
    expect(await job.reaches('steady', 'failed')).toMatchObject({
      message: expect.stringContaining('runs again'),
    });
    await expectSteady('after a broken one');
  });
});

describe('what is changed by hand', () => {
  it('is repaired at once', async () => {
    const id = await engine.id('steady-web-1');
    expect((await job.jobs('steady'))[0]).toMatchObject({ trigger: 'push', status: 'completed' });

    await engine.remove(id);

    const done = await job.job('steady', ({ trigger }) => trigger === 'drift', 60_000);
    expect(done).toMatchObject({ status: 'completed', summary: { create: 1 }, error: null });
    expect(await engine.id('steady-web-1')).not.toBe(id);
    expect(await page('after a broken one')).toBe('after a broken one');
  });

  it('is only reported where the policy says so, until somebody applies', async () => {
    await job.push(webStack('watched', 'x', { more: 'policy: { drift: alert }\n' }), 'Only watch');
    await job.reaches('watched', 'in_sync');

    await engine.remove('watched-web-1');

    const view = await job.reaches('watched', 'drifted');
    expect(view.drift).toMatchObject({ has_drift: true });
    expect(view.drift.changes).toContainEqual(
      expect.objectContaining({ resource: 'local/container/web', type: 'missing' }),
    );
    expect(await engine.containers('watched')).toEqual([]);
    const applied = await job.api('POST', '/stacks/watched/apply?wait=true');
    expect(applied.body).toMatchObject({ status: 'completed' });
    expect(await engine.containers('watched')).toEqual(['watched-web-1 running']);
    await job.reaches('watched', 'in_sync');
  });
});

describe('the repository', () => {
  const health = async () => (await job.api('GET', '/health', { key: null })).body;
  const isHealthy = (value: boolean) => (body: Json) => (body.status === 'healthy') === value;

  it('whose branch was force-pushed is followed', async () => {
    await job.push(webStack('steady', 'to be dropped', { port }), 'A commit that goes away');
    await job.reaches('steady', 'in_sync');
    await git(job.clone, 'reset', '--quiet', '--hard', 'HEAD~1');
    const [file, text] = Object.entries(webStack('steady', 'rewritten', { port })).at(-1) ?? ['', ''];
    await writeFile(`${job.clone}/${file}`, text);
    await git(job.clone, 'commit', '--quiet', '--all', '--message', 'Another history');
    await git(job.clone, 'push', '--quiet', '--force', 'origin', 'HEAD:main');

    expect(await page('rewritten')).toBe('rewritten');
    expect((await job.reaches('steady', 'in_sync')).deployment.revision).toBe(
      await git(job.clone, 'rev-parse', 'HEAD'),
    );
  });

  it('that was emptied deletes nothing, and says so', async () => {
    const before = await engine.containers('steady');
    await git(job.clone, 'rm', '-r', '--quiet', '.');
    await git(job.clone, 'commit', '--quiet', '--message', 'Oops');
    await git(job.clone, 'push', '--quiet', 'origin', 'HEAD:main');

    const body = await eventually(health, isHealthy(false));

    expect(body).toMatchObject({ status: 'degraded', checks: { repository: 'EMPTY_REPOSITORY' } });
    expect((await job.api('GET', '/repository')).body.error.code).toBe('EMPTY_REPOSITORY');
    expect(await engine.containers('steady')).toEqual(before);
    expect((await job.api('GET', '/stacks/steady')).status).toBe(200);
    await git(job.clone, 'revert', '--no-edit', 'HEAD');
    await git(job.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    expect(await eventually(health, isHealthy(true))).toMatchObject({ checks: { repository: 'ok' } });
    expect(await engine.containers('steady')).toEqual(before);
  });

  it('that vanishes is missed and what runs goes on; when it is back, so is the daemon', async () => {
    const { path } = job.repository;
    await rename(path, `${path}.away`);
    let body: Json;
    try {
      body = await eventually(health, isHealthy(false));
      expect((await job.api('GET', '/repository')).body.error.code).toBe('REPOSITORY_NOT_FOUND');
      expect(await engine.containers('steady')).toEqual(['steady-web-1 running']);
      const view = await job.api('GET', '/stacks/steady');
      expect([view.status, view.body.state]).toEqual([200, 'in_sync']);
    } finally {
      await rename(`${path}.away`, path);
    }
    expect(body).toMatchObject({ status: 'degraded', checks: { repository: 'REPOSITORY_NOT_FOUND' } });

    expect(await eventually(health, isHealthy(true))).toMatchObject({ status: 'healthy' });
    await expectSteady('back again');
  });
});

describe('the daemon', () => {
  it('stopped in the middle of an apply exits with 0, and the next start brings it to its end', async () => {
    const slow = '[CMD, sh, -c, "test -f /tmp/ready"]';
    const waits = '    command: [sh, -c, "sleep 4; touch /tmp/ready; exec sleep 1000"]\n';
    const files = webStack('slow', 'x', { healthy: slow });
    const [path = '', text = ''] = Object.entries(files)[0] ?? [];
    const patient = text.replace(/ {4}command: .*\n/, waits).replace('retries: 5', 'retries: 100');
    const commit = await job.push({ ...files, [path]: patient }, 'Takes its time');
    const running = await eventually(
      async () =>
        (await job.jobs('slow')).find(({ status, progress }) => status === 'running' && progress > 0),
      (found) => found !== undefined,
    );
    expect(running).toMatchObject({ revision: commit });

    expect((await job.stop('SIGTERM')).code).toBe(0);
    await job.start();

    const view = await job.reaches('slow', 'in_sync', 60_000);
    expect(view.deployment).toMatchObject({ number: 1, revision: commit });
    expect(await engine.containers('slow')).toEqual(['slow-web-1 running']);
    expect((await job.api('GET', `/jobs/${running?.id}`)).body.status).toMatch(/^(cancelled|failed)$/);
    expect(await job.tags('slow')).toEqual(['deploy/slow/1']);
  });
});
