import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';

/* Compose projects over REST, and what the command line makes of the answers. */

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const signal = new AbortController().signal;
const connect = () => createRemoteSession({ url: server.url, apiKey: KEYS.admin });

it('lists projects, and engines that do not answer', async () => {
  await using session = connect();
  const { projects, unreachable } = await session.listProjects(signal);
  expect(projects).toMatchObject([{ name: 'wiki', node: null, directory: '/srv/wiki', adoptedBy: null }]);
  expect(unreachable).toEqual([{ node: 'far', message: 'it does not answer' }]);
  expect((await server.request('/api/v1/projects', { role: 'viewer' })).status).toBe(403);
  expect((await server.request('/api/v1/projects', { role: 'deployer' })).status).toBe(200);
});

it('shows what taking one over would commit, for admins', async () => {
  await using session = connect();
  const preview = await session.previewAdoption({ project: 'wiki', stack: 'docs' }, signal);
  expect(preview).toMatchObject({
    stack: 'docs',
    project: { name: 'wiki' },
    files: ['kombinations/docs/kombination.yaml'],
    notes: [{ kind: 'data', path: 'data', message: '' }],
    plan: null,
    diagnostics: [],
    policy: '',
  });
  const path = '/api/v1/projects/wiki/adoption';
  expect((await server.request(path, { role: 'deployer' })).status).toBe(403);
  await expect(session.previewAdoption({ project: 'nope' }, signal)).rejects.toMatchObject({
    code: 'UNKNOWN_PROJECT',
  });
});

it('takes one over, and gives it back', async () => {
  await using session = connect();
  expect(await session.adopt({ project: 'wiki', node: null, stack: 'docs' }, signal)).toEqual({
    stack: 'docs',
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    file: 'kombinations/docs/kombination.yaml',
  });
  expect(await session.release('docs', signal)).toMatchObject({ stack: 'docs', file: 'kombinator.yaml' });
  await expect(session.release('nope', signal)).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
  for (const [path, role] of [
    ['/projects/wiki/adopt', 'deployer'],
    ['/stacks/docs/release', 'viewer'],
  ] as const)
    expect((await server.request(`/api/v1${path}`, { ...json('POST', {}), role })).status).toBe(403);
  const wrong = await server.request('/api/v1/projects/wiki/adopt', json('POST', { stak: 'x' }));
  expect(wrong.status).toBe(400);
});
