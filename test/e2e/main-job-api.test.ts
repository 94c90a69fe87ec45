import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Answer, Json, MainJob } from '../support/main-job.ts';
import { awaitPage, createEngineView, createMainJob, IMAGE, lines, webStack } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* The kombify dialect on real parts: the reference's own command lines through curl, and writes that become commits. */

const run = promisify(execFile);
const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
let job: MainJob;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kombinator-curl-'));
  // The file tells curl what is not in the command line as written: no progress on stderr, and the status after the body.
  await writeFile(join(directory, '.curlrc'), 'silent\nwrite-out = "\\n%{http_code}"\n');
  // The reference draws a proxy that is given the engine's socket, and workers with a key file of the control host.
  job = await createMainJob(dockerHost, {}, 'policy: { allow: everything }\n');
  await job.push(webStack('other', 'other'), 'A stack that nobody here changes');
  await job.reaches('other', 'in_sync');
});
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Runs an example in a shell. Host and token are the daemon's; `jq` behind a pipe is left to the test. */
async function curl(example: string, variables: Record<string, string> = {}): Promise<Answer> {
  const command = example.replaceAll('http://localhost:5260', job.url).replace(/ \| jq .*$/s, '');
  const env = { PATH: process.env['PATH'], CURL_HOME: directory, TOKEN: job.adminKey, ...variables };
  const { stdout } = await run('sh', ['-c', command], { cwd: directory, env });
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: JSON.parse(stdout.slice(0, end)) };
}

describe('the examples of the kombify reference, through curl', () => {
  let stackId: string;

  it('create the stack: a commit on the config repository, written by the caller', async () => {
    const { status, body } = await curl(`curl -s -X POST http://localhost:5260/api/v1/stacks \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "my-homelab",
    "stackkit": "base-kit",
    "config": {
      "services": ["traefik", "immich", "homepage"]
    }
  }' | jq -r '.id'`);
    stackId = body.id;

    expect([status, stackId, body.name, body.stackkit]).toEqual([
      201,
      'my-homelab',
      'my-homelab',
      'base-kit',
    ]);
    expect(await git(job.repository.path, 'rev-parse', 'main')).toBe(body.commit);
    expect(await git(job.repository.path, 'show', `main:${body.file}`)).toContain('- traefik');
    expect(await git(job.repository.path, 'log', '-1', '--format=%an', 'main')).toBe('admin');
  });

  it.each([
    `curl http://localhost:5260/api/v1/stacks \\
  -H "Authorization: Bearer $TOKEN"`,
    `curl -H "Authorization: Bearer $TOKEN" \\
  http://localhost:5260/api/v1/stacks`,
  ])('list the stacks: %s', async (example) => {
    const { status, body } = await curl(example);

    expect(status).toBe(200);
    expect(body.stacks).toMatchObject([
      { id: stackId, name: 'my-homelab', stackkit: 'base-kit' },
      { id: 'other', status: 'active' },
    ]);
  });

  it('preview its changes', async () => {
    const { status, body } = await curl(
      `curl -X POST "http://localhost:5260/api/v1/stacks/$STACK_ID/plan" \\
  -H "Authorization: Bearer $TOKEN"`,
      { STACK_ID: stackId },
    );

    expect(status).toBe(200);
    expect(body).toMatchObject({ stack_id: stackId, has_changes: true, formatVersion: 1 });
    const created = body.changes.filter(({ action }: Json) => action === 'create').map(({ id }: Json) => id);
    expect(created).toEqual(
      expect.arrayContaining([
        'local/container/traefik',
        'local/container/immich',
        'local/container/homepage',
      ]),
    );
  });

  it('apply it; its images cannot be had here, and the job says so', async () => {
    const applied = await curl(
      `curl -X POST "http://localhost:5260/api/v1/stacks/$STACK_ID/apply" \\
  -H "Authorization: Bearer $TOKEN"`,
      { STACK_ID: stackId },
    );
    expect(applied).toMatchObject({ status: 200, body: { type: 'deploy', stack_id: stackId } });
    await job.job(stackId, ({ id }) => id === applied.body.id);

    const { status, body } = await curl(
      `curl "http://localhost:5260/api/v1/jobs?stack_id=$STACK_ID" \\
  -H "Authorization: Bearer $TOKEN"`,
      { STACK_ID: stackId },
    );

    expect(status).toBe(200);
    const shown = body.jobs.find(({ id }: Json) => id === applied.body.id);
    expect(shown).toMatchObject({ status: 'failed', stack_id: stackId });
    expect(shown.error.code).toMatch(/^(IMAGE_PULL_FAILED|IMAGE_NOT_FOUND)$/);
    expect(shown.error.message).toContain('traefik');
    expect(await engine.containers(stackId)).toEqual([]);
  });

  it('list the workers, in the shape of the reference', async () => {
    await job.api('POST', '/workers', {
      body: { name: 'proxmox-01', connection: { host: dockerHost } },
    });
    const look = () =>
      curl(`curl http://localhost:5260/api/v1/workers \\
  -H "Authorization: Bearer $TOKEN"`);

    const findWorker = ({ body }: Answer) => body.workers.find(({ name }: Json) => name === 'proxmox-01');

    const answer = await eventually(
      look,
      (found) => typeof findWorker(found)?.resources?.cpu_cores === 'number',
    );

    expect(answer.status).toBe(200);
    expect(findWorker(answer)).toMatchObject({
      id: expect.stringMatching(/^worker_/),
      name: 'proxmox-01',
      status: 'online',
      last_seen: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      resources: { cpu_cores: expect.any(Number), memory_gb: expect.any(Number) },
    });
    expect(await git(job.repository.path, 'show', 'main:nodes/proxmox-01.yaml')).toContain('host:');
  });

  const VALIDATE = `curl -X POST http://localhost:5260/api/v1/unifier/validate \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/yaml" \\
  --data-binary @kombination.yaml`;

  it('validate a good kombination.yaml, to the letter', async () => {
    await writeFile(
      join(directory, 'kombination.yaml'),
      'version: "1.0"\nstackkit: base-kit\nmeta: {name: another, domain: home.example.org}\nservices: [traefik, immich, homepage]\n',
    );

    expect(await curl(VALIDATE)).toEqual({
      status: 200,
      body: {
        valid: true,
        warnings: [],
        resolved: {
          services: ['traefik', 'immich', 'homepage'],
          dependencies: { traefik: [], immich: ['traefik'], homepage: ['traefik'] },
        },
      },
    });
  });

  it('validate a bad one, with path and message of every error', async () => {
    await writeFile(
      join(directory, 'kombination.yaml'),
      'version: "1.0"\nstackkit: base-kit\nmeta: {name: another}\nservices:\n  immich: {storge: 1}\n  nosuch: {}\n',
    );

    const { status, body } = await curl(VALIDATE);

    expect([status, body.valid]).toEqual([200, false]);
    expect(body.errors).toContainEqual(expect.objectContaining({ path: 'services.immich.storge' }));
    expect(body.errors).toContainEqual(expect.objectContaining({ path: 'services.nosuch' }));
  });

  it('answer without a token with 401, and report health without one', async () => {
    expect(await curl('curl http://localhost:5260/api/v1/stacks')).toMatchObject({
      status: 401,
      body: { error: { code: 'UNAUTHORIZED' } },
    });
    expect(await curl('curl http://localhost:5260/api/v1/health')).toMatchObject({
      status: 200,
      body: { version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    });
  });

  it('let go of the stack and the worker', async () => {
    expect(await job.api('DELETE', `/stacks/${stackId}`)).toMatchObject({ status: 200 });
    const { workers } = (await job.api('GET', '/workers')).body;
    const worker = workers.find(({ name }: Json) => name === 'proxmox-01');
    expect((await job.api('DELETE', `/workers/${worker.id}`)).status).toBe(200);
  });
});

describe('a stack over REST', () => {
  let port: number;
  const spec = (page: string) => ({
    services: {
      web: {
        image: IMAGE,
        pull_policy: 'never',
        init: true,
        stop_grace_period: '1s',
        command: ['httpd', '-f', '-p', '8080', '-h', '/www'],
        files: [{ content: page, target: '/www/index.html' }],
        ports: [`127.0.0.1:${port}:8080`],
        healthcheck: {
          test: ['CMD', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/'],
          interval: '200ms',
        },
      },
    },
  });
  const revisionOf = async () => git(job.repository.path, 'rev-parse', 'main');

  beforeAll(async () => {
    port = await freePort();
  });

  it('becomes running, described by a commit', async () => {
    const { status, body } = await job.api('POST', '/stacks', { body: { name: 'rest', ...spec('made') } });

    expect([status, body.id, body.commit]).toEqual([201, 'rest', await revisionOf()]);
    await job.reaches('rest', 'in_sync');
    expect(await awaitPage(port, 'made')).toBe('made');
    expect(await job.tags('rest')).toEqual(['deploy/rest/1']);
    const again = await job.api('POST', '/stacks', { body: { name: 'rest', ...spec('made') } });
    expect(again).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', reason: 'STACK_EXISTS' } },
    });
  });

  it('is changed by PUT, with another commit', async () => {
    const { status, body } = await job.api('PUT', '/stacks/rest', { body: spec('changed') });

    expect([status, body.commit]).toEqual([200, await revisionOf()]);
    expect(await awaitPage(port, 'changed')).toBe('changed');
    await job.reaches('rest', 'in_sync');
    expect(await job.tags('rest')).toEqual(['deploy/rest/1', 'deploy/rest/2']);
  });

  it('applies with wait=true and answers the ended job', async () => {
    const { status, body } = await job.api('POST', '/stacks/rest/apply?wait=true');

    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'completed', stack_id: 'rest', progress: 100, tag: null });
    expect(body.logs).toContainEqual(expect.objectContaining({ msg: 'nothing to do' }));
  });

  it('refuses a saved plan once something moved', async () => {
    const { plan_id } = (await job.api('POST', '/stacks/rest/plan')).body;
    await job.api('PUT', '/stacks/rest', { body: spec('moved') });
    await job.reaches('rest', 'in_sync');

    const { status, body } = await job.api('POST', '/stacks/rest/apply', { body: { plan_id } });

    expect([status, body.error.reason]).toEqual([409, 'PLAN_STALE']);
  });

  it('is followed while it is destroyed and applied again: the last event is complete', async () => {
    const destroy = { body: { mode: 'destroy', confirm: true } };
    expect((await job.api('POST', '/stacks/rest/apply?wait=true', destroy)).body.status).toBe('completed');
    expect(await engine.containers('rest')).toEqual([]);

    const { body: queued } = await job.api('POST', '/stacks/rest/apply');
    const { status, body } = await job.api('GET', `/jobs/${queued.id}?follow=true`);

    expect(status).toBe(200);
    const events = String(body)
      .split('\n\n')
      .filter((block) => block.includes('event: '));
    const names = events.map((block) => /^event: (\w+)$/m.exec(block)?.[1]);
    expect(names.filter((name) => name === 'complete')).toHaveLength(1);
    expect(names.at(-1)).toBe('complete');
    expect(names).toContain('step');
    expect(names).toContain('log');
    const last = JSON.parse(/^data: (.*)$/m.exec(events.at(-1) ?? '')?.[1] ?? '');
    expect(last).toMatchObject({
      id: queued.id,
      status: 'completed',
      tag: expect.stringMatching(/^deploy\/rest\/\d$/),
    });
  });

  it('answers its deployments, newest first, as the tags in Git tell', async () => {
    const { body } = await job.api('GET', '/stacks/rest/deployments');

    // One that a newer revision took over from is told of, too, and left no tag.
    const tagged = body.deployments.filter(({ tag }: Json) => tag !== null);
    expect(tagged.map(({ tag }: Json) => tag).toReversed()).toEqual(await job.tags('rest'));
    expect(tagged.at(-1)).toMatchObject({
      number: 1,
      tag: 'deploy/rest/1',
      revision: await git(job.repository.path, 'rev-parse', 'deploy/rest/1^{commit}'),
    });
  });

  it('is removed by DELETE: a commit, then nothing on the engine and nothing in the list', async () => {
    const { status, body } = await job.api('DELETE', '/stacks/rest');

    expect([status, body.commit]).toEqual([200, await revisionOf()]);
    const files = lines(await git(job.repository.path, 'ls-tree', '-r', '--name-only', 'main'));
    expect(files.filter((file) => file.includes('/rest/'))).toEqual([]);
    const left = await eventually(
      () => engine.containers('rest'),
      (names) => names.length === 0,
    );
    expect(left).toEqual([]);
    const gone = await eventually(
      () => job.api('GET', '/stacks/rest'),
      (answer) => answer.status === 404,
    );
    expect(gone.body.error.code).toBe('NOT_FOUND');
  });
});

describe('refusals', () => {
  it('answers 401 to the letter without a key and with a wrong one', async () => {
    expect(await job.api('GET', '/stacks', { key: null })).toEqual({
      status: 401,
      body: {
        error: {
          code: 'UNAUTHORIZED',
          message: 'an API key or a token is needed: X-API-KEY, Authorization: Bearer, or api_key',
          details: [],
        },
      },
    });
    const wrong = await job.api('GET', '/stacks', { key: 'kbn_not-the-key' });
    expect([wrong.status, wrong.body.error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect(JSON.stringify(wrong.body)).not.toContain('not-the-key');
  });

  it('answers 404 for what there is not, and 400 for a body that is not JSON', async () => {
    expect(await job.api('GET', '/stacks/nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND', message: expect.stringContaining('nobody') } },
    });
    expect((await job.api('GET', '/jobs/job_none')).status).toBe(404);
    const before = await git(job.repository.path, 'rev-parse', 'main');
    expect(await job.api('POST', '/stacks', { body: '{"name": "x",' })).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_REQUEST' } },
    });
    expect(await job.api('POST', '/stacks', { body: { name: 'bad', services: { web: {} } } })).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'VALIDATION_ERROR',
          details: [{ field: 'services.web', message: expect.stringContaining('no image') }],
        },
      },
    });
    expect(await git(job.repository.path, 'rev-parse', 'main')).toBe(before);
  });

  it('keeps a viewer from changing and a deployer from administering', async () => {
    const create = async (role: string): Promise<string> => {
      const args = ['keys', 'create', `a ${role}`, '--role', role, '--state-dir', job.stateDir];
      return (await job.run(...args)).stdout.trim();
    };
    const [viewer, deployer] = [await create('viewer'), await create('deployer')];

    const statuses = async (key: string) => [
      (await job.api('GET', '/stacks', { key })).status,
      (await job.api('POST', '/stacks/other/plan', { key })).status,
      (await job.api('POST', '/stacks/other/apply', { key })).status,
      (await job.api('POST', '/workers', { key, body: {} })).status,
    ];

    expect(await statuses(viewer)).toEqual([200, 403, 403, 403]);
    expect(await statuses(deployer)).toEqual([200, 200, 200, 403]);
    const refused = await job.api('DELETE', '/stacks/other', { key: viewer });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } });
    const log = job.daemon.stdout() + job.daemon.stderr();
    for (const key of [viewer, deployer, job.adminKey]) expect(log).not.toContain(key);
  });
});
