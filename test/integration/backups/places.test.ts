import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';
import { createRcloneStore } from '../../../reconciler/adapters/backups/rclone.ts';
import { createResticStore } from '../../../reconciler/adapters/backups/restic.ts';
import type { BackupStore } from '../../../reconciler/ports/backups/backup-store.ts';
import type { S3Server } from '../../support/backups/s3-server.ts';
import { startS3Server } from '../../support/backups/s3-server.ts';
import type { SftpServer } from '../../support/backups/sftp-server.ts';
import { startSftpServer } from '../../support/backups/sftp-server.ts';

/* The same promises of every place that backups are kept in: a directory, rclone over SFTP and S3, restic in a directory and over SFTP. */

const { signal } = new AbortController();
const { env } = process;
const BIG = randomBytes(12_000_000);

let root: string;
let sftp: SftpServer;
let s3: S3Server;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-places-'));
  mkdirSync(join(root, 'home'));
  writeFileSync(join(root, 'password'), 'correct horse\n', { mode: 0o600 });
  [sftp, s3] = await Promise.all([startSftpServer(), startS3Server()]);
});
afterAll(async () => {
  await sftp[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const s3Env = () => ({
  ...env,
  HOME: join(root, 'home'),
  RCLONE_CONFIG_S3_TYPE: 's3',
  RCLONE_CONFIG_S3_PROVIDER: 'Other',
  RCLONE_CONFIG_S3_ENDPOINT: s3.endpoint,
  RCLONE_CONFIG_S3_ACCESS_KEY_ID: 'key',
  RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: 'secret',
});

const restic = (
  repository: string,
  passwordFile = join(root, 'password'),
  more: Record<string, string> = {},
) => createResticStore({ repository, passwordFile, variables: { HOME: join(root, 'home'), ...more }, env });

const PLACES: Readonly<Record<string, () => BackupStore>> = {
  'a directory': () => createBackupFolder(join(root, 'folder')),
  'rclone over SFTP': () =>
    createRcloneStore({ remote: `nas:${sftp.directory}/rclone`, config: sftp.rcloneConfig, env }),
  'rclone over S3': () => createRcloneStore({ remote: 's3:bucket/kombinator', env: s3Env() }),
  'restic in a directory': () => restic(join(root, 'restic')),
  'restic over SFTP': () => restic(`sftp:root@127.0.0.1:${sftp.directory}/restic`, undefined, resticSsh()),
};

/** restic finds ssh by its name: the one before it in the path knows the port, the key and the host. */
function resticSsh(): Record<string, string> {
  const bin = join(root, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nPATH=${env['PATH']}\nexec ${sftp.sshCommand}\n`, {
    mode: 0o755,
  });
  return { PATH: `${bin}:${env['PATH']}` };
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

async function read(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.each(Object.keys(PLACES))('%s', (name) => {
  const open = () => (PLACES[name] ?? (() => createBackupFolder('/nowhere')))();

  it('gives back what it was given, also to another process, and lists nothing else', async () => {
    expect(await open().services()).toEqual([]);
    const volume = open().backupVolume('shop', 'volume=data');
    expect(await volume.list(signal)).toEqual([]);
    const stored = await volume.write(
      'volume=data_20261130-030000.tar',
      pieces(BIG.subarray(0, 5_000_000), BIG.subarray(5_000_000)),
      signal,
    );
    expect(stored).toEqual({
      file: 'volume=data_20261130-030000.tar',
      sizeBytes: BIG.length,
      sha256: createHash('sha256').update(BIG).digest('hex'),
    });
    await volume.write('volume=data_20261130-030000.tar.manifest', pieces(Buffer.from('{}')), signal);
    await open()
      .backupVolume('shop', 'web=%2Fsrv')
      .write('web=%2Fsrv_20261130-030000.tar', pieces(Buffer.from('x')), signal);
    const again = open().backupVolume('shop', 'volume=data');
    expect((await again.list(signal)).map(({ file, sizeBytes }) => [file, sizeBytes])).toEqual([
      ['volume=data_20261130-030000.tar', BIG.length],
      ['volume=data_20261130-030000.tar.manifest', 2],
    ]);
    expect(await open().services()).toEqual([
      { stack: 'shop', service: 'volume=data' },
      { stack: 'shop', service: 'web=%2Fsrv' },
    ]);
    expect((await read(again.read(stored.file, signal))).equals(BIG)).toBe(true);
  });

  it('lists nothing that was cut short, and passes on why', async () => {
    const volume = open().backupVolume('shop', 'cut');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield BIG.subarray(0, 3_000_000);
      throw new Error('the engine went away');
    }
    await expect(volume.write('cut_20261130-030000.tar', broken(), signal)).rejects.toThrow(
      'the engine went away',
    );
    expect(await volume.list(signal)).toEqual([]);
  });

  it('ends with whoever reads no further, and with its signal', async () => {
    const volume = open().backupVolume('shop', 'volume=data');
    for await (const chunk of volume.read('volume=data_20261130-030000.tar', signal)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const stopping = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield BIG.subarray(0, 1_000_000);
        stopping.abort(new Error('enough'));
      }
    }
    const file = 'volume=data_20261201-030000.tar';
    await expect(volume.write(file, endless(), stopping.signal)).rejects.toThrow('enough');
    expect((await volume.list(signal)).map((one) => one.file)).not.toContain(file);
  });

  it('removes', async () => {
    const volume = open().backupVolume('shop', 'volume=data');
    await volume.remove('volume=data_20261130-030000.tar', signal);
    await volume.remove('volume=data_20261130-030000.tar', signal);
    expect((await volume.list(signal)).map(({ file }) => file)).toEqual([
      'volume=data_20261130-030000.tar.manifest',
    ]);
  });
});

it('what restic stores is its own, packed once', async () => {
  const store = PLACES['restic in a directory']?.();
  expect(store?.packs).toBe(true);
  expect(readdirSync(join(root, 'restic'))).toEqual(expect.arrayContaining(['config', 'snapshots']));
});

it('a place that does not answer, and a program that is missing, are told of', async () => {
  const wrong = restic(join(root, 'restic'), join(root, 'other'));
  writeFileSync(join(root, 'other'), 'wrong\n');
  await expect(wrong.services()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: /^restic: .*password/,
  });
  const away = createRcloneStore({ remote: 'nas:x', config: join(root, 'none.conf'), env });
  await expect(away.services()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /^rclone: / });
  const missing = createRcloneStore({ remote: 'nas:x', env: { PATH: '/nowhere' } });
  await expect(missing.services()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: 'rclone is not installed where the daemon runs (Debian: apt-get install rclone)',
  });
});
