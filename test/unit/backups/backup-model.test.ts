import { describe, expect, it } from 'vitest';
import type { BackupName } from '../../../reconciler/database/backup.ts';
import { expiredBackups } from '../../../reconciler/database/backup-retention.ts';
import { formatBackupName, parseBackupName, wasDue } from '../../../reconciler/database/backup.ts';
import { dumpCommand, isDump, restoreCommand } from '../../../reconciler/database/dump.ts';
import { databaseOf } from '../../../reconciler/database/settings.ts';
import { OPEN_POLICY } from '../../../reconciler/model/operator-policy.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudy4aumqk6k4ln';
const DAY = 24 * 3_600_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');

describe('the name of a backup', () => {
  const at = { time: Date.parse('2026-11-22T01:30:05Z') };
  it.each([
    ['db_20261122-013005.sql.gz', { service: 'db', beforeRestore: false, compression: 'gzip' }],
    [
      'my_db_20261122-013005_before-restore.rdb',
      { service: 'my_db', beforeRestore: true, compression: 'none' },
    ],
    ['db_20261122-013005.archive.zst', { service: 'db', beforeRestore: false, compression: 'zstd' }],
    ['db_20261122-013005.sql.gz.age', { service: 'db', compression: 'gzip', encrypted: true }],
    ['volume=data_20261122-013005.tar.zst.age', { service: 'volume:data', ending: 'tar', encrypted: true }],
    ['web=%2Fsrv%2Fd_20261122-013005.tar', { service: 'web:/srv/d', ending: 'tar', encrypted: false }],
  ] as const)('%s is read as it is written', (file, parts) => {
    const name = parseBackupName(file);
    expect(name).toMatchObject({ file, ...at, ...parts });
    expect(name && formatBackupName(name)).toBe(file);
  });

  it.each(['notes.txt', 'db_2026.sql', 'db_20261322-013005.sql', 'db_20261122-013005.exe', '.partial-ab'])(
    '%s is none',
    (file) => expect(parseBackupName(file)).toBeNull(),
  );
});

describe('what is let go', () => {
  const backups = [1, 2, 3, 4, 5].map((age): BackupName => {
    const time = NOON - age * DAY;
    const parts = {
      service: 'db',
      time,
      beforeRestore: false,
      ending: 'sql',
      compression: 'gzip',
      encrypted: false,
    } as const;
    return { ...parts, file: `${age} days` };
  });
  const gone = (policy: { keep?: number; days?: number }, now = NOON) =>
    expiredBackups(backups, policy, now).map(({ file }) => file);

  it.each([
    [{ keep: 3 }, ['4 days', '5 days']],
    [{ days: 3 }, ['3 days', '4 days', '5 days']],
    [{ keep: 4, days: 2 }, ['5 days']],
    [{ keep: 1, days: 4 }, ['4 days', '5 days']],
    [{ keep: 9 }, []],
    [{}, []],
  ])('by %o', (policy, files) => expect(gone(policy)).toEqual(files));

  it('is never the newest, however old it is', () => {
    expect(gone({ days: 1 }, NOON + 900 * DAY)).not.toContain('1 days');
    expect(expiredBackups([], { keep: 1 }, NOON)).toEqual([]);
  });
});

describe('wasDue', () => {
  const local = (text: string) => new Date(text).getTime();
  it.each([
    ['0 3 * * *', '2026-11-21T12:00', '2026-11-22T12:00', true],
    ['0 3 * * *', '2026-11-22T03:00', '2026-11-22T12:00', false],
    ['0 3 * * *', '2026-11-22T02:59', '2026-11-22T03:00', true],
    ['0 3 1 * *', '2026-11-02T00:00', '2026-11-30T00:00', false],
    ['0 3 1 * *', '2026-10-31T00:00', '2026-11-30T00:00', true],
    ['@hourly', '2026-11-22T03:01', '2026-11-22T03:59', false],
    ['0 3 29 2 *', '2001-01-01T00:00', '2026-11-22T00:00', false],
    ['nonsense', '2001-01-01T00:00', '2026-11-22T00:00', false],
  ])('%s between %s and %s: %s', (schedule, after, until, due) =>
    expect(wasDue(schedule, local(after), local(until))).toBe(due),
  );
});

describe('scripts for dumps', () => {
  it.each(['postgres', 'mysql', 'mongodb', 'redis'] as const)('know no password: %s', (kind) => {
    const settings = { kind, user: "o'neil", passwordFile: '/run/secrets/db', database: 'a"b$c`d' };
    for (const [program, flag, script = ''] of [dumpCommand(settings), restoreCommand(settings, 10)]) {
      expect([program, flag]).toEqual(['sh', '-c']);
      expect(script).toContain("cat '/run/secrets/db'");
      // Nothing of the password but the name of its variable reaches an argument.
      expect(script).not.toMatch(/(?:-p|--password)[= ]?"?\$password/);
    }
  });

  it('are told from other files', () => {
    expect(isDump('postgres', Buffer.from('-- Kombinator backup: postgres\nx'))).toBe(true);
    expect(isDump('postgres', Buffer.from('-- Kombinator backup: mysql\n'))).toBe(false);
    expect(isDump('redis', Buffer.from('REDIS0010'))).toBe(true);
    expect(isDump('redis', Buffer.from(''))).toBe(false);
  });
});

describe('backup and database of a kombination', () => {
  const HEAD = 'version: "1.0"\nmeta: { name: shop }\n';
  async function read(text: string) {
    const { state, push } = createDesiredFixture({ secrets: { 'secret://file/db': 'x' } });
    await push({ 'kombination.yaml': `${HEAD}${text}` });
    const stack = state.get('shop');
    return {
      findings: briefDiagnostics(stack?.diagnostics ?? []),
      backup: stack?.backup,
      databases: Object.fromEntries(
        (stack?.services ?? []).map((service) => [service.name, databaseOf(service)]),
      ),
    };
  }

  it('are read with their defaults', async () => {
    const { findings, backup, databases } = await read(
      'services: { db: { image: "postgres:16" }, web: { image: nginx } }\nbackup: {}\n',
    );
    expect(findings).toEqual([]);
    expect(backup).toEqual({ schedule: '0 3 * * *', keep: 7, compression: 'gzip' });
    expect(databases).toEqual({ db: { kind: 'postgres' }, web: null });
  });

  it('are read in full', async () => {
    const { findings, backup, databases } = await read(`secrets: { pw: { secret: "secret://file/db" } }
volumes: { kept: {} }
services:
  own:
    image: team/own:1
    secrets: [{ source: pw, target: db-password }]
    volumes: ["kept:/var/backups"]
    database: { kind: mysql, user: admin, database: app, password_secret: pw }
  cache: { image: "team/cache:1", database: redis }
backup: { schedule: "*/5 * * * *", days: 30, compression: zstd, services: [own], volume: kept }
`);
    expect(findings).toEqual([]);
    expect(backup).toEqual({ schedule: '*/5 * * * *', days: 30, compression: 'zstd', services: ['own'] });
    expect(databases['own']).toEqual({
      kind: 'mysql',
      user: 'admin',
      database: 'app',
      passwordFile: '/run/secrets/db-password',
      backupFolder: '/var/backups',
    });
    expect(databases['cache']).toEqual({ kind: 'redis' });
  });

  it('of volumes and directories are read in full', async () => {
    const { findings, backup } = await read(
      'volumes: { d: {} }\nservices: { web: { image: nginx, volumes: ["d:/d", "/srv/x:/x"] } }\n' +
        `backup: { volumes: [d], directories: ["web:/x"], stop: true, encrypt: true, recipients: [${RECIPIENT}], destination: nas }\n`,
    );
    expect(findings).toEqual([]);
    expect(backup).toMatchObject({
      volumes: ['d'],
      directories: ['web:/x'],
      stop: true,
      encrypt: true,
      recipients: [RECIPIENT],
      destination: 'nas',
    });
    const { findings: none } = await read(
      'services: { web: { image: nginx } }\nbackup: { volumes: true, directories: true }\n',
    );
    expect(none).toEqual([]);
  });

  it('name a place that the operator has not set up: a warning, where the operator is known', async () => {
    const policy = { ...OPEN_POLICY, backupDestinations: ['nas', 'offsite'] };
    const { state, push } = createDesiredFixture({ policy });
    const text = (name: string) =>
      `${HEAD}services: { db: { image: postgres } }\nbackup: { destination: ${name} }\n`;
    await push({ 'kombination.yaml': text('ofsite') });
    const [finding] = state.get('shop')?.diagnostics ?? [];
    expect(finding).toMatchObject({ code: 'NOT_APPLIED', severity: 'warning', line: 4 });
    expect(finding?.hint).toContain('offsite');
    await push({ 'kombination.yaml': text('nas') });
    expect(state.get('shop')?.diagnostics).toEqual([]);
  });

  it.each([
    [
      'volumes: { data: {} }\nservices: { web: { image: nginx, volumes: ["data:/d"] } }\nbackup: { volumes: [dta], directories: ["wob:/d", x, "web:/d/"] }',
      [
        '5:21 error UNKNOWN_VOLUME backup.volumes[0]',
        '5:41 error UNKNOWN_SERVICE backup.directories[0]',
        '5:51 error INVALID_FORMAT backup.directories[1]',
        '5:54 error INVALID_FORMAT backup.directories[2]',
      ],
    ],
    [
      'volumes: { data: {} }\nservices: { web: { image: nginx, volumes: ["data:/d"] } }\nbackup: { volumes: [dta], directories: ["wob:/d"] }',
      ['5:21 error UNKNOWN_VOLUME backup.volumes[0]', '5:41 error UNKNOWN_SERVICE backup.directories[0]'],
    ],
    [
      'services: { db: { image: postgres } }\nbackup: { recipients: [ssh-rsa] }',
      ['4:24 error INVALID_FORMAT backup.recipients[0]'],
    ],
    ['backup: { enabled: false }\nservices: { web: { image: nginx } }', []],
    ['services: { web: { image: nginx } }\nbackup: { keep: 3 }', ['4:1 warning NOT_APPLIED backup']],
    [
      'services: { db: { image: postgres } }\nbackup: { destination: "s3://x" }',
      ['4:11 warning NOT_APPLIED backup.destination'],
    ],
    [
      'services: { db: { image: postgres }, web: { image: nginx } }\nbackup: { services: [web, dv] }',
      ['4:22 error INVALID_VALUE backup.services[0]', '4:27 error UNKNOWN_SERVICE backup.services[1]'],
    ],
    [
      'services: { db: { image: postgres } }\nbackup: { volume: kept, schedule: often, keep: 0 }',
      [
        '4:19 error UNKNOWN_VOLUME backup.volume',
        '4:35 error INVALID_FORMAT backup.schedule',
        '4:48 error OUT_OF_RANGE backup.keep',
      ],
    ],
    [
      'services: { db: { image: own, database: { kind: postgres, password_secret: pw } } }',
      ['3:76 error UNKNOWN_SECRET services.db.database.password_secret'],
    ],
    [
      'services: { db: { image: own, database: oracle }, b: { image: own, database: { user: x } } }',
      ['3:41 error INVALID_FORMAT services.db.database', '3:68 error REQUIRED services.b.database.kind'],
    ],
  ])('%s', async (text, want) => expect((await read(`${text}\n`)).findings).toEqual(want));
});
