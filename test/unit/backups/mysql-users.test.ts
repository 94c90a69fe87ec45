import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dumpCommand } from '../../../reconciler/database/dump.ts';

/* MySQL 8 is in no Debian: a client that answers as its documentation says stands in. MariaDB's is asked in test/integration. */

const ANSWERS: readonly (readonly [string, string])[] = [
  ['select schema_name', ''],
  ['select 1 from mysql.user', '1'],
  ['select is_role', '!ERROR 1054 (42S22): Unknown column'],
  ['print_identified_with_as_hex = on;$', ''],
  ['select concat(quote(user)', "'app'@'%'\n'reader'@'%'\n'root'@'localhost'"],
  [
    "show create user 'app'@'%'",
    "CREATE USER `app`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 DEFAULT ROLE `reader`@`%` REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK",
  ],
  [
    "show create user 'reader'@'%'",
    "CREATE USER `reader`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE ACCOUNT LOCK",
  ],
  [
    "show create user 'root'@'localhost'",
    "CREATE USER `root`@`localhost` IDENTIFIED WITH 'auth_socket' REQUIRE NONE ACCOUNT UNLOCK",
  ],
  ["show grants for 'app'@'%'", 'GRANT USAGE ON *.* TO `app`@`%`\nGRANT `reader`@`%` TO `app`@`%`'],
  ["show grants for 'reader'@'%'", 'GRANT SELECT ON `shop`.* TO `reader`@`%`'],
  [
    "show grants for 'root'@'localhost'",
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION\nGRANT USAGE ON *.* TO 'x'@'y' IDENTIFIED BY PASSWORD '*CD'",
  ],
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kombinator-mysql-'));
  const cases = ANSWERS.map(([asked, answer]) => {
    const pattern = asked.endsWith('$') ? `*"${asked.slice(0, -1)}"` : `*"${asked}"*`;
    const text = answer.startsWith('!')
      ? `echo '${answer.slice(1)}' >&2; exit 1`
      : `cat <<'EOF'\n${answer}\nEOF`;
    return `  ${pattern})\n${text}\n;;`;
  });
  const script = `#!/bin/sh\nfor last in "$@"; do :; done\ncase "$last" in\n${cases.join('\n')}\n*) echo "unexpected: $last" >&2; exit 1;;\nesac\n`;
  writeFileSync(join(directory, 'mysql'), script, { mode: 0o755 });
  writeFileSync(join(directory, 'mysqldump'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
});
afterAll(() => rmSync(directory, { recursive: true }));

it('accounts come first, then rights without passwords, then default roles', () => {
  const [, ...args] = dumpCommand({ kind: 'mysql' });
  const env = { PATH: `${directory}:/bin:/usr/bin`, MYSQL_ROOT_PASSWORD: 'x' };
  const output = execFileSync('/bin/sh', args, { env, encoding: 'utf8' });
  expect(output.split('\n').filter((line) => line !== '')).toEqual([
    '-- Kombinator backup: mysql',
    '-- Kombinator backup: users',
    "CREATE USER IF NOT EXISTS `app`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK;",
    "CREATE USER IF NOT EXISTS `reader`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE ACCOUNT LOCK;",
    "CREATE USER IF NOT EXISTS `root`@`localhost` IDENTIFIED WITH 'auth_socket' REQUIRE NONE ACCOUNT UNLOCK;",
    'GRANT USAGE ON *.* TO `app`@`%`;',
    'GRANT `reader`@`%` TO `app`@`%`;',
    'GRANT SELECT ON `shop`.* TO `reader`@`%`;',
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;",
    "GRANT USAGE ON *.* TO 'x'@'y';",
    "SET DEFAULT ROLE `reader`@`%` TO 'app'@'%';",
  ]);
});
