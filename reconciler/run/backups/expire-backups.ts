import { expiredBackups } from '../../database/backup-retention.ts';
import type { BackupPolicy } from '../../database/backup.ts';
import { DATA_ENDING } from '../../database/backup.ts';
import type { RunContext } from '../context.ts';
import type { BackupSource } from './source.ts';
import { listBackups, manifestOf } from './source.ts';

/** Lets go of what the policy does not keep; call it after a good backup. Resolves to the names of the files. */
export async function expireBackups(
  context: RunContext,
  source: BackupSource,
  policy: BackupPolicy,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const expired = expiredBackups(await listBackups(source, signal), policy, context.clock.now());
  for (const { file, ending } of expired) {
    await source.backupVolume.remove(file, signal);
    if (ending === DATA_ENDING) await source.backupVolume.remove(manifestOf(file), signal);
  }
  return expired.map(({ file }) => file);
}
