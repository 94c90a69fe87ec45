import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../support/accounts/identity-provider.ts';
import { startIdentityProvider } from '../support/accounts/identity-provider.ts';
import type { CliProcess, RunningCli } from '../support/cli/cli-process.ts';
import { createCliProcess } from '../support/cli/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import type { TestRepository } from '../support/git/git-repo.ts';
import { createWorkRepo } from '../support/git/git-repo.ts';

const EMAIL = 'user@example.com';

describe('users of a daemon', () => {
  let cli: CliProcess;
  let repository: TestRepository;
  let provider: IdentityProvider;
  let daemon: RunningCli | undefined;
  let url = '';

  async function start(): Promise<void> {
    const running = cli.start(
      'serve',
      '--repo',
      repository.path,
      '--state-dir',
      cli.stateDir,
      '--config',
      config(),
      '--listen',
      '127.0.0.1:0',
      '--log-format',
      'json',
    );
    daemon = running;
    const told = () => /"api":"(http:\/\/[^/"]+)/.exec(running.stdout() + running.stderr())?.[1] ?? '';
    url = await eventually(told, (found) => found !== '');
  }
  async function stop(): Promise<void> {
    daemon?.child.kill('SIGTERM');
    await daemon?.ended;
  }
  const config = () => join(cli.stateDir, '..', 'operator.yaml');
  const user = (...args: readonly string[]) =>
    cli.run('user', ...args, '--repo', repository.path, '--state-dir', cli.stateDir);

  async function post(path: string, body: object, token?: string) {
    const headers = {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    const response = await fetch(`${url}/v1/api${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      body: (await response.json()) as { token: string; user: { role: string } },
    };
  }
  async function get(path: string, token: string) {
    const response = await fetch(url + path, { headers: { Authorization: `Bearer ${token}` } });
    return response.status;
  }

  beforeAll(async () => {
    cli = await createCliProcess({});
    repository = await createWorkRepo();
    provider = await startIdentityProvider();
    const issuer = `{ issuer: "${provider.url}", audience: kombinator, rolesClaim: groups, roles: { ops: deployer } }`;
    const lines = ['frontendUrl: http://localhost:3001', 'signUp: { enabled: true }', `tokens: [${issuer}]`];
    await writeFile(config(), `users:\n${lines.map((line) => `  ${line}\n`).join('')}`);
    await start();
  });
  afterAll(async () => {
    await stop();
    await provider[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
    await cli[Symbol.asyncDispose]();
  });

  let token = '';

  it('sign up as the reference shows, and are known in all of the API', async () => {
    const registered = await post('/auth/register', {
      email: EMAIL,
      password: 'password123',
      name: 'John Doe',
    });
    expect(registered).toMatchObject({ status: 201, body: { user: { role: 'admin' } } });
    token = registered.body.token;
    expect([
      await get('/v1/api/profile', token),
      await get('/api/v1/stacks', token),
      await get('/api/stacks', token),
    ]).toEqual([200, 200, 200]);
    const key = join(cli.stateDir, 'tokens.key');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(existsSync(join(cli.stateDir, 'users.begun'))).toBe(true);
    const log = `${daemon?.stdout()}${daemon?.stderr()}`;
    for (const secret of [token, 'password123', readFileSync(key, 'utf8').trim()])
      expect(log).not.toContain(secret);
  });

  it('are told apart by the page that may call', async () => {
    const preflight = (origin: string) =>
      fetch(`${url}/v1/api/profile`, { method: 'OPTIONS', headers: { Origin: origin } });
    expect((await preflight('http://localhost:3001')).headers.get('Access-Control-Allow-Origin')).toBe(
      'http://localhost:3001',
    );
    expect((await preflight('http://localhost:3002')).headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('are managed beside the running daemon, which sees it at once', async () => {
    const inviteCode = (await user('invite')).stdout.trim();
    const ben = await post('/auth/register', {
      email: 'ben@example.com',
      password: 'password123',
      name: 'Ben',
      inviteCode,
    });
    expect(ben).toMatchObject({ status: 201, body: { user: { role: 'user' } } });

    await user('role', 'ben@example.com', 'viewer');
    expect(await get('/api/v1/stacks', ben.body.token)).toBe(401);
    const again = await post('/auth/login', { email: 'ben@example.com', password: 'password123' });
    expect(again.body.user.role).toBe('viewer');
    await user('revoke', 'ben@example.com');
    expect(await get('/api/v1/stacks', again.body.token)).toBe(401);
    await user('remove', 'ben@example.com');
    expect((await post('/auth/login', { email: 'ben@example.com', password: 'password123' })).status).toBe(
      401,
    );
    expect((await user('list')).stdout).toContain(EMAIL);

    const password = (await user('add', 'cy@example.com')).stdout.trim();
    expect(await post('/auth/login', { email: 'cy@example.com', password })).toMatchObject({ status: 200 });
  });

  it('stand beside programs with tokens of an issuer that the operator names', async () => {
    Object.assign(provider.world.claims, { groups: ['ops'] });
    const good = await provider.token();
    expect([await get('/api/v1/stacks', good), await get('/v1/api/workflows', good)]).toEqual([200, 200]);
    expect(await get('/v1/api/settings/invite-code', good)).toBe(403);
    provider.world.claims['aud'] = 'other';
    expect(await get('/api/v1/stacks', await provider.token())).toBe(401);
  });

  it('keep their tokens over a restart', async () => {
    await stop();
    await start();
    expect(await get('/v1/api/profile', token)).toBe(200);
  });
});
