import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatSize } from '../../../api/text/databases.ts';
import { databaseKind } from '../../../reconciler/database/settings.ts';
import { parseStatus, statusCommand } from '../../../reconciler/database/status.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

describe('databaseKind', () => {
  it.each([
    ['postgres', 'postgres'],
    ['docker.io/library/postgres:16-alpine', 'postgres'],
    ['registry.example.org:5000/team/postgis:16@sha256:abc', 'postgres'],
    ['mariadb:11', 'mysql'],
    ['mongo', 'mongodb'],
    ['valkey/valkey:8', 'redis'],
    ['postgres-exporter:1', null],
    ['constructor', null],
    ['nginx', null],
    ['', null],
  ])('%s is %s', (image, kind) => expect(databaseKind(image)).toBe(kind));
});

describe('parseStatus', () => {
  const app = (sizeBytes: number | null, connections: number | null) => ({
    name: 'app',
    sizeBytes,
    connections,
  });
  it.each([
    [
      'postgres',
      'app|7864320|2\nodd|name|1|0\n',
      [app(7_864_320, 2), { name: 'odd|name', sizeBytes: 1, connections: 0 }],
      2,
    ],
    ['mysql', 'app\t16384\t1\n', [app(16_384, 1)], 1],
    ['mongodb', 'a warning\n{"sizes":{"app":40960},"connections":3}\n', [app(40_960, null)], 3],
    [
      'redis',
      '# Memory\r\nused_memory:1048576\r\nconnected_clients:4\r\n# Keyspace\r\ndb0:keys=1,expires=0\r\n',
      [{ name: 'db0', sizeBytes: 1_048_576, connections: null }],
      4,
    ],
    ['redis', 'used_memory:10\n', [], null],
  ] as const)('reads what %s prints', (kind, output, databases, connections) => {
    expect(parseStatus(kind, output)).toEqual({ databases, connections });
  });

  it.each([
    ['postgres', 'psql: error'],
    ['mysql', 'ERROR 1045'],
    ['mongodb', 'MongoServerError: Authentication failed'],
    ['mongodb', '{"sizes":{}}'],
    ['redis', 'NOAUTH Authentication required.'],
  ] as const)('knows that %s did not answer: %s', (kind, output) => {
    expect(parseStatus(kind, output)).toBeNull();
  });
});

describe('statusCommand', () => {
  /** Clients that print their name, arguments and the variables that the command may set. */
  function runWith(
    clients: readonly string[],
    env: Record<string, string>,
    kind: 'postgres' | 'mysql' | 'redis',
  ) {
    const directory = mkdtempSync(join(tmpdir(), 'kombinator-clients-'));
    try {
      for (const client of clients) {
        const script = `#!/bin/sh\necho "${client} [$MYSQL_PWD$REDISCLI_AUTH] $PGUSER $*"\n`;
        writeFileSync(join(directory, client), script, { mode: 0o755 });
      }
      const [program = '', ...args] = statusCommand({ kind });
      const path = `${directory}:/usr/bin:/bin`;
      return execFileSync(program, args, { env: { PATH: path, ...env }, encoding: 'utf8' }).trim();
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  it.each([
    {
      kind: 'postgres',
      clients: ['psql'],
      env: {},
      said: /^psql \[\] postgres -X -A -t -F \| -d postgres -c select/,
    },
    {
      kind: 'postgres',
      clients: ['psql'],
      env: { POSTGRES_USER: "o'neil x" },
      said: /^psql \[\] o'neil x -X/,
    },
    {
      kind: 'mysql',
      clients: ['mariadb'],
      env: { MARIADB_ROOT_PASSWORD: 'a b' },
      said: /^mariadb \[a b\] {2}-u root/,
    },
    {
      kind: 'mysql',
      clients: ['mysql'],
      env: { MYSQL_ROOT_PASSWORD: 'pw' },
      said: /^mysql \[pw\] {2}-u root/,
    },
    {
      kind: 'redis',
      clients: ['valkey-cli'],
      env: { REDIS_PASSWORD: 'pw' },
      said: /^valkey-cli \[pw\] {2}info memory\n/,
    },
  ] as const)('is a script that a shell understands: $kind, $clients', ({ kind, clients, env, said }) => {
    expect(runWith(clients, env, kind)).toMatch(said);
  });
});

describe('databases', () => {
  const SERVICES = { web: 'image: "nginx:1.29"', db: 'image: "postgres:16"' };

  it('tells of every server what it says of itself, or why it does not', async () => {
    await using rig = createRig();
    rig.engine().control.engine.images.add('postgres:16');
    rig.source.push({ [file('shop')]: stack('shop', SERVICES), [file('blog')]: stack('blog', SERVICES) });
    await rig.apply('shop');
    await rig.apply('blog');
    const { control } = rig.engine();
    control.program = () => ({ exitCode: 0, stdout: 'app|10|1\n', stderr: '' });
    control.stop('blog', container('db'));
    await rig.reconciler.observe('blog', new AbortController().signal);

    const server = { service: 'db', node: 'local', kind: 'postgres', image: 'postgres:16' };
    expect(await rig.reconciler.databases(new AbortController().signal)).toEqual([
      {
        stack: 'blog',
        ...server,
        status: 'stopped',
        databases: [],
        connections: null,
        error: 'it does not run (stopped)',
      },
      {
        stack: 'shop',
        ...server,
        status: 'healthy',
        databases: [{ name: 'app', sizeBytes: 10, connections: 1 }],
        connections: 1,
        error: null,
      },
    ]);
    control.program = () => ({ exitCode: 2, stdout: '', stderr: 'a notice\npsql: error: no such role\n' });
    const [, failed] = await rig.reconciler.databases(new AbortController().signal);
    expect(failed?.error).toBe('its client ended with 2: psql: error: no such role');
  });
});

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1 KiB'],
  [7_864_320, '7.5 MiB'],
  [5 * 2 ** 50, '5120 TiB'],
])('writes %i bytes as %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));
