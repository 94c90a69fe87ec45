import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { run } from '../../../deploy/demo/processes.ts';

export type DatabaseImage = 'postgres' | 'redis' | 'mariadb';

interface Recipe {
  readonly packages: readonly string[];
  readonly path: string;
  /** Starts the server; run by `sh` as root. */
  readonly entrypoint: string;
}

const RECIPES: Readonly<Record<DatabaseImage, Recipe>> = {
  postgres: {
    packages: ['postgresql-15', 'postgresql-client-15'],
    path: '/usr/lib/postgresql/15/bin:/usr/bin:/bin',
    entrypoint: `
mkdir -p "$PGDATA" /var/run/postgresql
chown -R postgres "$PGDATA" /var/run/postgresql
if [ ! -f "$PGDATA/PG_VERSION" ]; then
  su postgres -c "initdb --no-locale -E UTF8 --auth=trust -U \${POSTGRES_USER:-postgres} --no-sync -D $PGDATA"
fi
exec su postgres -c "exec postgres -D $PGDATA -c jit=off -c fsync=off"
`,
  },
  redis: {
    packages: ['redis-server', 'redis-tools'],
    path: '/usr/bin:/bin',
    entrypoint: 'exec redis-server --dir /data --protected-mode no "$@"\n',
  },
  mariadb: {
    packages: [
      'mariadb-server',
      'mariadb-server-core',
      'mariadb-client',
      'mariadb-client-core',
      'mariadb-common',
    ],
    path: '/usr/sbin:/usr/bin:/bin',
    entrypoint: `
mkdir -p /var/lib/mysql /run/mysqld
chown -R mysql /var/lib/mysql /run/mysqld
if [ ! -d /var/lib/mysql/mysql ]; then
  {
    printf '%s\\n' 'create database if not exists mysql;' 'use mysql;' 'set @auth_root_socket=NULL;' "set @current_hostname='localhost';" 'set @skip_auth_anonymous=1;'
    cat /usr/share/mysql/mysql_system_tables.sql /usr/share/mysql/mysql_performance_tables.sql
    cat /usr/share/mysql/mysql_system_tables_data.sql /usr/share/mysql/fill_help_tables.sql
  } | mariadbd --bootstrap --user=mysql --datadir=/var/lib/mysql --innodb-flush-method=nosync
fi
printf "ALTER USER root@localhost IDENTIFIED BY '%s';" "$MARIADB_ROOT_PASSWORD" >/run/init.sql
exec mariadbd --user=mysql --datadir=/var/lib/mysql --init-file=/run/init.sql --innodb-flush-method=nosync
`,
  },
};

const APPLETS =
  'sh cat head tail ls mv rm mkdir mktemp chown chmod su id env sleep kill od tr sed grep wc sync test true false printf date cut sort sha256sum';

/** Parts of the packages that servers start well without: each is large, or is for setting up a whole system. */
const NOT_NEEDED =
  /perl|llvm|libz3|debian-installer|newt|slang|pam-modules|semanage|sepol|bpf|xtables|libproc|elogind/;

/**
 * Puts a database server of Debian's own packages into an engine: they are downloaded once and kept, as one archive, in a cache directory of
 * the user. The rest of the image is the static busybox of the machine.
 *
 * @param host `unix:///…` of the engine
 */
export async function loadDatabaseImage(host: string, image: DatabaseImage, tag: string): Promise<void> {
  const archive = await prepareDatabaseImage(image);
  const { path } = RECIPES[image];
  const [repo = '', version = 'latest'] = tag.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo, tag: version });
  const changes = [
    `ENV PATH=${path} PGDATA=/var/lib/postgresql/data LANG=C.UTF-8`,
    'ENTRYPOINT ["/bin/sh", "/entrypoint.sh"]',
  ];
  for (const change of changes) query.append('changes', change);
  const answer = Promise.withResolvers<void>();
  const outgoing = request(
    {
      socketPath: host.replace('unix://', ''),
      method: 'POST',
      path: `/images/create?${query.toString()}`,
      headers: { 'content-type': 'application/x-tar' },
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200 && !text.includes('"error"')) answer.resolve();
        else answer.reject(new Error(`the image ${tag} was not taken: ${text.slice(-500)}`));
      });
    },
  );
  outgoing.on('error', (error) => answer.reject(error));
  await Promise.all([pipeline(createReadStream(archive), outgoing), answer.promise]);
}

/** Path of the archive. */
export async function prepareDatabaseImage(image: DatabaseImage): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kombinator-test');
  const recipe = createHash('sha256')
    .update(JSON.stringify([RECIPES[image], APPLETS]))
    .digest('hex');
  const archive = join(cache, `${image}-${recipe.slice(0, 8)}.tar`);
  if (existsSync(archive)) return archive;
  const work = await mkdtemp(join(tmpdir(), 'kombinator-packages-'));
  try {
    await mkdir(cache, { recursive: true });
    const root = join(work, 'root');
    await mkdir(root);
    for (const file of await downloadPackages(RECIPES[image].packages, work)) {
      await run('dpkg', ['-x', file, root]);
    }
    await addSystem(root, RECIPES[image]);
    // Complete or not at all: a run that is killed in the middle must not leave half an image.
    const half = `${archive}.${process.pid}`;
    await run('tar', [
      '--owner=0',
      '--group=0',
      '--exclude=./usr/share/doc',
      '--exclude=./usr/share/man',
      '--exclude=./usr/share/locale',
      '--exclude=*llvmjit*',
      '-C',
      root,
      '-cf',
      half,
      '.',
    ]);
    await rename(half, archive);
    return archive;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function downloadPackages(packages: readonly string[], work: string): Promise<readonly string[]> {
  const directory = join(work, 'packages');
  await mkdir(directory);
  await chmod(work, 0o755);
  const names = await closureOf(packages);
  const sandbox = ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=3', '--quiet'];
  try {
    await run('apt-get', [...sandbox, 'download', ...names], { cwd: directory });
  } catch {
    // The machine's list of the archive may be older than the archive.
    await run('apt-get', [...sandbox, 'update']);
    await run('apt-get', [...sandbox, 'download', ...names], { cwd: directory });
  }
  const files = (await run('ls', [directory])).split('\n').filter((name) => name.endsWith('.deb'));
  return files.map((name) => join(directory, name));
}

/** The packages and the libraries they need. */
async function closureOf(packages: readonly string[]): Promise<readonly string[]> {
  const no = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const listed = await run('apt-cache', ['depends', '--recurse', ...no, ...packages]);
  const all = new Set(listed.split('\n').filter((line) => /^[a-z]/.test(line)));
  const isNeeded = (name: string) =>
    packages.includes(name) || ['zlib1g', 'tzdata', 'libc-bin'].includes(name) || name.startsWith('lib');
  return [...all].filter((name) => isNeeded(name) && !NOT_NEEDED.test(name)).sort();
}

async function addSystem(root: string, { entrypoint }: Recipe): Promise<void> {
  for (const directory of ['bin', 'etc', 'tmp', 'data', 'run', 'var/lib', 'proc', 'sys', 'dev']) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await chmod(join(root, 'bin/busybox'), 0o755);
  for (const applet of APPLETS.split(' ')) {
    await rm(join(root, 'bin', applet), { force: true });
    await symlink('busybox', join(root, 'bin', applet));
  }
  const users = [
    ['root', 0],
    ['postgres', 999],
    ['redis', 998],
    ['mysql', 997],
  ] as const;
  await writeFile(
    join(root, 'etc/passwd'),
    users.map(([name, id]) => `${name}:x:${id}:${id}::/tmp:/bin/sh\n`).join(''),
  );
  await writeFile(join(root, 'etc/group'), users.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
  await writeFile(join(root, 'entrypoint.sh'), `set -e\n${entrypoint}`);
}
