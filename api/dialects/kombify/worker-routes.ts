import type { WorkerView } from '../../../reconciler/index.ts';
import { created, defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { getWorker, registerWorker, unregisterWorker } from '../../operations/workers.ts';
import type { PageQuery } from '../../http/page.ts';
import { pageParameters, takePage } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { refer } from './schemas.ts';

const TAG = 'Workers';
const DEFAULT_PER_PAGE = 20;
const BYTES_PER_GB = 2 ** 30;
const WORKER_ID = { id: 'Id or name of the worker.' };

interface WorkerBody {
  readonly name: string;
  readonly connection: object;
  readonly [key: string]: unknown;
}

const path = (description: string) => ({ type: 'string', minLength: 1, description });

const registerBody = shape<WorkerBody>({
  type: 'object',
  required: ['name', 'connection'],
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 63,
      pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
    },
    description: { type: 'string' },
    type: { type: 'string', description: 'docker, bare-metal or hypervisor. Default docker.' },
    labels: { type: 'object' },
    connection: {
      type: 'object',
      required: ['host'],
      additionalProperties: false,
      properties: {
        host: path('localhost, unix:///path, tcp://host:port, or a host that is reached over SSH.'),
        port: { type: 'integer', minimum: 1, maximum: 65_535 },
        user: path('SSH user. Default root.'),
        ssh_key: path('Path of the private key on the machine that Kombinator runs on.'),
        tls: {
          type: 'object',
          required: ['ca', 'cert', 'key'],
          additionalProperties: false,
          properties: { ca: path('Path.'), cert: path('Path.'), key: path('Path.') },
        },
      },
    },
  },
});

interface WorkerQuery extends PageQuery {
  readonly status?: WorkerView['status'];
  readonly q?: string;
}

const listQuery = shape<WorkerQuery>({
  type: 'object',
  properties: {
    status: { enum: ['online', 'offline', 'unknown'] },
    q: {
      type: 'string',
      maxLength: 200,
      description: 'A part of the name or the address, whatever its case.',
    },
    ...pageParameters(1000),
  },
});

function isNamed({ name, address }: WorkerView, text: string): boolean {
  return `${name}\n${address}`.toLowerCase().includes(text.toLowerCase());
}

export const workerRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/workers',
    id: 'listWorkers',
    tag: TAG,
    summary: 'List registered workers',
    description: 'Shared nodes and the nodes of all stacks. All of them, unless a page is asked for.',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('Workers by name.', listSchema('workers', refer('Worker'))) },
    handle({ query }, { reconciler }: ApiDeps) {
      const { status, q = '' } = query;
      const found = reconciler
        .listWorkers()
        .filter((worker) => (status === undefined || worker.status === status) && isNamed(worker, q));
      const { items, pagination } = takePage(found, query, DEFAULT_PER_PAGE);
      return ok({ workers: items.map(toWorker), pagination });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/workers',
    id: 'registerWorker',
    tag: TAG,
    summary: 'Register a new worker',
    description: 'A commit that adds nodes/<name>.yaml, which stacks can then refer to by name.',
    access: 'admin',
    body: { json: registerBody },
    responses: { 201: answers('The worker.', refer('Worker')) },
    async handle({ body, identity }, deps: ApiDeps) {
      const { worker, file } = await registerWorker(deps, body.name, { type: 'docker', ...body }, identity);
      return created(worker === null ? toUnreadWorker(body.name, file) : toWorker(worker));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/workers/:id',
    id: 'getWorker',
    tag: TAG,
    summary: 'Get worker status and details',
    access: 'viewer',
    params: WORKER_ID,
    responses: { 200: answers('The worker.', refer('Worker')) },
    handle: ({ params }, deps: ApiDeps) => ok(toWorker(getWorker(deps, params['id'] ?? ''))),
  }),
  defineRoute({
    method: 'DELETE',
    path: '/workers/:id',
    id: 'unregisterWorker',
    tag: TAG,
    summary: 'Unregister a worker',
    description: 'A commit that removes its file. Refused while stacks refer to it.',
    access: 'admin',
    params: WORKER_ID,
    responses: { 200: answers('The commit that removed it.', refer('Removal')) },
    async handle({ params, identity }, deps: ApiDeps) {
      const { worker, commit, file } = await unregisterWorker(deps, params['id'] ?? '', identity);
      return ok({ id: worker?.id, name: worker?.name, status: 'deleting', commit, file });
    },
  }),
];

export function toWorker({ facts, lastSeen, ...worker }: WorkerView) {
  return {
    id: worker.id,
    name: worker.name,
    status: worker.status,
    last_seen: lastSeen,
    resources: {
      cpu_cores: facts?.cpuCores ?? null,
      memory_gb: toGigabytes(facts?.memoryBytes),
      disk_gb: toGigabytes(facts?.diskBytes),
    },
    address: worker.address,
    hostname: facts?.hostname ?? null,
    docker_version: facts?.engineVersion ?? null,
    os: facts?.os ?? null,
    arch: facts?.arch ?? null,
    stacks: worker.stacks,
    message: worker.message,
    file: worker.file,
  };
}

function toGigabytes(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : Math.round(bytes / BYTES_PER_GB);
}

/** Committed, but the repository could not be read again yet. Its name serves as an id, too. */
function toUnreadWorker(name: string, file: string) {
  const message = 'committed; the repository has not been read again yet';
  return {
    ...toWorker({
      id: name,
      name,
      address: '',
      status: 'unknown',
      lastSeen: null,
      facts: null,
      stacks: [],
      message,
      file,
    }),
    status: 'pending',
  };
}
