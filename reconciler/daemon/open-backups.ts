import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createAgeCipher } from '../adapters/backups/age-cipher.ts';
import { createBackupFolder } from '../adapters/backups/folder.ts';
import { createRcloneStore } from '../adapters/backups/rclone.ts';
import { createResticStore } from '../adapters/backups/restic.ts';
import { readIdentities } from '../adapters/secrets/identities.ts';
import { errorMessage, ReconcilerError } from '../base/errors.ts';
import type { BackupCipher } from '../ports/backups/backup-cipher.ts';
import type { BackupStore } from '../ports/backups/backup-store.ts';
import type { BackupDestination, BackupsConfig } from './backups-config.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Places for backups and what they are encrypted with. */
export function openBackups(
  { directory, recipients = [], destinations = new Map() }: BackupsConfig,
  { stateDir, env }: { readonly stateDir: string; readonly env: Env },
): {
  readonly backups: BackupStore;
  readonly backupDestinations: ReadonlyMap<string, BackupStore>;
  readonly backupCipher: BackupCipher;
} {
  const opened = [...destinations].map(([name, one]) => [name, openDestination(one, env)] as const);
  return {
    backups: createBackupFolder(directory ?? join(resolve(stateDir), 'backups')),
    backupDestinations: new Map(opened),
    backupCipher: createAgeCipher({
      required: recipients,
      readKeys: () => readIdentities({ stateDir, env }),
    }),
  };
}

function openDestination(destination: BackupDestination, env: Env): BackupStore {
  switch (destination.kind) {
    case 'directory':
      return createBackupFolder(destination.directory);
    case 'rclone':
      return createRcloneStore({ ...destination, env });
    case 'restic': {
      const { environmentFile, ...more } = destination;
      return createResticStore({ ...more, variables: readVariables(environmentFile), env });
    }
    default:
      return destination satisfies never;
  }
}

/** `NAME=value` in each line; what is empty, or begins with #, is passed over. Throws BAD_OPTIONS. */
function readVariables(path: string | undefined): Record<string, string> {
  if (path === undefined) return {};
  try {
    const lines = readFileSync(path, 'utf8').split(/\r?\n/);
    const pairs = lines.flatMap((line) => {
      const [, name = '', value = ''] = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
      return name === '' ? [] : [[name, value] as const];
    });
    return Object.fromEntries(pairs);
  } catch (error) {
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `environment_file ${path} cannot be read: ${errorMessage(error)}`,
    );
  }
}
