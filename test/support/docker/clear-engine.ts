import { afterAll } from 'vitest';
import { engineJson } from './docker-engine.ts';
import { findWorkerEngine } from './worker-engine.ts';

/*
 * Set up for each file that uses its worker's engine: what the file leaves running would take the machine from those that follow, a probe
 * every 100 ms is a fifth of a core.
 */
afterAll(async () => {
  const host = findWorkerEngine();
  if (host === undefined) return;
  const socketPath = host.replace('unix://', '');
  const containers = await engineJson<{ Id: string }[]>(socketPath, 'GET', '/containers/json?all=1');
  for (const { Id } of containers) await engineJson(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`);
});
