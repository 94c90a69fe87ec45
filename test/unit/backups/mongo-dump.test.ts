import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dumpCommand, isDump, restoreCommand } from '../../../reconciler/database/dump.ts';
import type { DatabaseSettings } from '../../../reconciler/database/settings.ts';

/*
 * MongoDB is in no Debian. Programs that take the options of mongodump and mongorestore 100, and refuse all others, stand in for them: what is
 * proved is the command line, the password's way, and that a dump comes back whole.
 */

const MAGIC = Buffer.from('6de29981', 'hex');

let directory: string;

const TOOL = (options: string, work: string) => `#!/bin/sh
user= database= config=
while [ $# -gt 0 ]; do
  case "$1" in
    ${options}
    --config) config=$2; shift;;
    --username) user=$2; shift;;
    --authenticationDatabase) database=$2; shift;;
    *) echo "error parsing command line options: unknown option \\"$1\\"" >&2; exit 1;;
  esac
  shift
done
if [ -n "$user" ]; then
  [ "$database" = admin ] || { echo 'no authenticationDatabase' >&2; exit 1; }
  [ "$(stat -c %a "$config")" = 600 ] || { echo 'others can read the password' >&2; exit 1; }
  [ "$(cat "$config")" = "$(cat "$MONGO_TEST/expected")" ] || { echo 'Authentication failed.' >&2; exit 1; }
elif [ -e "$MONGO_TEST/expected" ]; then echo 'command listDatabases requires authentication' >&2; exit 1; fi
${work}
`;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kombinator-mongo-'));
  mkdirSync(join(directory, 'tmp'));
  const dump = TOOL('--quiet|--archive) ;;\n    --db) only=$2; shift;;', 'cat "$MONGO_TEST/data"');
  const restore = TOOL('--quiet|--archive|--drop) ;;', 'cat >"$MONGO_TEST/restored"');
  writeFileSync(join(directory, 'mongodump'), dump, { mode: 0o755 });
  writeFileSync(join(directory, 'mongorestore'), restore, { mode: 0o755 });
  writeFileSync(join(directory, 'data'), Buffer.concat([MAGIC, Buffer.alloc(300_000, 'doc')]));
});
afterAll(() => rmSync(directory, { recursive: true }));

function run(command: readonly string[], env: Readonly<Record<string, string>>, input?: Buffer): Buffer {
  const [program = '', ...args] = command;
  const all = {
    PATH: `${directory}:/bin:/usr/bin`,
    MONGO_TEST: directory,
    TMPDIR: join(directory, 'tmp'),
    ...env,
  };
  return execFileSync(program, args, {
    env: all,
    input,
    maxBuffer: 2 ** 24,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

const MONGO: DatabaseSettings = { kind: 'mongodb' };

describe.each([
  { when: 'without a password', env: {}, expected: null, settings: MONGO },
  {
    when: "with the image's user and an odd password",
    env: { MONGO_INITDB_ROOT_USERNAME: 'root', MONGO_INITDB_ROOT_PASSWORD: String.raw`p "w\ 'x'` },
    expected: String.raw`password: "p \"w\\ 'x'"`,
    settings: MONGO,
  },
  {
    when: 'with a user and a variable of its own, for one database',
    env: { OTHER: 'secret' },
    expected: 'password: "secret"',
    settings: { kind: 'mongodb', user: 'backup', passwordEnv: 'OTHER', database: 'shop' } as const,
  },
])('$when', ({ env, expected, settings }) => {
  it('a dump comes back whole, and leaves no password behind', () => {
    rmSync(join(directory, 'expected'), { force: true });
    if (expected !== null) writeFileSync(join(directory, 'expected'), expected);
    const dump = run(dumpCommand(settings), env);
    expect(isDump('mongodb', dump)).toBe(true);
    const more = Buffer.concat([dump, Buffer.from('what comes after it is left alone')]);
    run(restoreCommand(settings, dump.length), env, more);
    expect(readFileSync(join(directory, 'restored')).equals(dump)).toBe(true);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });
});

it('a wrong password fails, with the reason of the tool', () => {
  writeFileSync(join(directory, 'expected'), 'password: "right"');
  const env = { MONGO_INITDB_ROOT_USERNAME: 'root', MONGO_INITDB_ROOT_PASSWORD: 'wrong' };
  expect(() => run(dumpCommand(MONGO), env)).toThrow('Authentication failed.');
});
