import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';

/* A container decides when its dump ends; the file system that it goes to has others, too. */

const MEBIBYTE = 1024 ** 2;
const { signal } = new AbortController();
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kombinator-backups-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'none', directory]);
});
afterEach(() => {
  execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

it('gives up a dump without an end before the file system is full', async () => {
  let least = Number.POSITIVE_INFINITY;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { bavail, bsize } = statfsSync(directory);
      least = Math.min(least, bavail * bsize);
      yield Buffer.alloc(MEBIBYTE);
    }
  }
  const volume = createBackupFolder(directory).backupVolume('shop', 'db');
  await expect(volume.write('db.dump', endless(), signal)).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(least).toBeGreaterThan(MEBIBYTE);
  expect(readdirSync(join(directory, 'shop', 'db'))).toEqual([]);
  const { bavail, bsize } = statfsSync(directory);
  expect(bavail * bsize).toBeGreaterThan(120 * MEBIBYTE);
});
