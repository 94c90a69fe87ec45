import { measure, parseJsonWithin, readWithin } from '../../../base/bytes.ts';
import { canonicalJson } from '../../../base/json.ts';
import { asFields, asNumber, asString } from '../../../base/values.ts';
import type { BackupVolume, StoredBackup } from '../../../ports/backups/backup-store.ts';
import type { BackupParts, BackupSource, DumpOptions, KnownBackup, Verified } from '../source.ts';
import { damaged, manifestOf, verifyStored } from '../source.ts';
import { readTar } from './read-tar.ts';

interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

const MAX_BYTES = 64 * 1_024;
const MAX_VALUES = 10_000;

/** Writes beside a backup what was read when it was made, and what is stored of it. It names no file: those may be secret. */
export async function writeManifest(
  { stack, service, backupVolume }: Pick<BackupSource, 'stack' | 'service' | 'backupVolume'>,
  {
    stored,
    options,
    content,
  }: {
    readonly stored: StoredBackup;
    readonly options: DumpOptions;
    readonly content: Measured;
  },
  signal: AbortSignal,
): Promise<void> {
  const { compression, recipients, stop } = options;
  const manifest = {
    kombinator_backup: 1,
    stack,
    data: service,
    file: stored.file,
    compression,
    recipients: [...recipients],
    stopped: stop,
    content: { ...content },
    stored: { bytes: stored.sizeBytes, sha256: stored.sha256 },
  };
  const text = Buffer.from(`${canonicalJson(manifest)}\n`);
  await backupVolume.write(manifestOf(stored.file), once(text), signal);
}

/** Reads an archive of data to its end: what is stored, and what it unpacks to, have to be what they were. Throws BACKUP_DAMAGED. */
export async function verifyArchive(
  parts: BackupParts,
  { backupVolume }: Pick<BackupSource, 'backupVolume'>,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<Verified> {
  const manifest = await readManifest(backupVolume, backup, signal);
  if (manifest.stored.sha256 !== backup.sha256)
    throw damaged(backup, 'is not what was written: its manifest tells of another one');
  let found: Measured | null = null;
  const onPlain = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
    const measured = measure(content);
    await readTar(measured.content, () => undefined);
    found = measured.result();
  };
  const verified = await verifyStored(parts, { backupVolume }, { backup, onPlain }, signal);
  if (verified.bytes !== null && (found as Measured | null)?.sha256 !== manifest.content.sha256)
    throw damaged(backup, 'does not unpack to what was read when it was made');
  return verified;
}

async function readManifest(
  backupVolume: BackupVolume,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<{ readonly content: Measured; readonly stored: Measured }> {
  const name = manifestOf(backup.file);
  const bytes = await readWithin(backupVolume.read(name, signal), MAX_BYTES);
  const fields = asFields(parse(bytes.toString('utf8')));
  const [content, stored] = [fields?.['content'], fields?.['stored']].map((value) => toMeasured(value));
  if (content === undefined || stored === undefined)
    throw damaged(backup, `has a manifest that cannot be read: ${name}`);
  return { content, stored };
}

function toMeasured(value: unknown): Measured | undefined {
  const fields = asFields(value);
  const [bytes, sha256] = [asNumber(fields?.['bytes']), asString(fields?.['sha256'])];
  return bytes === undefined || sha256 === undefined ? undefined : { bytes, sha256 };
}

function parse(text: string): unknown {
  try {
    return parseJsonWithin(text, MAX_VALUES);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
