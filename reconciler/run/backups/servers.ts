import type { BackupPolicy } from '../../database/backup.ts';
import type { DatabaseSettings } from '../../database/settings.ts';
import { databaseOf } from '../../database/settings.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { DesiredStack } from '../../model/stack.ts';
import { stackDigest } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import type { BackupVolume, BackupStore } from '../../ports/backups/backup-store.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { RunContext } from '../context.ts';
import { recallFor, recallStack } from '../context.ts';
import { createBackupVolume } from './backup-volume.ts';

/** One database server, and where its backups are. */
export interface Server {
  readonly stack: string;
  readonly service: string;
  readonly settings: DatabaseSettings;
  readonly resource: ResourceId;
  readonly reference: TargetReference;
  readonly backupVolume: BackupVolume;
}

export interface Backed {
  readonly servers: readonly Server[];
  readonly policy: BackupPolicy | undefined;
}

/**
 * Database servers of a stack: the one that is named, else those that its policy names, else all. Throws UNKNOWN_STACK, INVALID_CONFIGURATION,
 * BAD_OPTIONS when there is no such database.
 */
export function findServers(
  context: RunContext,
  store: BackupStore,
  { stack, service }: { readonly stack: string; readonly service?: string },
): Backed {
  const description = context.desired.get(stack);
  if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  if (hasErrors(description.diagnostics))
    throw new ReconcilerError('INVALID_CONFIGURATION', `the description of ${stack} has errors`);
  const all = description.services.flatMap((one) =>
    toServer(context, store, { description, name: one.name }),
  );
  const { backup: policy } = description;
  const chosen = service === undefined ? (policy?.services ?? null) : [service];
  // Some targets stream nothing in and out: whoever asks for one of theirs by name is told so.
  const servers = all.filter(
    (one) =>
      (chosen?.includes(one.service) ?? true) &&
      (service !== undefined || hasCapability(context.pool.get(one.reference), 'streamsPrograms')),
  );
  if (servers.length > 0) return { servers, policy };
  const known = all.map((one) => one.service).join(', ') || 'none';
  const what = service === undefined ? 'no database' : `no database ${service}`;
  throw new ReconcilerError('BAD_OPTIONS', `${stack} has ${what}; its databases: ${known}`);
}

function toServer(
  context: RunContext,
  store: BackupStore,
  { description, name }: { readonly description: DesiredStack; readonly name: string },
): readonly Server[] {
  const { name: stack, services, targets } = description;
  const view = services.find((one) => one.name === name);
  const settings = view === undefined ? null : databaseOf(view);
  const reference = targets.find((target) => target.name === view?.node);
  if (view === undefined || settings === null || reference === undefined) return [];
  const resource = view.resource as ResourceId;
  const place = { stack, service: name, settings, resource, reference };
  const folder = settings.backupFolder;
  const backupVolume =
    folder === undefined
      ? store.backupVolume(stack, name)
      : createBackupVolume(context.pool, { ...place, folder });
  return [{ ...place, backupVolume }];
}

/** Throws for a stack that somebody has stopped: its databases are not to be started for this. */
export function refuseStopped(context: RunContext, stack: string): void {
  const description = context.desired.get(stack);
  if (recallStack(context, stack).stopped === null || description === undefined) return;
  const desired = stackDigest(description.resources);
  const { stopped } = recallFor(context, { stack, desired });
  if (stopped?.desired !== desired) return;
  throw new ReconcilerError(
    'STACK_STOPPED',
    `${stack} is stopped (by ${stopped.by ?? 'hand'}, ${stopped.at}), and so are its databases; start it first`,
  );
}
