import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { Instance } from '../../pods/instance.ts';
import { toPorts } from './create-instance.ts';
import type { InstanceContext } from './context.ts';
import { statusOf } from './instance-table.ts';

/** Updates an instance. Its state counts also while the store cannot be written: a restart finds it out again. */
export function updateInstance(
  context: InstanceContext,
  instance: Instance,
  patch: Partial<Instance>,
): Instance {
  const { clock, records, table, logger } = context;
  const changed = { ...instance, ...patch, updatedAt: clock.now() };
  table.put(changed);
  try {
    records.saveInstance(changed);
  } catch (error) {
    logger.warn({ instance: instance.id, error: errorMessage(error) }, 'the store cannot be written');
  }
  return changed;
}

/** Brings the status of an instance in line with what is seen of it. */
export function updateStatus(context: InstanceContext, instance: Instance): Instance {
  const observed = context.table.seen(instance.id);
  const status = statusOf(instance, observed, context.nodes);
  const isSame = status === instance.status;
  // A reason that it could not be made stands until it is; then what is seen of it counts.
  const message = observed?.reason ?? (isSame && !instance.ready ? instance.message : null);
  if (isSame && message === instance.message) return instance;
  return updateInstance(context, instance, { status, message });
}

/** Makes what an instance consists of. Throws to be tried again. */
export async function bringUp(
  context: InstanceContext,
  instance: Instance,
  signal: AbortSignal,
): Promise<void> {
  const { backend, table } = context;
  try {
    await backend.ensure(instance, signal);
  } catch (error) {
    if (!isReconcilerError(error, 'PORT_TAKEN') || instance.podId !== instance.id) throw error;
    await withOtherPorts(context, instance, signal);
    throw error;
  }
  const current = table.get(instance.id);
  if (current === undefined || signal.aborted) return;
  updateStatus(context, updateInstance(context, current, { ready: true, message: null }));
}

/** Somebody took one of its ports between the check and the start: once, others are tried. */
async function withOtherPorts(
  context: InstanceContext,
  instance: Instance,
  signal: AbortSignal,
): Promise<void> {
  const { backend, ports: nodePorts, table } = context;
  const { id } = instance;
  await backend.remove(id, signal);
  nodePorts.forget(id);
  const numbers = await nodePorts.lock(id, instance.ports);
  const current = table.get(id);
  if (current === undefined) return;
  updateInstance(context, current, { podId: `${id}-retry-1`, ports: toPorts(current, numbers) });
  nodePorts.own(id, numbers);
}
