import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';

describe('a backup folder that others write to', () => {
  const { signal } = new AbortController();
  const checksum = 'a'.repeat(64);
  let directory: string;
  let folder: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kombinator-backups-'));
    folder = join(directory, 'shop', 'db');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'good'), 'dump');
    writeFileSync(join(folder, 'good.sha256'), `${checksum}  good\n`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const volume = () => createBackupFolder(directory).backupVolume('shop', 'db');

  it('reads of a checksum only what it may be', async () => {
    writeFileSync(join(folder, 'huge'), 'dump');
    writeFileSync(join(folder, 'huge.sha256'), '');
    truncateSync(join(folder, 'huge.sha256'), 3 * 1024 ** 3);

    expect(await volume().list(signal)).toEqual([{ file: 'good', sizeBytes: 4, sha256: checksum }]);
  });

  it('follows no link to a file elsewhere', async () => {
    writeFileSync(join(directory, 'elsewhere'), 'of the host');
    symlinkSync(join(directory, 'elsewhere'), join(folder, 'link'));
    writeFileSync(join(folder, 'link.sha256'), `${checksum}  link\n`);

    expect((await volume().list(signal)).map(({ file }) => file)).toEqual(['good']);
    await expect(volume().read('link', signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});
