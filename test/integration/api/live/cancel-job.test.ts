import { expect, it } from 'vitest';
import { json, startApiServer } from '../../../support/api/api-server.ts';

it('answers 202 for a job that is called off, and says why another one cannot be', async () => {
  await using server = await startApiServer();
  await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
  const queued = await server.request('/api/v1/stacks/homelab/apply', { method: 'POST' });
  const { id } = (await queued.json()) as { id: string };
  const path = `/api/v1/jobs/${id}/cancel`;

  expect((await server.request(path, { method: 'POST', role: 'viewer' })).status).toBe(403);
  const cancelled = await server.request(path, { method: 'POST', role: 'deployer' });
  expect([cancelled.status, await cancelled.json()]).toMatchObject([202, { id, status: 'cancelled' }]);

  const again = await server.request(path, { method: 'POST', role: 'deployer' });
  expect([again.status, await again.json()]).toMatchObject([
    409,
    { error: { code: 'CONFLICT', reason: 'JOB_ENDED' } },
  ]);
  expect((await server.request('/api/v1/jobs/job_none/cancel', { method: 'POST' })).status).toBe(404);
});
