import { posix } from 'node:path';

/**
 * The walls of the house: which folder may import which others, and which packages and parts of Node. What is not listed is refused;
 * a folder may always import itself. ARCHITECTURE.md draws the same.
 */
interface Room {
  /** Folders or files from the root of the repository. */
  readonly imports: readonly string[];
  /** `'*'`: any. Names stand for their sub-paths as well. */
  readonly packages: readonly string[] | '*';
}

const BASE = 'reconciler/base';
const MODEL = 'reconciler/model';
const DATABASE = 'reconciler/database';
const PODS = 'reconciler/pods';
const CONFIG = 'reconciler/config';
const RENDER = 'reconciler/render';
const PLAN = 'reconciler/plan';
const PORTS = 'reconciler/ports';
const PUBLIC = 'reconciler/public';
const DESIRED = 'reconciler/desired';
const RUN = 'reconciler/run';
const INDEX = 'reconciler/index.ts';

/** Folders that an adapter may know: the words it is spoken to in. Never `config`, never another adapter. */
const CORE_OF_ADAPTERS = [BASE, MODEL, PLAN, PODS, PORTS];
const NODE_IO = ['node:crypto', 'node:fs', 'node:path', 'node:stream', 'node:timers', 'node:util'];
const NODE_NET = ['node:http', 'node:https', 'node:net', 'node:tls', 'node:dgram', 'node:os'];

export const ROOMS: Readonly<Record<string, Room>> = {
  schemas: { imports: [], packages: [] },

  // The pure core: values in, values out.
  [BASE]: { imports: [], packages: ['cron', 'fastest-levenshtein', 'lru-cache', 'node:crypto', 'ulid'] },
  [DATABASE]: { imports: [BASE], packages: [] },
  [PODS]: { imports: [BASE], packages: ['yaml'] },
  [MODEL]: { imports: [BASE, DATABASE], packages: ['node:path', 'node:util'] },
  [CONFIG]: {
    imports: [BASE, DATABASE, MODEL, 'schemas'],
    packages: ['ajv', 'lru-cache', 'node:path', 'semver', 'yaml'],
  },
  [RENDER]: { imports: [BASE, CONFIG, MODEL, PODS], packages: ['yaml'] },
  [PLAN]: { imports: [BASE, MODEL], packages: [] },
  [PORTS]: { imports: [BASE, DATABASE, MODEL, PLAN, PODS], packages: [] },
  [PUBLIC]: { imports: [BASE, DATABASE, MODEL, PLAN, PODS, PORTS], packages: [] },

  // The parts that run on ports only.
  [DESIRED]: {
    imports: [BASE, CONFIG, DATABASE, MODEL, PORTS, RENDER],
    packages: ['lru-cache', 'node:timers', 'picomatch', 'yaml'],
  },
  [RUN]: {
    imports: [BASE, CONFIG, DATABASE, MODEL, PLAN, PODS, PORTS, PUBLIC, RENDER],
    packages: ['node:crypto', 'node:stream', 'node:vm', 'node:zlib', 'semver', 'tar-stream', 'yaml'],
  },

  // The only code that talks to Git, Docker, Kubernetes, SQLite: each with its own SDK.
  'reconciler/adapters/backups': {
    imports: CORE_OF_ADAPTERS,
    packages: [...NODE_IO, 'age-encryption', 'node:child_process'],
  },
  'reconciler/adapters/charts': {
    imports: CORE_OF_ADAPTERS,
    packages: ['node:child_process', 'node:crypto', 'node:fs', 'node:path', 'yaml'],
  },
  'reconciler/adapters/docker': {
    imports: CORE_OF_ADAPTERS,
    packages: [
      ...NODE_IO,
      ...NODE_NET,
      '@grpc/grpc-js',
      'dockerode',
      'lru-cache',
      'protobufjs',
      'ssh2',
      'tar-stream',
    ],
  },
  'reconciler/adapters/git': {
    imports: CORE_OF_ADAPTERS,
    packages: [
      ...NODE_IO,
      ...NODE_NET,
      'chokidar',
      'isomorphic-git',
      'lru-cache',
      'node:child_process',
      'node:url',
      'node:zlib',
    ],
  },
  'reconciler/adapters/kubernetes': {
    imports: CORE_OF_ADAPTERS,
    packages: [...NODE_IO, ...NODE_NET, '@kubernetes/client-node'],
  },
  'reconciler/adapters/hosts': {
    imports: CORE_OF_ADAPTERS,
    packages: [
      '@octokit/auth-app',
      '@octokit/request',
      '@octokit/webhooks-methods',
      'lru-cache',
      'node:crypto',
    ],
  },
  'reconciler/adapters/notifiers': { imports: CORE_OF_ADAPTERS, packages: [...NODE_IO, 'nodemailer'] },
  'reconciler/adapters/secrets': {
    imports: CORE_OF_ADAPTERS,
    packages: [...NODE_IO, 'age-encryption', 'node:child_process', 'yaml'],
  },
  'reconciler/adapters/planners': {
    imports: CORE_OF_ADAPTERS,
    packages: ['node:child_process', 'node:crypto', 'node:fs', 'node:path'],
  },
  'reconciler/adapters/registries': { imports: CORE_OF_ADAPTERS, packages: ['node:crypto'] },
  'reconciler/adapters/vault': { imports: CORE_OF_ADAPTERS, packages: NODE_IO },
  'reconciler/adapters/sqlite': { imports: CORE_OF_ADAPTERS, packages: [...NODE_IO, 'node:sqlite'] },

  // The composition root of the reconciler, and its face.
  'reconciler/daemon': {
    imports: ['reconciler', 'schemas'],
    packages: [...NODE_IO, 'picomatch', 'prom-client', 'yaml'],
  },
  [INDEX]: { imports: ['reconciler'], packages: [] },

  // The examples are written as strangers would write them: from the public surface alone.
  'examples/extending': { imports: [INDEX], packages: NODE_IO },

  'api/text': { imports: [INDEX, 'api/operations'], packages: ['node:util'] },
  'api/operations': { imports: [INDEX], packages: ['node:crypto'] },
  'api/http': {
    imports: [INDEX, 'api/auth'],
    packages: [
      '@koa/router',
      'ajv',
      'ajv-formats',
      'koa',
      'node:crypto',
      'node:events',
      'node:http',
      'node:net',
      'node:stream',
      'lru-cache',
      'raw-body',
      'ws',
    ],
  },
  'api/hooks': {
    imports: [INDEX, 'api/http'],
    packages: ['koa', 'lru-cache', 'node:crypto', 'node:http'],
  },
  'api/sources': { imports: [], packages: ['node:http'] },
  'api/accounts': {
    imports: [INDEX, 'api/auth', 'api/http'],
    packages: ['jose', 'lru-cache', 'node:crypto', 'node:fs', 'node:path', 'openid-client'],
  },
  'api/auth': { imports: [INDEX, 'api/http'], packages: ['jose', 'node:crypto', 'node:fs', 'node:path'] },
  ...Object.fromEntries(
    ['kombify', 'kompose', 'provisioner', 'workflows'].map((dialect) => [
      `api/dialects/${dialect}`,
      {
        imports: [INDEX, 'api/accounts', 'api/auth', 'api/http', 'api/operations', 'api/text'],
        packages: ['node:crypto'],
      },
    ]),
  ),
  // The page: what browsers run, and what hands it to them.
  'api/web': {
    imports: [],
    packages: [
      '@dagrejs/dagre',
      '@preact/signals',
      '@xterm/addon-fit',
      '@xterm/xterm',
      '@xyflow/react',
      'lucide',
      'preact',
      'preact-iso',
      'uplot',
      'yaml',
    ],
  },
  'api/web/vite.config.ts': { imports: [], packages: ['node:process', 'node:url', 'vite'] },
  'api/pages': { imports: [], packages: ['koa', 'node:fs', 'node:path'] },
  'api/app.ts': { imports: ['api', INDEX], packages: ['koa'] },
  'api/index.ts': { imports: ['api'], packages: [] },
  'api/cli': {
    imports: [
      INDEX,
      'api/accounts',
      'api/app.ts',
      'api/auth',
      'api/http',
      'api/operations',
      'api/pages',
      'api/sources',
      'api/text',
      'package.json',
      'schemas',
    ],
    packages: [
      'commander',
      'node:child_process',
      'node:module',
      'node:url',
      'fastest-levenshtein',
      'pino',
      ...NODE_IO,
      ...NODE_NET,
      'node:events',
      'node:process',
      'node:readline',
      'node:sqlite',
      'node:tty',
      'ws',
    ],
  },
};

/** Folders whose files all have to be in a room. */
const WALLED = ['reconciler', 'api', 'schemas', 'examples'];

/**
 * Says why a file may not import something, or `null` when it may.
 * @param file from the root of the repository, with `/`
 * @param specifier as it is written; relative ones are resolved from the file
 */
export function refusalOf(file: string, specifier: string): string | null {
  if (!WALLED.some((folder) => isWithin(file, folder))) return null;
  const place = placeOf(file);
  const room = place === null ? undefined : ROOMS[place];
  if (place === null || room === undefined)
    return `${file} is in no room: give its folder a row in test/lint/layers.ts`;
  if (!specifier.startsWith('.')) {
    if (room.packages === '*' || room.packages.some((name) => isWithin(specifier, name))) return null;
    return `${place} may not use ${specifier}`;
  }
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if ([place, ...room.imports].some((allowed) => isWithin(target, allowed))) return null;
  return `${place} may not import ${target}; it may import ${room.imports.join(', ') || 'nothing else'}`;
}

/** The most special row that a file belongs to. */
function placeOf(file: string): string | null {
  const places = Object.keys(ROOMS).filter((place) => isWithin(file, place));
  return places.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
