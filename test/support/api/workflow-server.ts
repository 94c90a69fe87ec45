import { expect } from 'vitest';
import type { AppOptions } from '../../../api/index.ts';
import type { Role } from '../../../reconciler/index.ts';
import { createKeptRegistries } from '../../../reconciler/run/registries/kept-registries.ts';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';
import { fakeRegistryClient } from '../fakes/fake-registries.ts';
import type { Rig, RigOptions } from '../reconciler-rig.ts';
import { createRig, file, stack } from '../reconciler-rig.ts';
import type { ApiServer } from './api-server.ts';
import { json, startApiServer } from './api-server.ts';

const NEVER = new AbortController().signal;

export interface WorkflowAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Graph {
  readonly nodes: readonly {
    readonly id: string;
    readonly position: object;
    readonly data: Readonly<Record<string, unknown>>;
  }[];
  readonly edges: readonly object[];
}

export interface Workflow extends Graph {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: string;
}

/** The API of the workflow platform over a reconciler with a repository in memory. */
export interface WorkflowServer extends AsyncDisposable {
  readonly rig: Rig;
  readonly server: ApiServer;
  /** Below `/v1/api`, as a deployer. */
  ask(method: string, path: string, body?: unknown, role?: Role): Promise<WorkflowAnswer>;
  create(name: string, more?: object): Promise<Workflow>;
  /** Paths of the newest commit. */
  paths(): Promise<readonly string[]>;
  read(path: string): Promise<string>;
  /** Commits as somebody else would, and has it read. */
  push(files: Readonly<Record<string, string | null>>): Promise<void>;
}

export async function startWorkflowServer(
  app: Partial<AppOptions> = {},
  options: RigOptions = {},
): Promise<WorkflowServer> {
  const vault = createMemoryVault();
  const secrets = createSecrets({ stateDir: '/nowhere', env: {}, vault });
  const rig = createRig({
    vault,
    registries: {
      kept: createKeptRegistries(vault),
      client: fakeRegistryClient,
      resolve: (reference) => secrets.resolve(reference),
    },
    ...options,
  });
  const { source, reconciler } = rig;
  const push = async (files: Readonly<Record<string, string | null>>) => {
    source.push(files);
    await reconciler.refresh(NEVER);
  };
  await push({ [file('other')]: stack('other', { web: 'image: nginx' }) });
  const server = await startApiServer({ proxies: ['127.0.0.1'], ...app, reconciler });
  let asked = 0;
  // Each comes from another address: a test asks more often than one may.
  const headers = () => ({ 'X-Forwarded-For': `10.0.${(asked >> 8) % 256}.${asked++ % 256}` });
  const list = async () => source.diff(null, (await source.resolve(NEVER)).commit, NEVER);
  const ask: WorkflowServer['ask'] = async (method, path, body, role = 'deployer') => {
    const init = body === undefined ? { method } : json(method, body);
    const from = { ...Object.fromEntries(new Headers(init.headers)), ...headers() };
    const response = await server.request(`/v1/api${path}`, { ...init, headers: from, role });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    rig,
    server,
    ask,
    push,
    async create(name, more = {}) {
      const { status, body } = await ask('POST', '/workflows', { name, ...more });
      expect(status).toBe(201);
      return body as unknown as Workflow;
    },
    paths: async () => (await list()).map(({ path }) => path),
    async read(path) {
      const found = (await list()).find((one) => one.path === path)?.after;
      if (!found) throw new Error(`there is no ${path}`);
      return new TextDecoder().decode(await source.readBlob(found.blob));
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}
