import type { ApiServer } from './api-server.ts';
import { json, startApiServer } from './api-server.ts';

/** A server with the stack `homelab` in it, and short ways to ask below `/api/v1`. */
export interface HomelabApi {
  readonly server: ApiServer;
  /** Faults by the part that shows them: empty until a test puts something in. */
  readonly failing: Record<string, string>;
  /** The body of the answer; empty where it is no object. */
  read(path: string, init?: RequestInit): Promise<Record<string, unknown>>;
  status(path: string, init?: RequestInit): Promise<number>;
}

export async function startHomelabApi(): Promise<HomelabApi> {
  const failing: Record<string, string> = {};
  const server = await startApiServer({
    checks: () => failing,
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: () => Promise.resolve('up 1\n'),
    },
  });
  const ask = (path: string, init?: RequestInit) => server.request(`/api/v1${path}`, init);
  await ask('/stacks', json('POST', { name: 'homelab', services: ['web'], domain: 'home.lab' }));
  return {
    server,
    failing,
    async read(path, init) {
      const body: unknown = await (await ask(path, init)).json();
      return typeof body === 'object' && body !== null ? { ...body } : {};
    },
    status: async (path, init) => (await ask(path, init)).status,
  };
}
