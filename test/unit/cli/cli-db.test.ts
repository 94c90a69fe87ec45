import { describe, expect, it } from 'vitest';
import type { BackupView, Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { jobOf, planOf, runFakeCli, viewOf, type FakeWorld } from '../../support/cli/cli-harness.ts';

const backup = (file: string, more: Partial<BackupView> = {}): BackupView => ({
  stack: 'shop',
  service: 'db',
  file,
  location: '/srv/backups/shop/db',
  sizeBytes: 1_536,
  sha256: 'ab'.repeat(32),
  time: '2026-01-01T00:00:00.000Z',
  beforeRestore: false,
  kind: 'database',
  destination: null,
  encrypted: false,
  ...more,
});

const LIST = [backup('before.sql.gz', { beforeRestore: true }), backup('new.sql.gz'), backup('old.sql.gz')];

function world(more: Partial<Reconciler> = {}, backups = LIST): FakeWorld & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const job = (type: 'backup' | 'restore') => (request: { readonly stack: string }) => {
    asked.push({ type, ...request });
    return jobOf(request.stack, { type, status: 'queued' });
  };
  const known: Partial<Reconciler> = {
    listBackups: async () => ({ backups, failures: [] }),
    backup: job('backup'),
    restore: job('restore'),
  };
  return { plans: { shop: planOf('shop') }, more: { ...known, ...more }, asked };
}

describe('db list', () => {
  it('prints a line for each backup, and a table to people', async () => {
    const { stdout, code } = await runFakeCli(['db', 'list', 'shop'], world());
    expect([code, stdout.split('\n')[1]]).toEqual([0, 'shop\tdb\tnew.sql.gz\t1.5 KiB\t2026-01-01T00:00:00Z']);
    const { stdout: table } = await runFakeCli(['db', 'list'], world(), {
      isTerminal: true,
      env: { NO_COLOR: '1' },
    });
    expect(table).toMatch(/STACK +SERVICE +FILE/);
  });

  it('names what could not be looked through, and ends with 1', async () => {
    const failures = [{ stack: 'shop', service: 'db', message: 'it does not run' }];
    const { code, stderr } = await runFakeCli(
      ['db', 'list'],
      world({ listBackups: async () => ({ backups: [], failures }) }),
    );
    expect([code, stderr.trim()]).toEqual([1, 'shop/db: it does not run']);
  });
});

describe('db status', () => {
  it('looks at the stack first, and ends with 1 when a server does not answer', async () => {
    const server = {
      stack: 'shop',
      service: 'db',
      node: 'local',
      image: 'postgres',
      kind: 'postgres',
    } as const;
    const more: Partial<Reconciler> = {
      observe: async (name) => viewOf(name),
      databases: async (_signal, filter) => [
        { ...server, status: 'stopped', databases: [], connections: null, error: `asked ${filter?.stack}` },
      ],
    };
    const { code, stdout } = await runFakeCli(['db', 'status', 'shop'], world(more));
    expect([code, stdout]).toEqual([1, expect.stringContaining('asked shop')]);
  });
});

describe('db backup', () => {
  it('follows the job to its end', async () => {
    const fine = world();
    const { code, stdout } = await runFakeCli(['db', 'backup', 'shop', 'db'], fine);
    expect([code, stdout]).toEqual([0, expect.stringContaining('✓ shop backed up in 3.2 s')]);
    expect(fine.asked).toMatchObject([{ type: 'backup', stack: 'shop', service: 'db', trigger: 'cli' }]);
  });

  it('of an unknown stack names those there are', async () => {
    const backup = () => {
      throw new ReconcilerError('UNKNOWN_STACK', 'there is no stack shp');
    };
    const { code, stderr } = await runFakeCli(['db', 'backup', 'shp'], world({ backup }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('did you mean shop?')]);
  });
});

describe('db restore', () => {
  it('takes the newest that was made on purpose, after its name was typed', async () => {
    const fine = world();
    const run = await runFakeCli(['db', 'restore', 'shop'], fine, {
      isTerminal: true,
      answers: ['db'],
      env: { NO_COLOR: '1' },
    });
    expect([run.code, run.questions]).toEqual([0, ['Type db to go on: ']]);
    expect(run.stdout).toContain('What shop/db holds now is replaced; it is backed up first.');
    expect(fine.asked).toMatchObject([
      { type: 'restore', stack: 'shop', service: 'db', file: 'new.sql.gz', backupFirst: true },
    ]);
  });

  it.each([
    [['db', 'restore', 'shop'], [], 'needs a yes'],
    [['db', 'restore', 'shop'], ['yes'], 'nothing was changed'],
    [['db', 'restore', 'shop', '--file', 'none', '--yes'], [], 'there is no backup none of shop'],
  ])('%j answered %j changes nothing: %s', async (argv, answers, message) => {
    const fine = world();
    const run = await runFakeCli(argv, fine, { isTerminal: answers.length > 0, answers });
    expect([run.code, run.stderr, fine.asked]).toEqual([1, expect.stringContaining(message), []]);
  });

  it('with --yes and --no-backup asks nothing and backs nothing up', async () => {
    const fine = world();
    const argv = ['db', 'restore', 'shop', 'db', '-f', 'before.sql.gz', '--yes', '--no-backup'];
    expect(await runFakeCli(argv, fine)).toMatchObject({ code: 0, questions: [] });
    expect(fine.asked).toMatchObject([{ file: 'before.sql.gz', backupFirst: false }]);
  });

  it('wants to know which of several databases', async () => {
    const two = [...LIST, backup('c.rdb', { service: 'cache' })];
    const { code, stderr } = await runFakeCli(['db', 'restore', 'shop', '--yes'], world({}, two));
    expect([code, stderr]).toEqual([1, expect.stringContaining('several databases: db, cache')]);
  });
});
