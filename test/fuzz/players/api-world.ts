import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createSessions } from '../../../api/accounts/sessions/sessions.ts';
import { createApp } from '../../../api/index.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import type { Instances, Reconciler } from '../../../reconciler/index.ts';
import { createGiteaHost } from '../../../reconciler/adapters/hosts/gitea.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { LoginRecords } from '../../../reconciler/ports/accounts/login-records.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import { createReconciler } from '../../../reconciler/run/create-reconciler.ts';
import { listTestKeys } from '../../support/api/api-server.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import type { MemoryTarget } from '../../support/memory/memory-target.ts';

/** Errors that the program has logged as not expected. */
export interface ApiLog {
  readonly errors: unknown[];
}

/** The application on a server that listens nowhere; behind it is whatever reconciler is current. */
export interface ApiWorld extends AsyncDisposable {
  readonly server: Server;
  readonly log: ApiLog;
  /**
   * Puts a repository with two stacks behind the application, unless the one that is there is still as it was.
   *
   * @param third text of a further file, which need not be valid
   */
  begin(third?: string): Promise<void>;
  /** Takes it away before the next input: something may have been changed. */
  touch(): void;
}

const SIGNAL = new AbortController().signal;
/** A host that nobody asks. */
const GITEA = createGiteaHost('gitea', {
  address: 'https://git.example.org/ada/config',
  api: 'https://git.example.org/api/v1',
  repository: 'ada/config',
  token: null,
  fetch: createHostFetch(),
});

export function createApiWorld(store: Store, instances: Instances): ApiWorld {
  const log: ApiLog = { errors: [] };
  let current: Reconciler | undefined;
  let isTouched = false;
  // The application is made once, its validators are expensive; what it asks is made anew for each input.
  const reconciler = new Proxy({} as Reconciler, {
    get: (_, key) => (current === undefined ? undefined : Reflect.get(current, key)),
  });
  const stopping = new AbortController();
  const app = createApp({
    reconciler,
    instances,
    auth: { mode: 'keys', keys: { listKeys: listTestKeys } },
    logger: {
      ...createQuietLogger(),
      error: (data) => void log.errors.push('err' in data ? data.err : data),
    },
    sessions: createSessions({
      logger: createQuietLogger(),
      records: { ...loginsOf(store), listKeys: listTestKeys, getUser: (id) => store.getUser(id) },
    }),
    audit: store,
    hooks: { host: GITEA, secret: () => new Secret('sesame', 'secret://env/HOOK') },
    version: '1.2.3',
    startedAt: performance.now(),
    stopping: stopping.signal,
  });
  const answer = app.callback();
  const server = createServer((request, response) => void answer(request, response));
  return {
    server,
    log,
    async begin(third) {
      log.errors.splice(0);
      if (current !== undefined && !isTouched && third === undefined) return;
      await current?.[Symbol.asyncDispose]();
      isTouched = third !== undefined;
      current = buildReconciler(store, third);
      await current.refresh(SIGNAL);
    },
    touch() {
      isTouched = true;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await current?.[Symbol.asyncDispose]();
      server.close();
    },
  };
}

/** The store's own, for keys that are not in it. */
function loginsOf(store: Store): LoginRecords {
  return {
    addLogin: (record) => store.addLogin(record),
    findLogin: (hash) => store.findLogin(hash),
    touchLogin: (id, seenAt) => store.touchLogin(id, seenAt),
    listLogins: () => store.listLogins(),
    deleteLogin: (id) => store.deleteLogin(id),
    pruneLogins: (endedBy, unusedSince) => store.pruneLogins(endedBy, unusedSince),
  };
}

function buildReconciler(store: Store, third: string | undefined): Reconciler {
  const source = createMemorySource();
  source.push({ ...FILES, ...(third === undefined ? {} : { 'kombinations/third/kombination.yaml': third }) });
  const desired = createDesiredState({
    source,
    checkSchema,
    secrets: createFixedSecrets({ 'secret://env/TOKEN': 'sesame' }),
    policy: homePolicy(),
  });
  const engine = createMemoryEngine(['nginx:1.29', 'postgres:17']);
  const targets = new Map<string, MemoryTarget>();
  return createReconciler({
    source,
    desired,
    store,
    stableMs: 0,
    clock: createFastClock(),
    logger: createQuietLogger(),
    createTarget(reference) {
      const name = targetKey(reference);
      const target = targets.get(name) ?? createMemoryTarget({ name, engine });
      targets.set(name, target);
      return { ...target, async [Symbol.asyncDispose]() {} };
    },
  });
}

const HEAD = 'version: "1.0"\nmeta: { name: ';
const FILES = {
  'kombinations/shop/kombination.yaml': `${HEAD}shop }\nnodes: [{ name: local }, { name: edge }]\nservices:\n  web: { image: "nginx:1.29", ports: ["8080:80"], depends_on: [db] }\n  db: { image: "postgres:17", node: edge, env: { POSTGRES_PASSWORD: secret://env/TOKEN }, volumes: ["data:/var/lib/postgresql/data"] }\nvolumes: { data: {} }\n`,
  'kombinations/constructor/kombination.yaml': `${HEAD}constructor }\nservices: { then: { image: "nginx:1.29" } }\n`,
  'nodes/local.yaml': 'connection: { host: localhost }\n',
  'nodes/edge.yaml': 'connection: { host: 10.0.0.5, user: deploy }\n',
};
