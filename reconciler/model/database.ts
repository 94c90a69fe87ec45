import { asFields } from './values.ts';

export type DatabaseKind = 'postgres' | 'mysql' | 'mongodb' | 'redis';

/** One database of a server. */
export interface DatabaseSize {
  readonly name: string;
  /** `null` where the server does not tell. */
  readonly sizeBytes: number | null;
  /** Open connections to it; `null` where the server does not tell. */
  readonly connections: number | null;
}

export interface DatabaseReport {
  readonly databases: readonly DatabaseSize[];
  /** Open connections in all. */
  readonly connections: number | null;
}

/** By the last part of an image's name. */
const KINDS: Readonly<Record<string, DatabaseKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  postgis: 'postgres',
  pgvector: 'postgres',
  timescaledb: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  percona: 'mysql',
  mongo: 'mongodb',
  mongodb: 'mongodb',
  redis: 'redis',
  valkey: 'redis',
};

/** What kind of database an image holds, `null` when none that is known. */
export function databaseKind(image: string): DatabaseKind | null {
  const name = image.split('@', 1)[0]?.split('/').at(-1)?.split(':', 1)[0] ?? '';
  return Object.hasOwn(KINDS, name) ? (KINDS[name] ?? null) : null;
}

const POSTGRES =
  'select d.datname, pg_database_size(d.datname), (select count(*) from pg_stat_activity a where a.datname = d.datname) ' +
  'from pg_database d where not d.datistemplate order by 1';
const MYSQL =
  "select s.schema_name, coalesce((select sum(t.data_length + t.index_length) from information_schema.tables t where t.table_schema = s.schema_name), 0), (select count(*) from information_schema.processlist p where p.db = s.schema_name) from information_schema.schemata s where s.schema_name not in ('information_schema', 'performance_schema', 'sys') order by 1";
const MONGODB =
  'const s = {}; db.adminCommand({ listDatabases: 1 }).databases.forEach((d) => { s[d.name] = Number(d.sizeOnDisk); }); ' +
  'print(JSON.stringify({ sizes: s, connections: Number(db.serverStatus().connections.current) }))';

/**
 * What asks a server about itself, for a shell in its own container: there the server lets its clients in as the image set it up, and
 * passwords are where the image expects them, so none is passed on or printed.
 */
const STATUS_SCRIPTS: Readonly<Record<DatabaseKind, string>> = {
  postgres: `exec psql -X -A -t -F '|' -U "\${POSTGRES_USER:-postgres}" -d postgres -c "${POSTGRES}"`,
  mysql:
    'client=mariadb; command -v $client >/dev/null || client=mysql; ' +
    'secret() { if [ -n "$1" ]; then echo "$1"; elif [ -n "$2" ]; then cat "$2"; fi; }; ' +
    'MYSQL_PWD=$(secret "${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}" "${MARIADB_ROOT_PASSWORD_FILE:-$MYSQL_ROOT_PASSWORD_FILE}"); ' +
    `export MYSQL_PWD; exec $client -u root -N -B -e "${MYSQL}"`,
  mongodb:
    'client=mongosh; command -v $client >/dev/null || client=mongo; ' +
    'if [ -n "$MONGO_INITDB_ROOT_USERNAME" ]; then set -- -u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD" --authenticationDatabase admin; fi; ' +
    `exec $client --quiet "$@" --eval '${MONGODB}'`,
  redis:
    'client=redis-cli; command -v $client >/dev/null || client=valkey-cli; ' +
    'if [ -n "$REDIS_PASSWORD" ]; then export REDISCLI_AUTH="$REDIS_PASSWORD"; fi; ' +
    'for part in memory clients keyspace; do $client info $part || exit 1; done',
};

/** The program to run in the container of a server. */
export function statusCommand(kind: DatabaseKind): readonly string[] {
  return ['sh', '-c', STATUS_SCRIPTS[kind]];
}

/** What the program printed; `null` when that is not what is expected of it. */
export function parseStatus(kind: DatabaseKind, output: string): DatabaseReport | null {
  switch (kind) {
    case 'postgres':
      return parseRows(output, '|');
    case 'mysql':
      return parseRows(output, '\t');
    case 'mongodb':
      return parseMongo(output);
    case 'redis':
      return parseRedis(output);
    default:
      return kind satisfies never;
  }
}

/** `name|bytes|connections` in each line. */
function parseRows(output: string, separator: string): DatabaseReport | null {
  const databases = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): DatabaseSize | null => {
      const cells = line.trim().split(separator);
      const [sizeBytes, connections] = cells.slice(-2).map(Number);
      if (cells.length < 3 || !Number.isFinite(sizeBytes) || !Number.isFinite(connections)) return null;
      const name = cells.slice(0, -2).join(separator);
      return { name, sizeBytes: sizeBytes ?? null, connections: connections ?? null };
    });
  const known = databases.filter((database) => database !== null);
  if (known.length < databases.length) return null;
  return {
    databases: known,
    connections: known.reduce((sum, { connections }) => sum + (connections ?? 0), 0),
  };
}

function parseMongo(output: string): DatabaseReport | null {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    const answer = asFields(JSON.parse(line));
    const sizes = Object.entries(asFields(answer?.['sizes']) ?? {});
    const connections = answer?.['connections'];
    if (answer === undefined || typeof connections !== 'number') return null;
    const databases = sizes.map(([name, size]): DatabaseSize => {
      return { name, sizeBytes: typeof size === 'number' ? size : null, connections: null };
    });
    return { databases: databases.sort((a, b) => (a.name < b.name ? -1 : 1)), connections };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `db0:keys=3,expires=0` under the keyspace; the memory is that of all databases together. */
function parseRedis(output: string): DatabaseReport | null {
  const read = (key: string) => new RegExp(`^${key}:(\\d+)\\r?$`, 'm').exec(output)?.[1];
  const memory = read('used_memory');
  if (memory === undefined) return null;
  const names = [...output.matchAll(/^(db\d+):keys=/gm)].map(([, name = '']) => name);
  const only = names.length === 1 ? Number(memory) : null;
  const clients = read('connected_clients');
  return {
    databases: names.map((name) => ({ name, sizeBytes: only, connections: null })),
    connections: clients === undefined ? null : Number(clients),
  };
}
