import type { BackupName, BackupPolicy } from './backup.ts';
import { compareBackups } from './backup.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Returns those of one service's backups that the policy lets go. The newest stays whatever the policy says: call this only when it is
 * known to be good.
 */
export function expiredBackups<T extends BackupName>(
  backups: readonly T[],
  { keep, days }: Pick<BackupPolicy, 'keep' | 'days'>,
  now: number,
): readonly T[] {
  if (keep === undefined && days === undefined) return [];
  return backups.toSorted(compareBackups).filter((backup, index) => {
    if (index === 0) return false;
    const isKept = index < (keep ?? 0) || (days !== undefined && now - backup.time < days * DAY_MS);
    return !isKept;
  });
}
