import { quote } from './login.ts';
import type { DatabaseSettings } from './settings.ts';

/*
 * A dump of a PostgreSQL server is one SQL script for psql: each database is made anew under a name of ours, and once all of them are there,
 * they take the places of those that the server has, in one transaction. Whatever goes wrong before that leaves the server as it was.
 */

/** Runs SQL and prints bare rows. */
const QUERY = `q() { psql -X -A -t -q -v ON_ERROR_STOP=1 -d template1 -c "$1"; }`;

/** Databases by their ids: names may hold anything. */
function selectDatabases({ database }: DatabaseSettings): string {
  const only = database === undefined ? '' : ` and datname = ${literal(database)}`;
  return `select oid from pg_database where not datistemplate and datallowconn and datname !~ '^kombinator_(restore|old)_'${only} order by datname`;
}

/** Roles that the databases may belong to, for servers that do not have them; with their passwords, if the user may read those. */
const ROLES = `select format('DO $kombinator$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %L) THEN CREATE ROLE %I WITH %s %s %s %s PASSWORD %L; END IF; END $kombinator$;', rolname, rolname, case when rolsuper then 'SUPERUSER' else 'NOSUPERUSER' end, case when rolcanlogin then 'LOGIN' else 'NOLOGIN' end, case when rolcreatedb then 'CREATEDB' else 'NOCREATEDB' end, case when rolcreaterole then 'CREATEROLE' else 'NOCREATEROLE' end, rolpassword) from pg_authid where rolname !~ '^pg_' order by rolname`;

/** Versions differ in the names of the columns about locales, so they are looked for. */
const CREATE = `select format('CREATE DATABASE kombinator_restore_$number WITH TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L CONNECTION LIMIT %s%s;', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit, case when to_jsonb(d) ->> 'datlocprovider' = 'i' then format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')) else '' end) from pg_database d where oid = $oid`;

/** Settings and rights that belong to the database itself. */
const PROPERTIES = `select format('ALTER DATABASE %I SET %s = %L;', datname, split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)) from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0, unnest(s.setconfig) entry where d.oid = $oid and split_part(entry, '=', 1) not in ('search_path', 'session_preload_libraries', 'local_preload_libraries', 'temp_tablespaces') union all select format('ALTER DATABASE %I SET %s = %s;', datname, split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)) from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0, unnest(s.setconfig) entry where d.oid = $oid and split_part(entry, '=', 1) in ('search_path', 'session_preload_libraries', 'local_preload_libraries', 'temp_tablespaces') union all select format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', datname) from pg_database where oid = $oid and datacl is not null union all select format('GRANT %s ON DATABASE %I TO %s%s;', privilege_type, datname, case when grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end, case when is_grantable then ' WITH GRANT OPTION' else '' end) from pg_database d, aclexplode(d.datacl) where oid = $oid`;

/** Sessions of applications come back at once, so it is tried again until nobody is there for a moment. */
const TAKE_PLACE = `CREATE OR REPLACE FUNCTION pg_temp.kombinator_rename(before text, after text) RETURNS void LANGUAGE plpgsql AS $kombinator$
BEGIN
  FOR attempt IN 1..20 LOOP
    PERFORM pg_stat_clear_snapshot();
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = before AND pid <> pg_backend_pid();
    BEGIN
      EXECUTE format('ALTER DATABASE %I RENAME TO %I', before, after);
      RETURN;
    EXCEPTION WHEN object_in_use THEN
      IF attempt = 20 THEN RAISE; END IF;
    END;
  END LOOP;
END $kombinator$;
CREATE OR REPLACE FUNCTION pg_temp.kombinator_take_place(number int, name text) RETURNS void LANGUAGE plpgsql AS $kombinator$
BEGIN
  IF EXISTS (SELECT FROM pg_database WHERE datname = name) THEN
    PERFORM pg_temp.kombinator_rename(name, 'kombinator_old_' || number);
  END IF;
  PERFORM pg_temp.kombinator_rename('kombinator_restore_' || number, name);
END $kombinator$;`;

/** First line of the file, which a restore looks for. */
export const POSTGRES_HEADER = '-- Kombinator backup: postgres\n';

export function dumpPostgres(settings: DatabaseSettings): string {
  const missing =
    settings.database === undefined
      ? ''
      : `[ -n "$oids" ] || { echo ${quote(`there is no database ${settings.database}`)} >&2; exit 1; }`;
  return `${QUERY}
oids=$(q ${quote(selectDatabases(settings))}) || exit 1
${missing}
printf '%s\\n' '-- Kombinator backup: postgres' '\\set ON_ERROR_STOP on' 'SET client_min_messages = warning;'
if [ "$(q 'select rolsuper from pg_roles where rolname = current_user')" = t ]; then q ${quote(ROLES)} || exit 1; fi
number=0
for oid in $oids; do
  number=$((number + 1))
  PGDATABASE=$(q "select datname from pg_database where oid = $oid") || exit 1
  export PGDATABASE
  printf '%s\\n' "DROP DATABASE IF EXISTS kombinator_restore_$number;" "DROP DATABASE IF EXISTS kombinator_old_$number;"
  q "${inDoubleQuotes(CREATE)}" || exit 1
  printf '%s\\n' "\\\\connect kombinator_restore_$number" 'SET client_min_messages = warning;'
  pg_dump || exit 1
  printf '%s\\n' '\\connect template1' 'SET client_min_messages = warning;'
done
cat <<'END' || exit 1
${TAKE_PLACE}
BEGIN;
END
number=0
for oid in $oids; do
  number=$((number + 1))
  q "select format('SELECT pg_temp.kombinator_take_place($number, %L);', datname) from pg_database where oid = $oid" || exit 1
done
printf '%s\\n' 'COMMIT;'
number=0
for oid in $oids; do
  number=$((number + 1))
  printf '%s\\n' "DROP DATABASE IF EXISTS kombinator_old_$number;"
  q "${inDoubleQuotes(PROPERTIES)}" || exit 1
done
printf '%s\\n' '-- End of backup'
`;
}

/** Returns the script of a restore; what a failed one has made so far goes again. */
export function restorePostgres(bytes: number): string {
  return `head -c ${bytes} | psql -X -q -v ON_ERROR_STOP=1 -d template1 >/dev/null
code=$?
${QUERY}
names=$(q "select datname from pg_database where datname ~ '^kombinator_restore_[0-9]+$'")
[ -n "$names" ] || exit $code
[ $code -ne 0 ] || echo 'the dump ended in the middle' >&2
for name in $names; do q "drop database if exists $name"; done
exit 1
`;
}

/** `$oid` and `$number` are the shell's. */
function inDoubleQuotes(sql: string): string {
  return sql.replaceAll(/["\\`]/g, (character) => `\\${character}`);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
