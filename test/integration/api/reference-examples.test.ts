import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitWords } from '../../../reconciler/base/shell-words.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';
import { at } from '../../support/records.ts';

/* The curl examples of the kombify Stack API reference, as written there; only host and token are the tests' own. */

const KOMBINATION = 'version: "1.0"\nmeta: {name: my-homelab}\nservices: [traefik, immich, homepage]\n';
const BAD_KOMBINATION =
  'version: "1.0"\nmeta: {name: my-homelab}\nservices:\n  immich: {storage: /data/photos}\n';

const CREATE = `curl -s -X POST http://localhost:5260/api/v1/stacks \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "my-homelab",
    "stackkit": "base-kit",
    "config": {
      "services": ["traefik", "immich", "homepage"]
    }
  }' | jq -r '.id'`;

const VALIDATE = `curl -X POST http://localhost:5260/api/v1/unifier/validate \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/yaml" \\
  --data-binary @kombination.yaml`;

describe('the examples of the kombify reference', () => {
  let server: ApiServer;
  let stackId: string;

  beforeEach(async () => {
    server = await startApiServer();
    const response = await run(CREATE, server);
    expect(response.status).toBe(201);
    stackId = String((await object(response))['id']);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('creates the stack by a commit of the caller, and answers its id', () => {
    expect(stackId).toBe('my-homelab');
    expect(server.reconciler.writes).toEqual([
      'createStack by deployer key <deployer-key@kombinator.local> my-homelab',
    ]);
    expect(server.reconciler.documentOf('my-homelab')).toEqual({
      version: '1.0',
      stackkit: 'base-kit',
      meta: { name: 'my-homelab' },
      services: ['traefik', 'immich', 'homepage'],
    });
  });

  it.each([
    `curl http://localhost:5260/api/v1/stacks \\
  -H "Authorization: Bearer $TOKEN"`,
    `curl -H "Authorization: Bearer $TOKEN" \\
  http://localhost:5260/api/v1/stacks`,
  ])('lists stacks: %s', async (example) => {
    const response = await run(example, server);

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      stacks: [
        { id: 'my-homelab', name: 'my-homelab', stackkit: 'base-kit', status: 'created', services_count: 3 },
      ],
      pagination: { page: 1, per_page: 1, total: 1, total_pages: 1 },
    });
  });

  it('previews changes', async () => {
    const example = `curl -X POST "http://localhost:5260/api/v1/stacks/$STACK_ID/plan" \\
  -H "Authorization: Bearer $TOKEN"`;

    const response = await run(example, server, { STACK_ID: stackId });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      stack_id: 'my-homelab',
      plan_id: expect.stringMatching(/^plan_/),
      job_id: expect.stringMatching(/^job_/),
      has_changes: false,
      summary: { create: 1 },
      summary_text: expect.stringMatching(/^Plan: 1 to create, 0 to update/),
    });
  });

  it('applies, and finds the job by its stack', async () => {
    const apply = `curl -X POST "http://localhost:5260/api/v1/stacks/$STACK_ID/apply" \\
  -H "Authorization: Bearer $TOKEN"`;
    const check = `curl "http://localhost:5260/api/v1/jobs?stack_id=$STACK_ID" \\
  -H "Authorization: Bearer $TOKEN"`;

    const applied = await run(apply, server, { STACK_ID: stackId });
    const job = await object(applied);
    const jobs = await run(check, server, { STACK_ID: stackId });

    expect([applied.status, job['status'], job['type'], job['id']]).toEqual([
      200,
      'queued',
      'deploy',
      job['job_id'],
    ]);
    expect(await jobs.json()).toMatchObject({
      jobs: [{ id: job['id'], stack_id: 'my-homelab', worker_id: null }],
    });
  });

  it('lists workers in the shape of the reference', async () => {
    server.reconciler.addWorker({ id: 'worker_abc123', name: 'proxmox-01' });
    const example = `curl http://localhost:5260/api/v1/workers \\
  -H "Authorization: Bearer $TOKEN"`;

    const response = await run(example, server);

    expect(await response.json()).toMatchObject({
      workers: [
        {
          id: 'worker_abc123',
          name: 'proxmox-01',
          status: 'online',
          last_seen: '2026-01-26T10:30:00Z',
          resources: { cpu_cores: 8, memory_gb: 32, disk_gb: 500 },
        },
      ],
    });
  });

  it('validates a good kombination.yaml, to the letter', async () => {
    const response = await run(VALIDATE, server, { 'kombination.yaml': KOMBINATION });

    expect([response.status, await response.json()]).toEqual([
      200,
      {
        valid: true,
        warnings: [],
        resolved: {
          services: ['traefik', 'immich', 'homepage'],
          dependencies: { traefik: [], immich: ['traefik'], homepage: ['traefik'] },
        },
      },
    ]);
  });

  it('validates a bad kombination.yaml', async () => {
    const response = await run(VALIDATE, server, { 'kombination.yaml': BAD_KOMBINATION });

    expect([response.status, await response.json()]).toEqual([
      200,
      {
        valid: false,
        errors: [
          {
            path: 'services.immich.storage',
            message: 'storage is not known',
            code: 'UNKNOWN_KEY',
            line: 4,
            column: 5,
            hint: 'did you mean volumes?',
            rule: 'schema_error',
          },
        ],
        warnings: [],
      },
    ]);
  });

  it('reports errors to the letter', async () => {
    const noServices = CREATE.replace('["traefik", "immich", "homepage"]', '[]').replace(
      'my-homelab',
      'other',
    );

    const response = await run(noServices, server);

    expect([response.status, await response.json()]).toEqual([
      400,
      {
        error: {
          code: 'VALIDATION_ERROR',
          message: 'Invalid configuration',
          details: [{ field: 'services', message: 'At least one service is required', code: 'REQUIRED' }],
          reason: 'INVALID_CONFIGURATION',
        },
      },
    ]);
  });

  it('tells how a job went', async () => {
    const { reconciler } = server;
    const job = await object(await server.request(`/api/v1/stacks/${stackId}/apply`, { method: 'POST' }));
    const id = String(job['id']);
    reconciler.step(id, 'local/container/web', 'completed');
    reconciler.log(id, 'web is healthy');
    reconciler.finish(id);

    const response = await server.request(`/api/v1/jobs/${id}`);

    expect(await response.json()).toMatchObject({
      id,
      type: 'deploy',
      status: 'completed',
      progress: 100,
      completed_at: at(2),
      steps: [{ name: 'local/container/web', status: 'completed', progress: 100, started_at: at(1) }],
      logs: [{ time: at(1), level: 'info', step: null, msg: 'web is healthy' }],
    });
  });
});

/** Runs a curl command line: the options that the reference uses, without a shell. */
function run(example: string, server: ApiServer, variables: Record<string, string> = {}): Promise<Response> {
  const [command = ''] = example.replaceAll('\\\n', ' ').split(/\| jq/);
  const filled = command
    .replaceAll('http://localhost:5260', server.url)
    .replaceAll('$TOKEN', KEYS.deployer)
    .replaceAll('$STACK_ID', variables['STACK_ID'] ?? '');
  const words = splitWords(filled);
  if (!Array.isArray(words)) throw new Error(`not a command line: ${filled}`);
  const headers = new Headers();
  const init: RequestInit = { headers };
  let url = '';
  for (let index = 1; index < words.length; index++) {
    const word: string = words[index];
    const next = () => String(words[++index]);
    if (word === '-s') continue;
    else if (word === '-X') init.method = next();
    else if (word === '-H') headers.set(...splitHeader(next()));
    else if (word === '-d') init.body = next();
    else if (word === '--data-binary') init.body = variables[next().slice(1)] ?? '';
    else url = word;
  }
  return fetch(url, init);
}

function splitHeader(line: string): [string, string] {
  const [name = '', ...value] = line.split(': ');
  return [name, value.join(': ')];
}

async function object(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null) throw new Error(`no object: ${JSON.stringify(body)}`);
  return { ...body };
}
