import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';

const REVISION = 'f'.repeat(40);

describe('deleting several stacks', () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = await startApiServer();
    await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const read = async (path: string, init?: RequestInit): Promise<unknown> =>
    (await server.request(`/api/v1${path}`, init)).json();
  const status = async (path: string, init?: RequestInit) =>
    (await server.request(`/api/v1${path}`, init)).status;

  it('deletes several together', async () => {
    await server.request('/api/v1/stacks', json('POST', { name: 'blog', services: ['web'] }));
    const remove = (body: object, query = '') => read(`/stacks/batch-delete${query}`, json('POST', body));

    expect(await status('/stacks/batch-delete', json('POST', { stacks: ['blog', 'nope'] }))).toBe(404);
    expect(await status('/stacks/batch-delete', json('POST', { stacks: [] }))).toBe(400);
    const deployer = {
      ...json('POST', { stacks: ['blog'], override_freeze: true }),
      role: 'deployer' as const,
    };
    expect((await server.request('/api/v1/stacks/batch-delete', deployer)).status).toBe(403);
    expect(await remove({ stacks: ['homelab', 'blog'], volumes: true }, '?wait=true')).toMatchObject({
      commit: REVISION,
      stacks: [
        { id: 'blog', status: 'deleted', job_id: expect.stringMatching(/^job_/), error: null },
        { id: 'homelab', status: 'deleted' },
      ],
    });
    expect(server.reconciler.writes.at(-1)).toBe('deleteStacks with volumes by admin key blog, homelab');
    expect(await read('/stacks')).toMatchObject({ stacks: [] });
  });

  it('answers a batch before it has ended unless asked to wait', async () => {
    expect(await read('/stacks/batch-delete', json('POST', { stacks: ['homelab'] }))).toEqual({
      commit: REVISION,
      stacks: [{ id: 'homelab', name: 'homelab', status: 'deleting', job_id: null, error: null }],
    });
  });
});
