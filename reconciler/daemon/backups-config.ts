import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString, defined } from '../base/values.ts';

/** A place for backups that descriptions choose by its name. */
export type BackupDestination =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'rclone'; readonly remote: string; readonly config?: string }
  | {
      readonly kind: 'restic';
      readonly repository: string;
      readonly passwordFile: string;
      readonly environmentFile?: string;
    };

export interface BackupsConfig {
  /** Absolute path. Default: `backups` in the state directory. */
  readonly directory?: string;
  /** Age recipients of every backup. Default: none. */
  readonly recipients?: readonly string[];
  readonly destinations?: ReadonlyMap<string, BackupDestination>;
}

/** Reads `backups` of the operator's configuration, which has been checked against the schema. */
export function readBackupsConfig(fields: Fields | undefined, collector: DiagnosticCollector): BackupsConfig {
  const destinations = new Map<string, BackupDestination>();
  for (const [name, value] of Object.entries(asFields(fields?.['destinations']) ?? {})) {
    const destination = readDestination(asFields(value) ?? {}, ['backups', 'destinations', name], collector);
    if (destination !== null) destinations.set(name, destination);
  }
  return defined({
    directory: asString(fields?.['directory']),
    recipients: asList(fields?.['recipients'])?.flatMap((one) => asString(one) ?? []),
    destinations: destinations.size === 0 ? undefined : destinations,
  });
}

function readDestination(
  fields: Fields,
  path: readonly string[],
  collector: DiagnosticCollector,
): BackupDestination | null {
  const [directory, remote, repository] = [
    asString(fields['directory']),
    asString(fields['rclone']),
    asString(fields['restic']),
  ];
  if (directory !== undefined) return { kind: 'directory', directory };
  if (remote !== undefined)
    return defined({ kind: 'rclone' as const, remote, config: asString(fields['config']) });
  // The schema has refused what says none of them.
  if (repository === undefined) return null;
  const passwordFile = asString(fields['password_file']);
  if (passwordFile === undefined) {
    collector.error('INVALID_VALUE', [...path, 'restic'], 'a repository of restic has a password', {
      hint: 'password_file: the absolute path of the file that holds it',
    });
    return null;
  }
  const environmentFile = asString(fields['environment_file']);
  return defined({ kind: 'restic' as const, repository, passwordFile, environmentFile });
}
