import { ReconcilerError } from '../../../base/errors.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { statusOf } from '../engine/engine-errors.ts';
import { buildLabels, isHeldBy, readOwner } from '../labels.ts';
import { volumeSpec } from '../containers/specs.ts';
import { nameTaken } from '../taken-names.ts';

/**
 * Carries out one change of a volume. Volumes that are not the stack's own are never touched (NAME_TAKEN). A volume
 * goes with its data only by a delete or a replace that the plan has confirmed, and never while a container uses it.
 */
export async function applyVolume(
  adapter: Adapter,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const { desired } = change;
  if (desired === null) return deleteVolume(adapter, change, context);
  const spec = volumeSpec(desired);
  const { stack, revision, branch, signal } = context;
  const existing = await adapter.engine.inspectVolume(spec.name, signal);
  if (spec.external) {
    if (existing !== null) return;
    throw new ReconcilerError('TARGET_ERROR', `volume ${spec.name} is external and does not exist`, {
      retryable: true,
    });
  }
  const owner = existing && readOwner(existing.Labels);
  if (existing !== null && !isHeldBy(existing.Labels, stack, change.change))
    throw nameTaken({ kind: 'volume', name: spec.name, labels: existing.Labels });
  if (existing !== null) {
    if (change.change.action !== 'replace' || owner?.hash === desired.hash) return;
    await removeVolume(adapter, spec.name, signal);
  }
  const Labels = buildLabels({ stack, revision, branch, desired });
  const DriverOpts = spec.driverOpts ?? {};
  await adapter.engine.createVolume(
    { Name: spec.name, Driver: spec.driver ?? 'local', DriverOpts, Labels },
    signal,
  );
  adapter.stacksByName.set(spec.name, stack);
}

async function deleteVolume(
  adapter: Adapter,
  { change }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const stack = change.madeBy ?? context.stack;
  for (const { Name, Labels } of await adapter.engine.listVolumes(stack, context.signal)) {
    const owner = readOwner(Labels);
    const isMeant = change.objectId === undefined ? owner?.name === change.name : Name === change.objectId;
    if (owner?.kind !== 'volume' || !isMeant) continue;
    await removeVolume(adapter, Name, context.signal);
    adapter.stacksByName.delete(Name);
  }
}

async function removeVolume(adapter: Adapter, name: string, signal: AbortSignal): Promise<void> {
  try {
    await adapter.engine.removeVolume(name, signal);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    throw new ReconcilerError(
      'TARGET_ERROR',
      `volume ${name} is in use: remove the services that mount it first`,
      {
        cause: error,
      },
    );
  }
}
