import { expiredBackups } from '../../database/backup-retention.ts';
import type { BackupPolicy } from '../../database/backup.ts';
import type { RunContext } from '../context.ts';
import { listBackups } from './dump-server.ts';
import type { Server } from './servers.ts';

/** Lets go of what the policy does not keep; call it after a good backup. Resolves to the names of the files. */
export async function expireBackups(
  context: RunContext,
  server: Server,
  policy: BackupPolicy,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const expired = expiredBackups(await listBackups(server, signal), policy, context.clock.now());
  for (const { file } of expired) await server.backupVolume.remove(file, signal);
  return expired.map(({ file }) => file);
}
