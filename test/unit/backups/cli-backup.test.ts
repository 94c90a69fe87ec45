import { describe, expect, it } from 'vitest';
import type { BackupView, Reconciler, RestoreLook } from '../../../reconciler/index.ts';
import { jobOf, planOf, runFakeCli, type FakeWorld } from '../../support/cli/cli-harness.ts';

const backup = (service: string, file: string, more: Partial<BackupView> = {}): BackupView => ({
  stack: 'shop',
  service,
  kind: service.includes(':') ? 'data' : 'database',
  file,
  location: `/srv/backups/shop/${service}`,
  destination: null,
  encrypted: true,
  sizeBytes: 1_536,
  sha256: 'ab'.repeat(32),
  time: '2026-01-01T00:00:00.000Z',
  beforeRestore: false,
  ...more,
});

const LIST = [backup('db', 'db.sql.gz'), backup('volume:data', 'new.tar'), backup('volume:data', 'old.tar')];
const LOOK: RestoreLook = {
  stack: 'shop',
  service: 'volume:data',
  file: 'new.tar',
  time: '2026-01-01T00:00:00.000Z',
  stops: ['web'],
  note: null,
  data: {
    added: 1,
    changed: 1,
    removed: 1,
    same: 7,
    bytesBefore: 2_048,
    bytesAfter: 4_096,
    changes: [
      { path: 'a\u001b.txt', change: 'added', before: null, after: 3_072 },
      { path: 'b.txt', change: 'changed', before: 1_024, after: 2_048 },
      { path: 'c.txt', change: 'removed', before: 1_024, after: null },
    ],
  },
};

function world(more: Partial<Reconciler> = {}): FakeWorld & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const job = (type: 'backup' | 'restore') => (request: { readonly stack: string }) => {
    asked.push({ type, ...request });
    return jobOf(request.stack, { type, status: 'completed' });
  };
  const known: Partial<Reconciler> = {
    listBackups: async () => ({ backups: LIST, failures: [] }),
    backup: job('backup'),
    restore: job('restore'),
    lookAtRestore: async () => LOOK,
    verifyBackup: async ({ stack, service, file = '' }) => {
      asked.push({ verify: `${stack}/${service}/${file}` });
      const isBad = file === 'old.tar';
      const what = { stack, service, file, destination: null };
      return isBad
        ? { ...what, result: 'damaged', bytes: null, message: 'old.tar cannot be unpacked' }
        : { ...what, result: 'whole', bytes: 4_096, message: null };
    },
  };
  return { plans: { shop: planOf('shop') }, more: { ...known, ...more }, asked };
}

describe('backup verify', () => {
  it('reads the newest of each, and says what became of it', async () => {
    const { stdout, code } = await runFakeCli(['backup', 'verify'], world());
    expect([code, stdout.trim().split('\n')]).toEqual([
      0,
      [
        '✓ shop/db db.sql.gz  whole, 4 KiB unpacked',
        '✓ shop/volume:data new.tar  whole, 4 KiB unpacked',
        '2 of 2 backups are as they were written',
      ],
    ]);
  });

  it('--all reads every one, and ends with 1 where one is damaged', async () => {
    const { stdout, code } = await runFakeCli(['backup', 'verify', '--all', '--json'], world());
    expect(code).toBe(1);
    const document = JSON.parse(stdout) as { ok: boolean; results: { file: string; result: string }[] };
    expect(document.ok).toBe(false);
    expect(document.results.map(({ file, result }) => `${file} ${result}`)).toEqual([
      'db.sql.gz whole',
      'new.tar whole',
      'old.tar damaged',
    ]);
  });

  it('of one that is not there says so', async () => {
    const { code, stderr } = await runFakeCli(['backup', 'verify', '--file', 'x'], world());
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no such backup')]);
  });
});

describe('backup restore', () => {
  it('shows what would change, asks for the name, and restores what was shown', async () => {
    const shop = world();
    const { stdout, code } = await runFakeCli(['backup', 'restore', 'shop', 'volume:data'], shop, {
      isTerminal: true,
      answers: ['volume:data'],
      env: { NO_COLOR: '1' },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('  + a\\x1b.txt  3 KiB\n  ~ b.txt  1 KiB → 2 KiB\n  - c.txt  1 KiB\n');
    expect(stdout).toContain('1 come back, 1 change, 1 go, 7 stay; 2 KiB → 4 KiB');
    expect(stdout).toContain('Stops for a moment: web');
    expect(shop.asked).toEqual([
      expect.objectContaining({
        type: 'restore',
        service: 'volume:data',
        file: 'new.tar',
        backupFirst: true,
      }),
    ]);
  });

  it('does nothing after another answer, and without a terminal wants --yes', async () => {
    const shop = world();
    const no = await runFakeCli(['backup', 'restore', 'shop', 'volume:data'], shop, {
      isTerminal: true,
      answers: ['yes'],
    });
    const mute = await runFakeCli(['backup', 'restore', 'shop', 'volume:data'], shop);
    expect([no.code, mute.code, shop.asked]).toEqual([1, 1, []]);
    expect(mute.stderr).toContain('repeat with --yes');
    const yes = await runFakeCli(['backup', 'restore', 'shop', 'volume:data', '--yes', '--no-backup'], shop);
    expect([yes.code, shop.asked]).toEqual([
      0,
      [expect.objectContaining({ type: 'restore', backupFirst: false })],
    ]);
  });
});

it('backup look tells what would change, as text and as data', async () => {
  const { stdout } = await runFakeCli(['backup', 'look', 'shop', 'volume:data'], world());
  expect(stdout.split('\n')[0]).toBe('shop/volume:data as it was at 2026-01-01T00:00:00Z (new.tar)');
  const { stdout: json } = await runFakeCli(['backup', 'look', 'shop', 'volume:data', '--json'], world());
  expect(JSON.parse(json)).toEqual(LOOK);
});

it('db list and db restore are about databases alone', async () => {
  const { stdout } = await runFakeCli(['db', 'list'], world());
  expect(stdout.trim().split('\n')).toHaveLength(1);
  const shop = world();
  await runFakeCli(['db', 'restore', 'shop', '--yes'], shop);
  expect(shop.asked).toEqual([expect.objectContaining({ service: 'db', file: 'db.sql.gz' })]);
});

it('backup list fits a terminal, and has everything for programs', async () => {
  const shown = await runFakeCli(['backup', 'list'], world(), { isTerminal: true, env: { NO_COLOR: '1' } });
  expect(shown.stdout.split('\n').slice(0, 3)).toEqual([
    'STACK  WHAT         FILE       SIZE',
    'shop   db           db.sql.gz  1.5 KiB',
    'shop   volume:data  new.tar    1.5 KiB',
  ]);
  const piped = await runFakeCli(['backup', 'list'], world());
  expect(piped.stdout.split('\n')[1]).toBe(
    'shop\tvolume:data\tnew.tar\t1.5 KiB\t2026-01-01T00:00:00Z\t-\tage',
  );
});
