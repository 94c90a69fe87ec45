import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { PodProgram } from './exec/pod-programs.ts';
import { answerPrograms } from './exec/pod-programs.ts';
import type { Members } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';
import type { ServedKind } from './kinds.ts';
import { apiVersionOf, resourceName } from './kinds.ts';
import { Refusal } from './refusal.ts';
import type { ApiStore, WatchEvent } from './store.ts';
import { createApiStore } from './store.ts';
import type { Metrics } from './metrics/pod-metrics.ts';
import { podMetrics } from './metrics/pod-metrics.ts';

/** An API server in memory, for tests that have no real one: no controllers, no scheduler, no authentication. */
export interface KubernetesApi extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly store: ApiStore;
  /** Requests so far, `PATCH /api/v1/…`. */
  readonly requests: string[];
  /** Lines that pods have written, by `namespace/pod/container`. */
  readonly logs: Map<string, readonly string[]>;
  /** Usage of each of two containers by pod, as `namespace/name`; `null`: nothing measures. */
  readonly metrics: Metrics;
  /** Programs that were run in pods, in their order. */
  readonly programs: readonly PodProgram[];
  /** Tells who may not do something, in the server's words; `null`: everything is allowed. */
  refuse: ((access: Access) => boolean) | null;
  /** Lets watches tell nothing until the returned function is called, as those of a busy server. */
  holdEvents(): () => void;
  /** Stops listening; `start` continues on the same port with the same objects. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface Access {
  readonly verb: string;
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
}

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const store = createApiStore();
  const requests: string[] = [];
  const logs = new Map<string, readonly string[]>();
  const metrics: Metrics = { pods: null };
  const programs: PodProgram[] = [];
  const sockets = new Set<Socket>();
  const held: Held = { isHeld: false, waiting: [] };
  let server: Server;
  let port = 0;
  for (const name of ['default', 'kube-system']) addNamespace(store, name);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    const body = await text(request);
    try {
      const answer = route(
        { store, logs, metrics, refuse: api.refuse, held },
        { request, url, body, response },
      );
      if (answer) send(response, answer.status, answer.body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, error.status, error.toStatus());
    }
  }

  async function start(): Promise<void> {
    server = createServer((request, response) => {
      handle(request, response).catch((error: unknown) => {
        send(response, 500, { kind: 'Status', message: `the double failed: ${String(error)}` });
      });
    });
    answerPrograms(server, programs);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  async function stop(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }
  const api: KubernetesApi = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    store,
    requests,
    logs,
    metrics,
    programs,
    refuse: null,
    holdEvents() {
      held.isHeld = true;
      return () => {
        held.isHeld = false;
        for (const tell of held.waiting.splice(0)) tell();
      };
    },
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  };
  await start();
  return api;
}

function addNamespace(store: ApiStore, name: string): void {
  const kind = store.kinds.find((one) => one.kind === 'Namespace');
  if (!kind) throw new Error('no namespaces');
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  store.write({ kind, namespace: undefined, name }, object, {
    manager: 'double',
    dryRun: false,
    how: 'create',
  });
}

interface Parts {
  readonly store: ApiStore;
  readonly logs: ReadonlyMap<string, readonly string[]>;
  readonly metrics: Metrics;
  readonly refuse: KubernetesApi['refuse'];
  readonly held: Held;
}

/** Events that watches have not told yet. */
interface Held {
  isHeld: boolean;
  readonly waiting: (() => void)[];
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const raw = typeof body === 'string';
  response.writeHead(status, { 'content-type': raw ? 'text/plain' : 'application/json' });
  response.end(raw ? body : JSON.stringify(body));
}

/** `null`: the answer goes on for longer than this call. */
function route(parts: Parts, call: Call): Answer | null {
  const { store, metrics } = parts;
  const path = call.url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (path[0] === 'version')
    return { status: 200, body: { major: '1', minor: '34', gitVersion: 'v1.34.0', platform: 'linux/amd64' } };
  const core = path[0] === 'api';
  if (core && path.length === 1) return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  if (!core && path.length === 1 && path[0] === 'apis') return { status: 200, body: groupList(store) };
  if (path[1] === 'metrics.k8s.io' && metrics.pods !== null)
    return { status: 200, body: podMetrics(store, metrics.pods, call.url, path.slice(4)) };
  const [group = '', version = ''] = core ? ['', path[1]] : [path[1], path[2]];
  const rest = path.slice(core ? 2 : 3);
  const served = store.kinds.filter((kind) => kind.group === group && kind.version === version);
  if (served.length === 0) return { status: 404, body: '404 page not found\n' };
  if (rest.length === 0) return { status: 200, body: kindList(served) };
  const scoped = rest[0] === 'namespaces' && rest.length > 2;
  const namespace = scoped ? rest[1] : undefined;
  const [plural, name, subresource] = scoped ? rest.slice(2) : rest;
  const kind = served.find((one) => one.plural === plural);
  if (!kind) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
  checkAccess(parts, call, { kind, namespace, name });
  if (subresource === 'log' && name !== undefined) {
    store.get({ kind, namespace, name });
    return { status: 200, body: readLog(parts, call.url, `${namespace}/${name}`) };
  }
  if (name === undefined) return collection(parts, call, { kind, namespace });
  return single(store, call, { kind, namespace, name, subresource: subresource ?? '' });
}

function checkAccess(
  { refuse }: Parts,
  { request, url }: Call,
  { kind, namespace, name }: Collection & { readonly name: string | undefined },
): void {
  const reading = name === undefined ? (url.searchParams.has('watch') ? 'watch' : 'list') : 'get';
  const verbs: Readonly<Record<string, string>> = {
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  };
  const verb = verbs[request.method ?? ''] ?? reading;
  if (refuse?.({ verb, kind, namespace }) !== true) return;
  const what = name === undefined ? resourceName(kind) : `${resourceName(kind)} "${name}"`;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const cannot = `User "nobody" cannot ${verb} resource "${kind.plural}" in API group "${kind.group}" ${scope}`;
  throw new Refusal(403, 'Forbidden', `${what} is forbidden: ${cannot}`);
}

function groupList({ kinds }: ApiStore): Members {
  const groups = new Map<string, Set<string>>();
  for (const kind of kinds) {
    if (kind.group === '') continue;
    groups.set(kind.group, (groups.get(kind.group) ?? new Set()).add(apiVersionOf(kind)));
  }
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups].map(([name, all]) => {
      const versions = [...all].map((groupVersion) => ({
        groupVersion,
        version: groupVersion.split('/')[1] ?? '',
      }));
      return { name, versions, preferredVersion: versions[0] ?? {} };
    }),
  };
}

function kindList(kinds: readonly ServedKind[]): Members {
  const verbs = 'create delete get list patch update watch'.split(' ');
  const resources = kinds.map(({ plural, kind, namespaced }) => ({ name: plural, kind, namespaced, verbs }));
  return {
    kind: 'APIResourceList',
    groupVersion: kinds[0] === undefined ? '' : apiVersionOf(kinds[0]),
    resources,
  };
}

function readLog({ logs }: Parts, url: URL, pod: string): string {
  const run = url.searchParams.get('previous') === 'true' ? '/previous' : '';
  const lines = logs.get(`${pod}/${url.searchParams.get('container') ?? ''}${run}`) ?? [];
  const tail = url.searchParams.get('tailLines');
  const shown = tail === null ? lines : lines.slice(-Number(tail));
  const time = url.searchParams.has('timestamps') ? '2026-01-01T00:00:00.000000000Z ' : '';
  return shown.map((line) => `${time}${line}\n`).join('');
}

interface Collection {
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
}

function collection(parts: Parts, call: Call, { kind, namespace }: Collection): Answer | null {
  const { store } = parts;
  const { url, request, body } = call;
  if (request.method === 'POST') {
    const object = parse(body) as Members;
    const name = textOf((object['metadata'] as Members)['name']);
    const manager = url.searchParams.get('fieldManager') ?? 'unknown';
    const created = store.write({ kind, namespace, name }, object, {
      manager,
      dryRun: url.searchParams.has('dryRun'),
      how: 'create',
    });
    return { status: 201, body: created };
  }
  const matches = createSelector(url.searchParams.get('labelSelector'));
  if (url.searchParams.has('watch')) {
    const isMeant = (event: WatchEvent) =>
      event.kind.group === kind.group && event.kind.kind === kind.kind && matches(event.object);
    watch(parts, call, (event) => isMeant(event) && inside(event.object, namespace));
    return null;
  }
  const all = store.list(kind, namespace).filter(matches);
  const limit = Number(url.searchParams.get('limit') ?? 0);
  const start = Number(url.searchParams.get('continue') ?? 0);
  const end = limit > 0 ? start + limit : all.length;
  const metadata = {
    resourceVersion: String(store.version()),
    ...(end < all.length ? { continue: String(end) } : {}),
  };
  // Items of a list do not say what they are.
  const items = all.slice(start, end).map(({ apiVersion: _version, kind: _kind, ...item }) => item);
  return { status: 200, body: { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items } };
}

function inside(object: Members, namespace: string | undefined): boolean {
  return (
    namespace === undefined ||
    (isMembers(object['metadata']) && object['metadata']['namespace'] === namespace)
  );
}

function createSelector(selector: string | null): (object: Members) => boolean {
  const pairs = (selector ?? '')
    .split(',')
    .filter((one) => one !== '')
    .map((one) => one.split('='));
  return (object) => {
    const metadata = isMembers(object['metadata']) ? object['metadata'] : {};
    const labels = isMembers(metadata['labels']) ? metadata['labels'] : {};
    return pairs.every(([key = '', value]) => labels[key] === value);
  };
}

function watch(
  { store, held }: Parts,
  { url, response }: Call,
  wanted: (event: WatchEvent) => boolean,
): void {
  const from = Number(url.searchParams.get('resourceVersion') ?? 0);
  const write = (type: string, object: Members) =>
    void response.write(`${JSON.stringify({ type, object })}\n`);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const missed = store.since(from);
  if (missed === null) {
    const expired = new Refusal(410, 'Expired', `too old resource version: ${from} (${store.version()})`);
    write('ERROR', expired.toStatus());
    response.end();
    return;
  }
  for (const event of missed) if (wanted(event)) write(event.type, event.object);
  const stop = store.onEvent((event) => {
    if (!wanted(event)) return;
    const tell = () => write(event.type, event.object);
    if (held.isHeld) held.waiting.push(tell);
    else tell();
  });
  response.on('close', stop);
}

interface Single extends Collection {
  readonly name: string;
  readonly subresource: string;
}

function single(store: ApiStore, { url, request, body }: Call, place: Single): Answer {
  const { subresource } = place;
  const dryRun = url.searchParams.get('dryRun') === 'All';
  const manager = url.searchParams.get('fieldManager') ?? 'unknown';
  switch (request.method) {
    case 'GET':
      return { status: 200, body: store.get(place) };
    case 'PUT':
      return {
        status: 200,
        body: store.write(place, parse(body) as Members, { manager, dryRun, how: 'replace', subresource }),
      };
    case 'DELETE': {
      const options = body === '' ? {} : (JSON.parse(body) as { preconditions?: { uid?: string } });
      const uid = options.preconditions?.uid;
      return { status: 200, body: store.remove(place, { dryRun, ...(uid === undefined ? {} : { uid }) }) };
    }
    case 'PATCH': {
      const patch = parse(body) as Members;
      if (!request.headers['content-type']?.startsWith('application/apply-patch')) {
        return {
          status: 200,
          body: store.write(place, patch, { manager, dryRun, how: 'merge', subresource }),
        };
      }
      if (!url.searchParams.has('fieldManager')) {
        const message = 'Required value: is required for apply patch';
        const cause = { field: 'fieldManager', reason: 'FieldValueRequired', message };
        const what = 'PatchOptions.meta.k8s.io "" is invalid';
        throw new Refusal(422, 'Invalid', `${what}: fieldManager: ${message}`, [cause]);
      }
      const force = url.searchParams.get('force') === 'true';
      const { object, created } = store.apply(place, patch, { manager, force, dryRun });
      return { status: created ? 201 : 200, body: object };
    }
    default:
      throw new Refusal(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
  }
}
