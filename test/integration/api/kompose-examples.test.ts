import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAnswerChecks } from '../../support/api/answer-check.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { startApiServer } from '../../support/api/api-server.ts';

/* The examples of the Kompose REST reference, as written there and run by the programs they are for; only host and port are the tests' own. */

const run = promisify(execFile);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const check = createAnswerChecks();

interface Example {
  readonly example: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly message: string;
  readonly data: unknown;
}

const TEXT = expect.stringMatching(/\S/);
const STACKS = [
  { name: 'auth', description: 'Authentication - Keycloak SSO', path: '/api/stacks/auth' },
  { name: 'core', description: 'Core services - MQTT, Redis, Postgres', path: '/api/stacks/core' },
].map((stack) => expect.objectContaining(stack));
const did = (action: string) => ({ stack: 'core', action, output: TEXT });
const STATUS = { stack: 'core', output: TEXT };
const LOGS = { stack: 'core', logs: TEXT };

const CURL: readonly Example[] = [
  {
    example: 'curl http://localhost:8080/api/health',
    method: 'GET',
    path: '/api/health',
    message: 'API is healthy',
    data: { version: '1.0.0', server: 'kompose-api', uptime: expect.stringMatching(/^\d+ seconds$/) },
  },
  {
    example: 'curl http://localhost:8080/api/stacks',
    method: 'GET',
    path: '/api/stacks',
    message: 'Stacks retrieved',
    data: STACKS,
  },
  {
    example: 'curl http://localhost:8080/api/stacks/core',
    method: 'GET',
    path: '/api/stacks/core',
    message: 'Stack status retrieved',
    data: STATUS,
  },
  {
    example: 'curl -X POST http://localhost:8080/api/stacks/core/start',
    method: 'POST',
    path: '/api/stacks/core/start',
    message: 'Stack started successfully',
    data: did('start'),
  },
  {
    example: 'curl -X POST http://localhost:8080/api/stacks/core/stop',
    method: 'POST',
    path: '/api/stacks/core/stop',
    message: 'Stack stopped successfully',
    data: did('stop'),
  },
  {
    example: 'curl -X POST http://localhost:8080/api/stacks/core/restart',
    method: 'POST',
    path: '/api/stacks/core/restart',
    message: 'Stack restarted successfully',
    data: did('restart'),
  },
  {
    example: 'curl http://localhost:8080/api/stacks/core/logs',
    method: 'GET',
    path: '/api/stacks/core/logs',
    message: 'Logs retrieved',
    data: LOGS,
  },
  {
    example: 'curl http://localhost:8080/api/db/status',
    method: 'GET',
    path: '/api/db/status',
    message: 'Database status retrieved',
    data: { output: TEXT },
  },
  {
    example: 'curl http://localhost:8080/api/db/list',
    method: 'GET',
    path: '/api/db/list',
    message: 'Database backups listed',
    data: { backups: TEXT },
  },
  {
    example: 'curl http://localhost:8080/api/tag/list',
    method: 'GET',
    path: '/api/tag/list',
    message: 'Tags listed',
    data: { tags: TEXT },
  },
];

const PIPED: readonly Example[] = CURL.filter(({ path }) =>
  ['/api/stacks', '/api/stacks/core/start', '/api/db/status'].includes(path),
).map((one) => ({ ...one, example: `${one.example} | jq .` }));

const JAVASCRIPT = `
const API_URL = 'http://localhost:8080/api';

// List all stacks
async function listStacks() {
  const response = await fetch(\`\${API_URL}/stacks\`);
  const data = await response.json();
  console.log(data.data);
}

// Start a stack
async function startStack(name) {
  const response = await fetch(\`\${API_URL}/stacks/\${name}/start\`, {
    method: 'POST'
  });
  const data = await response.json();
  return data;
}

// Get stack status
async function getStackStatus(name) {
  const response = await fetch(\`\${API_URL}/stacks/\${name}\`);
  const data = await response.json();
  return data;
}
`;

const PYTHON = `
import requests

API_URL = 'http://localhost:8080/api'

def list_stacks():
    response = requests.get(f'{API_URL}/stacks')
    return response.json()

def start_stack(name):
    response = requests.post(f'{API_URL}/stacks/{name}/start')
    return response.json()

def get_stack_status(name):
    response = requests.get(f'{API_URL}/stacks/{name}')
    return response.json()
`;

const PYTHON_USAGE = `
# Example usage
stacks = list_stacks()
print(stacks['data'])

result = start_stack('core')
print(result['message'])
`;

/** Functions of the JavaScript and Python clients with what they ask for. */
const CALLS: readonly (Omit<Example, 'example'> & {
  readonly javascript: string;
  readonly python: string;
})[] = [
  {
    javascript:
      "(async () => { let seen; console.log = (data) => (seen = data); await listStacks(); return { data: seen, message: 'Stacks retrieved', status: 'success' }; })()",
    python: 'list_stacks()',
    method: 'GET',
    path: '/api/stacks',
    message: 'Stacks retrieved',
    data: STACKS,
  },
  {
    javascript: "startStack('core')",
    python: "start_stack('core')",
    method: 'POST',
    path: '/api/stacks/core/start',
    message: 'Stack started successfully',
    data: did('start'),
  },
  {
    javascript: "getStackStatus('core')",
    python: "get_stack_status('core')",
    method: 'GET',
    path: '/api/stacks/core',
    message: 'Stack status retrieved',
    data: STATUS,
  },
];

describe('the examples of the Kompose reference', () => {
  let server: ApiServer;

  beforeEach(async () => {
    // The reference asks for no key.
    server = await startApiServer({ auth: { mode: 'off', listenHost: '127.0.0.1' } });
    await describeStack('core', 'Core services - MQTT, Redis, Postgres', { db: { image: 'postgres:16' } });
    await describeStack('auth', 'Authentication - Keycloak SSO', { keycloak: { image: 'keycloak:26' } });
    server.reconciler.addTag('deploy/core/1', 'Deploy core #1');
  });
  afterEach(() => server[Symbol.asyncDispose]());

  function describeStack(name: string, description: string, services: object) {
    const actor = { name: 'Ada', email: 'ada@example.org' };
    const document = { version: '1.0', meta: { name, description }, services };
    return server.reconciler.createStack(name, document, actor, new AbortController().signal);
  }

  /** The text with the server's own place. */
  const here = (text: string) =>
    text.replaceAll('http://localhost:8080', server.url.replace('127.0.0.1', 'localhost'));

  async function shell(line: string): Promise<string> {
    return (await run('bash', ['-o', 'pipefail', '-c', here(line)])).stdout;
  }

  function expectAnswer(answer: unknown, { method, path, message, data }: Omit<Example, 'example'>) {
    expect(answer).toMatchObject({
      status: 'success',
      message,
      data,
      timestamp: expect.stringMatching(TIME),
    });
    expect(Object.keys(answer as object)).toEqual(['status', 'message', 'data', 'timestamp']);
    check(method, path, 200, answer);
    const asked = server.entries
      .filter(({ message: text }) => text === 'Request')
      .map(({ data: one }) => one);
    expect(asked).toContainEqual(expect.objectContaining({ method, url: path, status: 200 }));
  }

  it.each([...CURL, ...PIPED])('$example', async (example) => {
    expectAnswer(JSON.parse(await shell(example.example)), example);
  });

  it('curl http://localhost:8080/api/stacks/core/logs | jq -r .data.logs', async () => {
    const line = 'curl http://localhost:8080/api/stacks/core/logs | jq -r .data.logs';
    expect((await shell(line)).trimEnd()).toBe('db  | db is up\ndb  | a warning');
  });

  it.each(CALLS)('JavaScript: $javascript', async ({ javascript, ...expected }) => {
    const program = `${here(JAVASCRIPT)}\n${javascript}.then((answer) => process.stdout.write(JSON.stringify(answer)));`;
    const { stdout } = await run(process.execPath, ['-e', program]);
    const answer: unknown = JSON.parse(stdout);
    if (expected.path === '/api/stacks') expect(answer).toMatchObject({ data: expected.data });
    else expectAnswer(answer, expected);
  });

  it.each(CALLS)('Python: $python', async ({ python, ...expected }) => {
    const program = `${here(PYTHON)}\nimport json\nprint(json.dumps(${python}))`;
    const { stdout } = await run('python3', ['-c', program]);
    expectAnswer(JSON.parse(stdout), expected);
  });

  it('Python: the usage', async () => {
    const { stdout } = await run('python3', ['-c', here(PYTHON) + PYTHON_USAGE]);
    const [stacks, message] = stdout.trimEnd().split('\n');
    expect(stacks).toContain("'path': '/api/stacks/core'");
    expect(message).toBe('Stack started successfully');
  });
});
