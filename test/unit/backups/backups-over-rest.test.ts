import { expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';

/* The command through a daemon: the same answers as beside it. Each request of `api.request` is held against the OpenAPI document as well. */

const { signal } = new AbortController();
const DATA = { stack: 'shop', service: 'volume:data' };

async function open() {
  const api = await startApiServer();
  const document = { version: '1.0', meta: { name: 'shop' }, services: { web: { image: 'nginx' } } };
  await api.reconciler.createStack('shop', document, { name: 'Ada', email: 'ada@example.org' }, signal);
  return api;
}

it('backups of data are made, listed, looked at and verified over REST as they are in this process', async () => {
  await using api = await open();
  await using session = createRemoteSession({ url: api.url, apiKey: KEYS.deployer });
  await session.backup(DATA, signal);
  const { backups } = await session.listBackups({ stack: 'shop' }, signal);
  expect({ backups, failures: [] }).toEqual(await api.reconciler.listBackups({ stack: 'shop' }, signal));
  expect(await session.lookAtRestore(DATA, signal)).toEqual(await api.reconciler.lookAtRestore(DATA, signal));
  expect(await session.verifyBackup(DATA, signal)).toEqual(await api.reconciler.verifyBackup(DATA, signal));
  await expect(session.verifyBackup({ ...DATA, file: 'none' }, signal)).rejects.toMatchObject({
    code: 'UNKNOWN_BACKUP',
  });
});

it('answers are as documented, and readers of the API may not read backups to their end', async () => {
  await using api = await open();
  const post = (path: string, body: object, role: 'viewer' | 'deployer') =>
    api.request(path, {
      method: 'POST',
      role,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  await post('/api/v1/stacks/shop/backup', { service: 'volume:data' }, 'deployer');
  const look = await post('/api/v1/stacks/shop/restore/look', { service: 'volume:data' }, 'deployer');
  expect([look.status, await look.json()]).toMatchObject([
    200,
    { stops: ['web'], data: { bytes_before: 2_048 } },
  ]);
  const verified = await post('/api/v1/backups/verify', DATA, 'deployer');
  expect([verified.status, await verified.json()]).toMatchObject([200, { result: 'whole' }]);
  expect((await post('/api/v1/backups/verify', DATA, 'viewer')).status).toBe(403);
  expect((await post('/api/v1/stacks/shop/restore/look', { service: 'volume:data' }, 'viewer')).status).toBe(
    403,
  );
});
