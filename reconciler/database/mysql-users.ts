/*
 * Users of MySQL and MariaDB as statements that another server takes. The clients' own way (`--system=users` of MariaDB) sets passwords of users
 * that are there, root's among them, and MySQL's has none. So the server is asked for each: accounts first, since roles are granted like rights, and
 * default roles last. What a GRANT says of a password is left out: the account has it, or keeps its own. A user who may back up databases only is
 * no reason to fail.
 */
export const MYSQL_USERS = `printf '%s\\n' '-- Kombinator backup: users'
ask() { $client -u "$user" -N -B --raw -e "$1"; }
if ! ask 'select 1 from mysql.user limit 1' >/dev/null 2>&1; then
  printf '%s\\n' '-- the user of the backup may not read them'
  exit 0
fi
account="concat(quote(user), '@', quote(host))"
roles=
if ask "select is_role from mysql.user limit 1" >/dev/null 2>&1; then
  roles=$(ask "select concat(char(96), replace(user, char(96), repeat(char(96), 2)), char(96)) from mysql.user where is_role = 'Y' order by 1") || exit 1
  accounts=$(ask "select $account from mysql.user where is_role = 'N' and user <> 'mariadb.sys' order by 1") || exit 1
else
  accounts=$(ask "select $account from mysql.user where user not in ('mysql.sys', 'mysql.session', 'mysql.infoschema') order by 1") || exit 1
fi
hex='set session print_identified_with_as_hex = on;'
ask "$hex" >/dev/null 2>&1 || hex=
made() {
  made=$(ask "$hex show create user $1") || exit 1
  role=
  case "$made" in *' DEFAULT ROLE '*' REQUIRE '*)
    role=\${made#* DEFAULT ROLE }
    role=\${role%% REQUIRE *}
    made="\${made%% DEFAULT ROLE *} REQUIRE \${made#* REQUIRE }";;
  esac
}
for one in $roles; do printf 'CREATE ROLE IF NOT EXISTS %s;\\n' "$one"; done
for one in $accounts; do
  made "$one"
  printf 'CREATE USER IF NOT EXISTS %s;\\n' "\${made#CREATE USER }"
done
for one in $roles $accounts; do
  rights=$(ask "show grants for $one") || exit 1
  for right in $rights; do
    case "$right" in
      *' IDENTIFIED '*' WITH GRANT OPTION') right="\${right%% IDENTIFIED *} WITH GRANT OPTION";;
      *' IDENTIFIED '*) right=\${right%% IDENTIFIED *};;
    esac
    printf '%s;\\n' "$right"
  done
done
for one in $accounts; do
  made "$one"
  if [ -n "$role" ]; then printf 'SET DEFAULT ROLE %s TO %s;\\n' "$role" "$one"; fi
done
`;
