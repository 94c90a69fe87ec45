import { login, quote } from './login.ts';
import { MYSQL_USERS } from './mysql-users.ts';
import { dumpPostgres, POSTGRES_HEADER, restorePostgres } from './postgres.ts';
import type { DatabaseKind, DatabaseSettings } from './settings.ts';

const MYSQL_HEADER = '-- Kombinator backup: mysql\n';

/** First bytes of each kind of dump, and the ending of its file's name. */
const FORMATS: Readonly<Record<DatabaseKind, { readonly magic: Buffer; readonly ending: string }>> = {
  postgres: { magic: Buffer.from(POSTGRES_HEADER), ending: 'sql' },
  mysql: { magic: Buffer.from(MYSQL_HEADER), ending: 'sql' },
  mongodb: { magic: Buffer.from('6de29981', 'hex'), ending: 'archive' },
  redis: { magic: Buffer.from('REDIS'), ending: 'rdb' },
};

export const DUMP_ENDINGS: readonly string[] = [
  ...new Set(Object.values(FORMATS).map(({ ending }) => ending)),
];

export function dumpEnding(kind: DatabaseKind): string {
  return FORMATS[kind].ending;
}

/** Tells whether these first bytes are of a dump of this kind; 64 of them are enough. */
export function isDump(kind: DatabaseKind, start: Uint8Array): boolean {
  const { magic } = FORMATS[kind];
  return magic.equals(start.subarray(0, magic.length));
}

/** A restore that fails before its end leaves these as they were. */
export function restoresAtOnce(kind: DatabaseKind): boolean {
  return kind === 'postgres' || kind === 'redis';
}

/** Prints a dump of the server: the program that run/backups/dump-server.ts runs in its container. */
export function dumpCommand(settings: DatabaseSettings): readonly string[] {
  return ['sh', '-c', `${login(settings)}\n${dumpScript(settings)}`];
}

/** Reads a dump of so many bytes and puts it into the server, in place of what is there. */
export function restoreCommand(settings: DatabaseSettings, bytes: number): readonly string[] {
  return ['sh', '-c', `${login(settings)}\n${restoreScript(settings, bytes)}`];
}

function dumpScript(settings: DatabaseSettings): string {
  const { kind, database } = settings;
  switch (kind) {
    case 'postgres':
      return dumpPostgres(settings);
    case 'mysql':
      return dumpMysql(database);
    case 'mongodb':
      return withMongoLogin(
        `mongodump --quiet --archive${database === undefined ? '' : ` --db ${quote(database)}`}`,
      );
    case 'redis':
      return '$client "$@" --rdb - || exit 1';
    default:
      return kind satisfies never;
  }
}

function restoreScript({ kind }: DatabaseSettings, bytes: number): string {
  switch (kind) {
    case 'postgres':
      return restorePostgres(bytes);
    case 'mysql':
      return `head -c ${bytes} | $client -u "$user"`;
    case 'mongodb':
      return withMongoLogin(`mongorestore --quiet --archive --drop`, `head -c ${bytes} | `);
    case 'redis':
      return restoreRedis(bytes);
    default:
      return kind satisfies never;
  }
}

/** Each database is dropped and made anew. Of a whole server, users and their rights come with it: those that are there keep their passwords. */
function dumpMysql(database: string | undefined): string {
  const system = "'information_schema', 'performance_schema', 'sys', 'mysql'";
  const names =
    database === undefined
      ? `names=$($client -u "$user" -N -B -e "select schema_name from information_schema.schemata where schema_name not in (${system}) order by 1") || exit 1`
      : `names=${quote(database)}`;
  return `dump=mariadb-dump; command -v $dump >/dev/null || dump=mysqldump
${names}
printf '%s' ${quote(MYSQL_HEADER)}
set -f
IFS='
'
if [ -n "$names" ]; then
  $dump -u "$user" --single-transaction --quick --routines --events --triggers --hex-blob --add-drop-database --databases -- $names || exit 1
fi
${database === undefined ? MYSQL_USERS : ''}`;
}

/** The tools take a password from a file only, or as an argument, which everybody on the machine can read. */
function withMongoLogin(command: string, input = ''): string {
  return `umask 077
set --
if [ -n "$user" ]; then
  file=$(mktemp) || exit 1
  trap 'rm -f "$file"' EXIT
  printf 'password: "%s"\\n' "$(printf %s "$password" | sed 's/[\\\\"]/\\\\&/g')" >"$file"
  set -- --config "$file" --username "$user" --authenticationDatabase admin
fi
${input}${command} "$@"
`;
}

/**
 * A second server, on loopback and for the time of the restore, reads the dump; the first one becomes its replica until it has everything.
 * So it works with and without an append-only file, and what was there goes only once the whole dump has been read.
 */
function restoreRedis(bytes: number): string {
  return `umask 077
role=$($client "$@" info replication) || exit 1
case "$role" in *role:slave*) echo 'it is a replica: restore its master' >&2; exit 1;; esac
server=redis-server; command -v $server >/dev/null || server=valkey-server
folder=$(mktemp -d) || exit 1
finish() { kill "$second" 2>/dev/null; rm -rf "$folder"; }
trap finish EXIT
head -c ${bytes} >"$folder/dump.rdb" || exit 1
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
port=$((20000 + $$ % 10000))
printf '%s\\n' "port $port" 'bind 127.0.0.1' "requirepass $key" 'save ""' "dir $folder" 'dbfilename dump.rdb' 'daemonize no' | $server - >"$folder/log" 2>&1 &
second=$!
ask() { REDISCLI_AUTH=$key $client -p "$port" --no-auth-warning "$@" 2>/dev/null; }
until [ "$(ask ping)" = PONG ]; do
  kill -0 "$second" 2>/dev/null || { tail -n 3 "$folder/log" >&2; echo 'the server cannot read the dump' >&2; exit 1; }
  sleep 0.2
done
before=$($client "$@" --raw config get masterauth | sed -n 2p)
back() {
  $client "$@" replicaof no one >/dev/null
  printf %s "$before" | $client "$@" -x config set masterauth >/dev/null
}
printf %s "$key" | $client "$@" -x config set masterauth >/dev/null || exit 1
$client "$@" replicaof 127.0.0.1 "$port" >/dev/null || { back "$@"; exit 1; }
while :; do
  state=$($client "$@" info replication) || { back "$@"; exit 1; }
  case "$state" in *master_link_status:up*) break;; esac
  kill -0 "$second" 2>/dev/null || { echo 'the server that read the backup ended' >&2; back "$@"; exit 1; }
  sleep 0.2
done
back "$@"
`;
}
