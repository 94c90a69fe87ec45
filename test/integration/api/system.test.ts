import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { startApiServer } from '../../support/api/api-server.ts';
import type { HomelabApi } from '../../support/api/homelab-api.ts';
import { startHomelabApi } from '../../support/api/homelab-api.ts';

const REVISION = 'f'.repeat(40);

describe('the API', () => {
  let homelab: HomelabApi;
  let server: ApiServer;

  beforeEach(async () => {
    homelab = await startHomelabApi();
    ({ server } = homelab);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const read: HomelabApi['read'] = (path, init) => homelab.read(path, init);
  const status: HomelabApi['status'] = (path, init) => homelab.status(path, init);

  describe('system', () => {
    it('is healthy and ready, to everybody', async () => {
      const health = await server.request('/api/v1/health', { role: null });

      expect(await health.json()).toEqual({
        status: 'healthy',
        version: '1.2.3',
        uptime: expect.stringMatching(/^\d+h\d+m\d+s$/),
        checks: { repository: 'ok', store: 'ok', tags: 'ok' },
        revision: REVISION,
      });
      expect((await server.request('/api/v1/health/live', { role: null })).status).toBe(200);
      expect((await server.request('/api/v1/health/ready', { role: null })).status).toBe(200);
    });

    it('is degraded yet ready while the repository is away or history is not stored', async () => {
      server.reconciler.setRepository({
        error: { code: 'REPOSITORY_UNREACHABLE', message: 'ssh: token abc refused' },
      });
      server.reconciler.setStoreError('disk full');

      expect(await read('/health')).toMatchObject({
        status: 'degraded',
        checks: { repository: 'REPOSITORY_UNREACHABLE', store: 'unavailable' },
      });
      expect(await status('/health/ready')).toBe(200);
    });

    it('is not ready before the first read, or while a check fails', async () => {
      server.reconciler.setRepository({ revision: null });
      homelab.failing['engine'] = 'does not answer';

      const response = await server.request('/api/v1/health/ready');

      expect([response.status, await response.json()]).toMatchObject([
        503,
        {
          error: {
            code: 'SERVICE_UNAVAILABLE',
            details: [
              { field: 'repository', message: 'not read yet' },
              { field: 'engine', message: 'does not answer' },
            ],
          },
        },
      ]);
    });

    it('kicks the loop, or reads while the caller waits', async () => {
      expect(await read('/sync', { method: 'POST' })).toEqual({ status: 'accepted', revision: REVISION });
      expect(server.reconciler.syncRequests()).toBe(1);
      expect(await read('/sync?wait=true', { method: 'POST' })).toEqual({
        status: 'read',
        revision: REVISION,
      });
      expect(server.reconciler.syncRequests()).toBe(1);
    });

    it('shows the repository', async () => {
      expect(await read('/repository')).toMatchObject({
        branch: 'main',
        revision: { commit: REVISION },
        stacks: ['homelab'],
      });
    });

    it('serves metrics to viewers, and to everybody where it is told to', async () => {
      const answer = await server.request('/metrics', { role: 'viewer' });
      expect([await answer.text(), answer.headers.get('Content-Type')]).toEqual([
        'up 1\n',
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect((await server.request('/metrics', { role: null })).status).toBe(401);

      await using open = await startApiServer({
        metrics: { contentType: 'text/plain', text: () => Promise.resolve(''), open: true },
      });
      expect((await open.request('/metrics', { role: null })).status).toBe(200);
    });

    it('tells caches and browsers to leave answers alone', async () => {
      const { headers } = await server.request('/api/v1/stacks');

      expect([headers.get('Cache-Control'), headers.get('X-Content-Type-Options')]).toEqual([
        'no-store',
        'nosniff',
      ]);
    });
  });
});
