import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerTarget } from '../../../reconciler/adapters/docker/index.ts';
import { buildLabels } from '../../../reconciler/adapters/docker/labels.ts';
import { resourcesOf, REVISION, TARGET } from '../docker/docker-resources.ts';
import { realClock, silentLogger } from '../docker/target-options.ts';

/*
 * An engine that means harm: it answers as a real one would for a stack that runs, but for the calls that a test makes up. It is made of sockets and
 * bytes, so that all of the client is in between.
 */

export const STACK = 'shop';
const ID = 'c'.repeat(64);
const NETWORK_ID = 'd'.repeat(64);
const IMAGE_ID = `sha256:${'e'.repeat(64)}`;
const STARTED = '2026-01-01T00:00:00Z';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A call of the API, as `GET /containers/*\/json`: of a path whose parts are given, or any. */
export type Call = `${'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'} /${string}`;

export function resourcesOfShop() {
  const make = resourcesOf(STACK);
  const image = make.image('web:1', 'always');
  const network = make.network('default');
  const volume = make.volume('data');
  const container = make.container('web', {
    image: 'web:1',
    networks: { shop_default: { aliases: [] } },
    mounts: [{ type: 'volume', source: 'shop_data', target: '/data' }],
  });
  return { image, network, volume, container, all: [image, network, volume, container] };
}

function labelsOf(desired: ReturnType<typeof resourcesOfShop>['container']): Record<string, string> {
  return buildLabels({ stack: STACK, revision: REVISION, branch: 'main', desired });
}

const ATTACHED = { shop_default: { NetworkID: NETWORK_ID, Aliases: ['web'], IPAMConfig: null } };
const MOUNTS = [{ Type: 'volume', Name: 'shop_data', Destination: '/data' }];

/** The container of the stack as the engine tells of it, with another state than that of one that runs. */
export function inspectedShop(state: object = {}): object {
  return {
    Id: ID,
    Name: '/shop-web-1',
    Created: STARTED,
    Image: IMAGE_ID,
    RestartCount: 1,
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Dead: false,
      StartedAt: STARTED,
      FinishedAt: '0001-01-01T00:00:00Z',
      ExitCode: 0,
      Error: '',
      OOMKilled: false,
      ...state,
    },
    HostConfig: { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
    Config: { Labels: labelsOf(resourcesOfShop().container), Env: ['A=b'], Tty: false },
    NetworkSettings: { Networks: ATTACHED },
    Mounts: MOUNTS,
  };
}

/** Answers of an engine on which the stack runs. */
function plainAnswers(): Readonly<Record<Call, unknown>> {
  const { container, network, volume } = resourcesOfShop();
  const image = { Id: IMAGE_ID, RepoTags: ['web:1'], RepoDigests: [], Os: 'linux', Architecture: 'amd64' };
  const listed = {
    Id: ID,
    Names: ['/shop-web-1'],
    Image: 'web:1',
    ImageID: IMAGE_ID,
    Created: 1_767_225_600,
    State: 'running',
    Status: 'Up',
    Ports: [],
    Labels: labelsOf(container),
    NetworkSettings: { Networks: ATTACHED },
    Mounts: MOUNTS,
  };
  const net = {
    Id: NETWORK_ID,
    Name: 'shop_default',
    Created: STARTED,
    Driver: 'bridge',
    Labels: labelsOf(network),
  };
  return {
    'GET /version': { ApiVersion: '1.41', MinAPIVersion: '1.24' },
    'GET /info': {
      ID: 'x',
      Name: 'n',
      NCPU: 2,
      MemTotal: 1,
      SystemTime: STARTED,
      DockerRootDir: '/var/lib/docker',
    },
    'GET /containers/json': [listed],
    'GET /containers/*/json': inspectedShop(),
    'GET /containers/*/logs': '',
    'GET /containers/*/archive': '',
    'HEAD /containers/*/archive': '',
    'GET /networks': [net],
    'GET /networks/*': { ...net, Containers: {}, IPAM: { Config: [] } },
    'GET /volumes': { Volumes: [{ Name: 'shop_data', Driver: 'local', Labels: labelsOf(volume) }] },
    'GET /volumes/*': { Name: 'shop_data', Driver: 'local', Labels: labelsOf(volume) },
    'GET /images/json': [],
    'GET /images/*/json': image,
    'GET /distribution/*/json': { Descriptor: { digest: `sha256:${'f'.repeat(64)}` } },
    'GET /events': '',
    'POST /images/create': '',
    'POST /containers/create': { Id: ID, Warnings: [] },
    'POST /containers/*/exec': { Id: 'f'.repeat(64) },
    'POST /exec/*/start': '',
    'GET /exec/*/json': { ExitCode: 0, Running: false },
  };
}

/** Calls that have an answer worth reading. */
export const CALLS = Object.keys(plainAnswers()) as readonly Call[];

export function isCall(call: Call, request: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  const [method, pattern = ''] = call.split(' ');
  const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^\/v[\d.]+/, '');
  const matches = new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`).test(path);
  return method === request.method && matches;
}

/** A target on an engine that answers some calls as it is told. */
export async function hostileEngine(odd: Readonly<Record<Call, Answer>>, clock = realClock) {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-hostile-'));
  const path = join(directory, 'engine.sock');
  const plain = Object.entries(plainAnswers()) as readonly [Call, unknown][];
  const server = createServer((request, response) => {
    const [, answer] = Object.entries(odd).find(([call]) => isCall(call as Call, request)) ?? [];
    if (answer !== undefined) return answer(request, response);
    const found = plain.find(([call]) => isCall(call, request));
    const text = typeof found?.[1] === 'string' ? found[1] : JSON.stringify(found?.[1] ?? {});
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const target = createDockerTarget({
    name: TARGET,
    connection: { type: 'unix', path },
    clock,
    logger: silentLogger,
    environment: {},
  });
  return {
    target,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}
