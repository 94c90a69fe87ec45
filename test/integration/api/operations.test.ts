import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS } from '../../support/api/api-server.ts';
import type { HomelabApi } from '../../support/api/homelab-api.ts';
import { startHomelabApi } from '../../support/api/homelab-api.ts';
import { at } from '../../support/records.ts';

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

  describe('stacks', () => {
    it('shows one with everything that is known of it', async () => {
      expect(await read('/stacks/homelab')).toMatchObject({
        id: 'homelab',
        status: 'created',
        state: 'pending',
        nodes: [{ id: 'local', name: 'local', status: 'online' }],
        services: [
          { name: 'web', status: 'healthy', node: 'local', image: 'web:latest', ports: ['8080:80/tcp'] },
        ],
        nodes_count: 1,
        services_count: 1,
        deployed_at: at(1),
        revision: REVISION,
        deployment: { number: 1, tag: 'deploy/homelab/1', job_id: null },
        drift: {
          has_drift: true,
          last_check: at(3),
          changes: [
            {
              resource: 'local/container/web',
              type: 'modified',
              field: 'restart',
              expected: 'always',
              actual: 'no',
            },
          ],
        },
        config: { version: '1.0', meta: { name: 'homelab' }, domain: 'home.lab', services: ['web'] },
      });
    });

    it('asks the targets when told to', async () => {
      expect((await read('/stacks/homelab'))['message']).toBeNull();
      expect((await read('/stacks/homelab?refresh=true'))['message']).toBe('observed');
    });

    it('takes a whole document as spec', async () => {
      const spec = {
        meta: { name: 'media', domain: 'tv.lab' },
        services: { jellyfin: { image: 'jellyfin:1' } },
      };

      expect(await status('/stacks', json('POST', { name: 'media', spec }))).toBe(201);
      expect(server.reconciler.documentOf('media')).toEqual({ version: '1.0', ...spec });
    });

    it.each([
      { body: { config: { services: ['db'] } }, document: { domain: 'home.lab', services: ['db'] } },
      { body: { services: ['db'], domain: null }, document: { services: ['db'] } },
      {
        body: { meta: { email: 'a@b.c' } },
        document: { meta: { name: 'homelab', email: 'a@b.c' }, domain: 'home.lab', services: ['web'] },
      },
      { body: { spec: { services: ['db'] } }, document: { services: ['db'] } },
    ])('updates the given keys and keeps the others: $body', async ({ body, document }) => {
      expect(await status('/stacks/homelab', json('PUT', body))).toBe(200);
      expect(server.reconciler.documentOf('homelab')).toEqual({
        version: '1.0',
        meta: { name: 'homelab' },
        ...document,
      });
    });

    it('takes back the document that it has shown', async () => {
      const { config } = await read('/stacks/homelab');

      expect(await status('/stacks/homelab', json('PUT', { config }))).toBe(200);
      expect(server.reconciler.documentOf('homelab')).toEqual(config);
    });

    it('deletes by a commit, whatever the repository says afterwards', async () => {
      expect(await read('/stacks/homelab', { method: 'DELETE' })).toEqual({
        id: 'homelab',
        name: 'homelab',
        status: 'deleting',
        commit: REVISION,
        file: 'kombinations/homelab/kombination.yaml',
      });
      expect(await status('/stacks/homelab')).toBe(404);
    });

    it('lists all, or a page', async () => {
      for (const name of ['a', 'b', 'c'])
        await server.request('/api/v1/stacks', json('POST', { name, services: ['web'] }));

      expect(await read('/stacks')).toMatchObject({
        pagination: { page: 1, per_page: 4, total: 4, total_pages: 1 },
      });
      expect(await read('/stacks?page=2&per_page=3')).toMatchObject({
        stacks: [{ id: 'homelab' }],
        pagination: { page: 2, per_page: 3, total: 4, total_pages: 2 },
      });
    });

    it('knows deployments, goes back to one, and reads what a service printed', async () => {
      expect(await read('/stacks/homelab/deployments')).toMatchObject({ deployments: [{ number: 1 }] });
      expect(await status('/stacks/homelab/rollback', json('POST', { to: 1 }))).toBe(200);
      expect(server.reconciler.writes.at(-1)).toBe('rollback to 1 by admin key homelab');
      expect(await read('/stacks/homelab/services/web/logs?tail=2')).toEqual({
        logs: [
          { time: at(1), stream: 'stdout', msg: 'web is up' },
          { time: at(2), stream: 'stderr', msg: 'a warning' },
        ],
      });
    });
  });

  describe('plan and apply', () => {
    it('keeps a plan, and refuses to apply it once it no longer holds', async () => {
      const { plan_id: planId } = await read('/stacks/homelab/plan', { method: 'POST' });

      expect(await read(`/plans/${String(planId)}`)).toMatchObject({ formatVersion: 1, stack: 'homelab' });
      expect(await status('/stacks/homelab/apply', json('POST', { plan_id: planId }))).toBe(200);

      await server.request('/api/v1/stacks/homelab', json('PUT', { services: ['db'] }));
      const stale = await server.request('/api/v1/stacks/homelab/apply', json('POST', { plan_id: planId }));
      expect([stale.status, await stale.json()]).toMatchObject([
        409,
        { error: { code: 'CONFLICT', reason: 'PLAN_STALE' } },
      ]);
    });

    it('takes a whole saved plan, of this stack only and not beside an id', async () => {
      const { plan_id: planId } = await read(
        '/stacks/homelab/plan',
        json('POST', { mode: 'destroy', volumes: true }),
      );
      const plan = await read(`/plans/${String(planId)}`);

      expect(await read('/stacks/homelab/apply', json('POST', { plan }))).toMatchObject({ type: 'destroy' });
      expect(await status('/stacks/homelab/apply', json('POST', { plan, plan_id: planId }))).toBe(400);
      expect(await status('/stacks/homelab/apply', json('POST', { plan, mode: 'apply' }))).toBe(400);
      expect(await status('/stacks/homelab/apply', json('POST', { plan: { ...plan, stack: 'other' } }))).toBe(
        400,
      );
      expect(await status('/stacks/homelab/apply', json('POST', { plan: { stack: 'homelab' } }))).toBe(400);
    });

    it('says what a yes would mean, and goes on with one', async () => {
      server.reconciler.askFor([{ code: 'DELETES_DATA', message: 'deletes volume data', ids: [] }]);

      const refused = await server.request('/api/v1/stacks/homelab/apply', { method: 'POST' });

      expect([refused.status, await refused.json()]).toEqual([
        409,
        {
          error: {
            code: 'CONFLICT',
            message: 'the plan needs a yes',
            details: [{ field: 'confirm', message: 'deletes volume data', code: 'DELETES_DATA' }],
            reason: 'CONFIRMATION_REQUIRED',
          },
        },
      ]);
      expect(await status('/stacks/homelab/apply', json('POST', { confirm: true }))).toBe(200);
    });

    it('holds the answer until the job has ended with wait=true', async () => {
      const waiting = read('/stacks/homelab/apply?wait=true', { method: 'POST' });
      await expect.poll(() => server.reconciler.listeners()).toBe(1);
      const id = server.reconciler.listJobs({}).jobs[0]?.id ?? '';
      server.reconciler.log(id, 'done');
      server.reconciler.finish(id, 'completed');

      expect(await waiting).toMatchObject({ id, status: 'completed', logs: [{ msg: 'done' }] });
    });

    it('answers the error of a job that has failed when it was waited for', async () => {
      const waiting = server.request('/api/v1/stacks/homelab/apply?wait=true', { method: 'POST' });
      await expect.poll(() => server.reconciler.listeners()).toBe(1);
      const id = server.reconciler.listJobs({}).jobs[0]?.id ?? '';
      server.reconciler.finish(id, 'failed');
      const answer = await waiting;

      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        error: { code: 'SERVICE_UNAVAILABLE', details: [{ field: 'job_id', message: id }] },
      });
    });

    it('lets curl -f fail with a job that failed, asked for at once or afterwards', async () => {
      const curl = async (path: string, ...more: string[]): Promise<number> => {
        const child = spawn('curl', [
          '-fsS',
          '-H',
          `X-API-KEY: ${KEYS.admin}`,
          ...more,
          `${server.url}/api/v1${path}`,
        ]);
        const [code] = (await once(child, 'close')) as [number];
        return code;
      };
      const begin = async () => {
        const before = server.reconciler.listJobs({}).jobs.length;
        const ended = curl('/stacks/homelab/apply?wait=true', '-X', 'POST');
        await expect.poll(() => server.reconciler.listJobs({}).jobs.length).toBe(before + 1);
        return { id: server.reconciler.listJobs({}).jobs[0]?.id ?? '', ended };
      };
      const failing = await begin();
      const followed = curl(`/jobs/${failing.id}?wait=true`);
      await expect.poll(() => server.reconciler.listeners()).toBe(2);
      server.reconciler.finish(failing.id, 'failed');
      expect(await Promise.all([failing.ended, followed, curl(`/jobs/${failing.id}?wait=true`)])).toEqual([
        22, 22, 22,
      ]);
      // A look at it is no question whether it went well.
      expect(await curl(`/jobs/${failing.id}`)).toBe(0);

      const good = await begin();
      server.reconciler.finish(good.id, 'completed');
      expect(await Promise.all([good.ended, curl(`/jobs/${good.id}?wait=true`)])).toEqual([0, 0]);
    });

    it('lets the job go on when the waiting client goes away', async () => {
      const client = new AbortController();
      const waiting = server.request('/api/v1/stacks/homelab/apply?wait=true', {
        method: 'POST',
        signal: client.signal,
      });
      await expect.poll(() => server.reconciler.listeners()).toBe(1);

      client.abort();

      await expect(waiting).rejects.toThrow();
      await expect.poll(() => server.reconciler.listeners()).toBe(0);
      expect(server.reconciler.listJobs({}).jobs[0]?.status).toBe('queued');
    });
  });

  it('filters and pages jobs', async () => {
    await server.request('/api/v1/stacks', json('POST', { name: 'media', services: ['web'] }));
    await server.request('/api/v1/stacks/homelab/plan', { method: 'POST' });
    await server.request('/api/v1/stacks/media/plan', { method: 'POST' });
    await server.request('/api/v1/stacks/media/apply', { method: 'POST' });
    const count = async (query: string) => (await read(`/jobs?${query}`))['pagination'];

    expect(await count('')).toMatchObject({ total: 3, per_page: 50 });
    expect(await count('stack_id=media')).toMatchObject({ total: 2 });
    expect(await count('type=deploy')).toMatchObject({ total: 1 });
    expect(await count('type=apply')).toMatchObject({ total: 1 });
    expect(await count('status=completed')).toMatchObject({ total: 2 });
    expect(await count(`since=${encodeURIComponent('2026-11-01T05:00:00+02:00')}`)).toMatchObject({
      total: 1,
    });
    expect(await count('page=2&per_page=2')).toEqual({ page: 2, per_page: 2, total: 3, total_pages: 2 });
  });

  describe('workers', () => {
    const body = {
      name: 'edge-1',
      connection: { host: '192.0.2.7', port: 22, user: 'root', ssh_key: '/keys/edge' },
    };

    it('registers, shows by id and name, and unregisters', async () => {
      const created = await server.request('/api/v1/workers', json('POST', body));
      const worker = await read('/workers/edge-1');

      expect(created.status).toBe(201);
      expect(worker).toMatchObject({ name: 'edge-1', status: 'unknown', resources: { cpu_cores: null } });
      expect(await read(`/workers/${String(worker['id'])}`)).toEqual(worker);
      expect(await status('/workers', json('POST', body))).toBe(409);
      expect(await read('/workers/edge-1', { method: 'DELETE' })).toMatchObject({
        id: worker['id'],
        status: 'deleting',
      });
      expect(await status('/workers/edge-1')).toBe(404);
    });

    it('refuses to unregister one in use, or one that a stack describes itself', async () => {
      server.reconciler.addWorker({ name: 'used', stacks: ['homelab'] });
      server.reconciler.addWorker({ name: 'inner', stacks: ['homelab'], file: null });

      expect(await status('/workers/used', { method: 'DELETE' })).toBe(409);
      expect(await status('/workers/inner', { method: 'DELETE' })).toBe(409);
    });
  });
});
