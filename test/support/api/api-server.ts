import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppOptions } from '../../../api/index.ts';
import { answerUpgrades, createApp, hashApiKey, isSocketRequest } from '../../../api/index.ts';
import type { Role } from '../../../reconciler/index.ts';
import { createAnswerChecks } from './answer-check.ts';
import type { FakeReconciler } from '../fakes/fake-reconciler.ts';
import { createFakeReconciler } from '../fakes/fake-reconciler.ts';

export const KEYS: Readonly<Record<Role, string>> = {
  viewer: 'kbn_viewer-key-of-the-tests',
  deployer: 'kbn_deployer-key-of-the-tests',
  admin: 'kbn_admin-key-of-the-tests',
};

/** Compiled once, whatever the number of servers. */
const checkDocumented = createAnswerChecks();

export interface LogEntry {
  readonly level: string;
  readonly data: object;
  readonly message: string;
}

export interface ApiServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly reconciler: FakeReconciler;
  readonly entries: readonly LogEntry[];
  /** A request with the key of the role; `null` sends none. The answer must be as the OpenAPI document says. */
  request(path: string, init?: RequestInit & { readonly role?: Role | null }): Promise<Response>;
}

/** The application on a port of its own, over a fake reconciler, with one key for each role. */
export async function startApiServer(options: Partial<AppOptions> = {}): Promise<ApiServer> {
  const reconciler = createFakeReconciler();
  const entries: LogEntry[] = [];
  const log = (level: string) => (data: object, message: string) =>
    void entries.push({ level, data, message });
  const stopping = new AbortController();
  const app = createApp({
    reconciler,
    auth: { mode: 'keys', keys: { listKeys: listTestKeys } },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    version: '1.2.3',
    startedAt: performance.now(),
    stopping: stopping.signal,
    ...options,
  });
  const answer = app.callback();
  const handle: RequestListener = (request, response) => void answer(request, response);
  const server = createServer({ shouldUpgradeCallback: isSocketRequest }, handle);
  answerUpgrades(server, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    reconciler,
    entries,
    async request(path, { role = 'admin', headers, ...init } = {}) {
      const key: Record<string, string> = role === null ? {} : { 'X-API-KEY': KEYS[role] };
      const sent = { ...init, headers: { ...key, ...Object.fromEntries(new Headers(headers)) } };
      const response = await fetch(url + path, sent);
      await checkAnswer(response, init.method ?? 'GET');
      return response;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function checkAnswer(response: Response, method: string): Promise<void> {
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true;
  if (!isJson || method === 'HEAD') return;
  checkDocumented(method, new URL(response.url).pathname, response.status, await response.clone().json());
}

/** A request body of JSON. */
export function json(method: string, body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}

/** One key for each role. */
export function listTestKeys() {
  const roles: readonly Role[] = ['viewer', 'deployer', 'admin'];
  return roles.map((role) => ({
    id: `key_${role}`,
    name: `${role} key`,
    role,
    hash: hashApiKey(KEYS[role]),
    createdAt: '2026-01-01T00:00:00Z',
  }));
}
