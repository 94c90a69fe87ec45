import type { DatabaseSettings } from './settings.ts';

/*
 * The logins of clients, for a shell in the server's own container: there the server lets its clients in as the image set it up, and
 * passwords are where the image expects them. They reach clients through their environment or a file, never as an argument.
 */

/** One argument for a shell, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `secret A B` prints the first of these variables that is set, or the file that `A_FILE` names. */
const SECRET =
  'secret() { for name in "$@"; do ' +
  'eval "value=\\${$name:-} file=\\${${name}_FILE:-}"; ' +
  'if [ -n "$value" ]; then printf %s "$value"; return; fi; ' +
  'if [ -n "$file" ]; then cat "$file"; return; fi; done; }';

const PASSWORDS = {
  postgres: 'POSTGRES_PASSWORD POSTGRESQL_PASSWORD',
  mysql: 'MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD',
  mongodb: 'MONGO_INITDB_ROOT_PASSWORD',
  redis: 'REDIS_PASSWORD',
} as const;

/** Sets `$password` and defines what the scripts share. */
function readPassword({ kind, passwordFile, passwordEnv }: DatabaseSettings): string {
  const read =
    passwordFile === undefined ? `secret ${passwordEnv ?? PASSWORDS[kind]}` : `cat ${quote(passwordFile)}`;
  return `${SECRET}; password=$(${read})`;
}

/** The beginning of every script of a kind: variables, and `$client` where a kind has several. */
export function login(settings: DatabaseSettings): string {
  const { kind, user } = settings;
  const password = readPassword(settings);
  switch (kind) {
    case 'postgres': {
      const name = user === undefined ? '"${POSTGRES_USER:-postgres}"' : quote(user);
      return `${password}; PGUSER=${name}; export PGUSER; if [ -n "$password" ]; then PGPASSWORD=$password; export PGPASSWORD; fi`;
    }
    case 'mysql':
      return `${password}; MYSQL_PWD=$password; export MYSQL_PWD; user=${user === undefined ? 'root' : quote(user)}; client=mariadb; command -v $client >/dev/null || client=mysql`;
    case 'mongodb': {
      const name = user === undefined ? '$(secret MONGO_INITDB_ROOT_USERNAME)' : quote(user);
      return `${password}; user=${name}`;
    }
    case 'redis': {
      const name = user === undefined ? '' : `; set -- --user ${quote(user)}`;
      return `${password}; if [ -n "$password" ]; then REDISCLI_AUTH=$password; export REDISCLI_AUTH; fi; client=redis-cli; command -v $client >/dev/null || client=valkey-cli${name}`;
    }
    default:
      return kind satisfies never;
  }
}
