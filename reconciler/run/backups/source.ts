import type { BackupPolicy } from '../../database/backup.ts';
import { compareBackups, DATA_ENDING, formatBackupName, parseBackupName } from '../../database/backup.ts';
import type { BackupName, Compression } from '../../database/backup.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { BackupCipher } from '../../ports/backups/backup-cipher.ts';
import type { BackupStore, BackupVolume, StoredBackup } from '../../ports/backups/backup-store.ts';
import type { RestoreLook } from '../../public/backups.ts';
import type { RunContext } from '../context.ts';
import { measure } from '../../base/bytes.ts';
import { decompress, compress } from './streams.ts';

/** The things that backups are made with. */
export interface BackupParts {
  readonly context: RunContext;
  /** The daemon's own place. */
  readonly store: BackupStore;
  /** Places that the operator has set up besides, by name. */
  readonly destinations: ReadonlyMap<string, BackupStore>;
  readonly cipher: BackupCipher;
}

/** A backup with what its name tells. */
export interface KnownBackup extends StoredBackup, BackupName {}

export interface DumpOptions {
  readonly compression: Compression;
  /** Whom it is encrypted for; empty: it is not. */
  readonly recipients: readonly string[];
  readonly beforeRestore: boolean;
  /** Services that have the data are stopped meanwhile. */
  readonly stop: boolean;
  readonly tell: (message: string) => void;
}

/** One thing that is backed up and restored, and where its backups are: a database server, a volume, a directory. */
export interface BackupSource {
  readonly stack: string;
  /** Name of the service, or of the data: `volume:data`, `web:/srv`. */
  readonly service: string;
  readonly backupVolume: BackupVolume;
  dump(options: DumpOptions, signal: AbortSignal): Promise<StoredBackup>;
  /** Reads all of a backup. Throws BACKUP_DAMAGED unless it is what was written, and whole. */
  verify(backup: KnownBackup, signal: AbortSignal): Promise<Verified>;
  /** Puts a verified backup in the place of what is there. */
  restore(
    verified: { readonly backup: KnownBackup; readonly found: Verified },
    tell: (message: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Says what a failed restore leaves, and how to get back to what was there. */
  wayBack(before: string | null): string;
  /** Compares a backup with what is there. */
  look(backup: KnownBackup, signal: AbortSignal): Promise<Pick<RestoreLook, 'stops' | 'note' | 'data'>>;
}

export interface Verified {
  /** Length unpacked; `null` where nobody here can decrypt it: then only what is stored was proved. */
  readonly bytes: number | null;
}

const SECOND_MS = 1_000;
/** So much of a dump tells what it is. */
export const START_BYTES = 64;

/** Complete backups of one source, the newest first. */
export async function listBackups(
  { backupVolume }: Pick<BackupSource, 'backupVolume'>,
  signal: AbortSignal,
): Promise<readonly KnownBackup[]> {
  const stored = await backupVolume.list(signal);
  const files = new Set(stored.map(({ file }) => file));
  const known = stored.flatMap((one): KnownBackup[] => {
    const name = parseBackupName(one.file);
    // Data counts once what it was stands beside it.
    const isWhole = name?.ending !== DATA_ENDING || files.has(manifestOf(one.file));
    return name === null || !isWhole ? [] : [{ ...name, ...one }];
  });
  return known.sort(compareBackups);
}

/** Name of the file that tells what a backup of data was when it was made. */
export function manifestOf(file: string): string {
  return `${file}.manifest`;
}

export interface Content {
  readonly ending: string;
  /** Not packed, not encrypted. */
  readonly plain: AsyncIterable<Uint8Array>;
  readonly packing: Pick<DumpOptions, 'compression' | 'recipients' | 'beforeRestore'>;
}

/** Writes a backup and reads the file back, so that every listed one is there as it was written. */
export async function storeBackup(
  { context, cipher }: BackupParts,
  { backupVolume, service, stack }: Pick<BackupSource, 'backupVolume' | 'service' | 'stack'>,
  { ending, plain, packing }: Content,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const { compression, recipients, beforeRestore } = packing;
  const taken = new Set((await backupVolume.list(signal)).map(({ file }) => file));
  const encrypted = recipients.length > 0;
  const nameAt = (time: number) =>
    formatBackupName({ service, time, beforeRestore, ending, compression, encrypted });
  let time = context.clock.now();
  while (taken.has(nameAt(time))) time += SECOND_MS;
  const packed = compress(plain, compression);
  const content = encrypted ? cipher.encrypt(packed, recipients) : packed;
  const stored = await backupVolume.write(nameAt(time), content, signal);
  const { sha256 } = await readThrough(backupVolume.read(stored.file, signal));
  if (sha256 === stored.sha256) return stored;
  await backupVolume.remove(stored.file, signal);
  const message = `${stack}/${service}: what was written cannot be read back`;
  throw new ReconcilerError('BACKUP_FAILED', message);
}

/** A backup as it was before it was packed. Throws SECRET_NOT_DECRYPTED where there is no key for it. */
export function unpacked(
  { cipher }: Pick<BackupParts, 'cipher'>,
  { compression, encrypted }: Pick<BackupName, 'compression' | 'encrypted'>,
  content: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return decompress(encrypted ? cipher.decrypt(content) : content, compression);
}

/**
 * Reads all of a backup and holds what is stored against its checksum. Throws BACKUP_DAMAGED.
 *
 * @param onChunk told of what it is unpacked, piece by piece
 */
export async function verifyStored(
  parts: BackupParts,
  { backupVolume }: Pick<BackupSource, 'backupVolume'>,
  {
    backup,
    onPlain,
  }: {
    readonly backup: KnownBackup;
    /** Reads the content as it was before it was packed, to its end. */
    readonly onPlain: (content: AsyncIterable<Uint8Array>) => Promise<void>;
  },
  signal: AbortSignal,
): Promise<Verified> {
  const packed = measure(backupVolume.read(backup.file, signal));
  const plain = measure(unpacked(parts, backup, packed.content));
  try {
    await onPlain(plain.content);
    // Nothing may stand behind what was unpacked.
    for await (const chunk of plain.content) void chunk;
  } catch (error) {
    signal.throwIfAborted();
    if (isReconcilerError(error, 'SECRET_NOT_DECRYPTED')) {
      await provesStored(backupVolume, backup, signal);
      return { bytes: null };
    }
    if (isReconcilerError(error)) throw error;
    throw damaged(backup, 'cannot be unpacked', error);
  }
  if (packed.result().sha256 !== backup.sha256)
    throw damaged(backup, 'is not what was written: its checksum differs');
  return { bytes: plain.result().bytes };
}

async function provesStored(
  backupVolume: BackupVolume,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<void> {
  const { sha256 } = await readThrough(backupVolume.read(backup.file, signal));
  if (sha256 !== backup.sha256) throw damaged(backup, 'is not what was written: its checksum differs');
}

export function damaged({ file }: { readonly file: string }, reason: string, cause?: unknown) {
  return new ReconcilerError('BACKUP_DAMAGED', `${file} ${reason}`, { cause });
}

/** Recipients of the backups of a stack. Throws BACKUP_FAILED where they are to be encrypted, and there is nobody to encrypt them for. */
export async function recipientsOf(
  cipher: BackupCipher,
  policy: BackupPolicy | undefined,
): Promise<readonly string[]> {
  const named = policy?.recipients ?? [];
  const isWanted = policy?.encrypt ?? named.length > 0;
  if (!isWanted && cipher.required.length === 0) return [];
  const all = [...new Set([...cipher.required, ...named, ...(await cipher.own())])].sort();
  if (all.length > 0) return all;
  throw new ReconcilerError(
    'BACKUP_FAILED',
    'backups are to be encrypted, and there is nobody to encrypt them for: put an age key into age.key of the state directory, or name backup.recipients',
  );
}

async function readThrough(content: AsyncIterable<Uint8Array>): Promise<{ readonly sha256: string }> {
  const measured = measure(content);
  for await (const chunk of measured.content) void chunk;
  return measured.result();
}
