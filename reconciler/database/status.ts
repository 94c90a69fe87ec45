import { asFields } from '../base/values.ts';
import { login } from './login.ts';
import type { DatabaseKind, DatabaseSettings } from './settings.ts';

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

const POSTGRES =
  'select d.datname, pg_database_size(d.datname), (select count(*) from pg_stat_activity a where a.datname = d.datname) ' +
  'from pg_database d where not d.datistemplate order by 1';
const MYSQL =
  "select s.schema_name, coalesce((select sum(t.data_length + t.index_length) from information_schema.tables t where t.table_schema = s.schema_name), 0), (select count(*) from information_schema.processlist p where p.db = s.schema_name) from information_schema.schemata s where s.schema_name not in ('information_schema', 'performance_schema', 'sys') order by 1";
/** The older of the two shells has no `process`. */
const MONGODB =
  'const variable = (name) => (typeof process === "undefined" ? _getEnv(name) : process.env[name]) || ""; ' +
  'if (variable("user") !== "") db.getSiblingDB("admin").auth(variable("user"), variable("password")); ' +
  'const s = {}; db.adminCommand({ listDatabases: 1 }).databases.forEach((d) => { s[d.name] = Number(d.sizeOnDisk); }); ' +
  'print(JSON.stringify({ sizes: s, connections: Number(db.serverStatus().connections.current) }))';

const STATUS_SCRIPTS: Readonly<Record<DatabaseKind, string>> = {
  postgres: `exec psql -X -A -t -F '|' -d postgres -c "${POSTGRES}"`,
  mysql: `exec $client -u "$user" -N -B -e "${MYSQL}"`,
  mongodb:
    'export user password; client=mongosh; command -v $client >/dev/null || client=mongo; ' +
    `exec $client --quiet --eval '${MONGODB}'`,
  redis: 'for part in memory clients keyspace; do $client "$@" info $part || exit 1; done',
};

/** Returns the program to run in a server's container that asks it about itself. */
export function statusCommand(settings: DatabaseSettings): readonly string[] {
  return ['sh', '-c', `${login(settings)}; ${STATUS_SCRIPTS[settings.kind]}`];
}

/** Reads what the program printed; `null` when that is not what is expected of it. */
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
