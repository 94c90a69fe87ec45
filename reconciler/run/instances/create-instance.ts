import { createAbortScope, withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { Instance, InstanceDesign, InstancePort } from '../../pods/instance.ts';
import { checkLimitRange, checkQuota } from '../../pods/limits.ts';
import type { Usage } from '../../pods/limits.ts';
import { designInstance } from '../../pods/pod-spec.ts';
import { noNodePort, saturated } from '../../pods/refusals.ts';
import type { Placement } from '../../ports/instance-backend.ts';
import type { CreateInstanceRequest } from '../../public/instances.ts';
import type { InstanceContext } from './context.ts';
import { createHexId } from './context.ts';

/** Checks, takes ports, finds a node, and writes it down. What it has to do with others is decided before the first wait. */
export async function createInstance(
  context: InstanceContext,
  request: CreateInstanceRequest,
  pending: PendingUsage,
): Promise<Instance> {
  const design = designInstance(request.podSpec, request.targetPorts);
  context.backend.check(design.pod);
  const id = `stack-${createHexId()}`;
  const { limitRange, quota, namespace } = context.settings;
  checkLimitRange(limitRange, design, id);
  checkQuota({ quota, used: pending.with(context.table.usage), name: namespace }, design, id);
  pending.add(design);
  context.placing.add(id);
  try {
    const instance = await placeTwice(context, id, design);
    context.records.saveInstance(instance);
    context.table.put(instance);
    context.ports.own(
      id,
      instance.ports.map(({ nodePort }) => nodePort),
    );
    return instance;
  } catch (error) {
    await clear(context, id);
    throw error;
  } finally {
    context.placing.delete(id);
    pending.remove(design);
  }
}

/** A port that somebody else turns out to have is worth one more try, with other ports and another name. */
async function placeTwice(context: InstanceContext, id: string, design: InstanceDesign): Promise<Instance> {
  try {
    return await place(context, { id, podId: id, design });
  } catch (error) {
    if (!isReconcilerError(error, 'PORT_TAKEN')) throw error;
    await clear(context, id);
  }
  try {
    return await place(context, { id, podId: `${id}-retry-1`, design });
  } catch (error) {
    throw isReconcilerError(error, 'PORT_TAKEN') ? noNodePort() : error;
  }
}

interface Placing {
  readonly id: string;
  readonly podId: string;
  readonly design: InstanceDesign;
}

async function place(context: InstanceContext, { id, podId, design }: Placing): Promise<Instance> {
  const { backend, settings, clock, ports: nodePorts } = context;
  const ports = toPorts(design, await nodePorts.lock(id, design.ports));
  const unplaced = {
    id,
    podId,
    namespace: settings.namespace,
    serviceName: `svc-${id}`,
    pod: design.pod,
    ports,
  };
  using scope = createAbortScope({ signals: [], timeoutMs: settings.schedulingTimeoutMs });
  const placement = await placedInTime(backend.place(unplaced, scope.signal), scope.signal);
  const now = clock.now();
  return {
    ...unplaced,
    ...placement,
    podSpec: design.podSpec,
    cpuMilli: design.cpuMilli,
    memoryBytes: design.memoryBytes,
    status: 'creating',
    message: null,
    ready: false,
    expiresAt: now + settings.ttlMs,
    createdAt: now,
    updatedAt: now,
  };
}

export function toPorts(
  design: Pick<InstanceDesign, 'ports'>,
  nodePorts: readonly number[],
): readonly InstancePort[] {
  return design.ports.map(({ containerPort, protocol }, index) => ({
    containerPort,
    protocol,
    nodePort: nodePorts[index] ?? 0,
  }));
}

async function placedInTime(placing: Promise<Placement>, timeout: AbortSignal): Promise<Placement> {
  try {
    return await placing;
  } catch (error) {
    throw timeout.aborted ? saturated() : error;
  }
}

/** An attempt that failed is cleared for this long. */
const REMOVAL_MS = 10_000;

/** Leaves nothing of an attempt behind; what cannot be removed now is an orphan later. */
async function clear({ backend, ports, logger }: InstanceContext, id: string): Promise<void> {
  ports.free(id);
  try {
    const removing = { signals: [], timeoutMs: REMOVAL_MS };
    await withAbortScope(removing, (signal) => backend.remove(id, signal));
  } catch (error) {
    logger.warn(
      { instance: id, error: errorMessage(error) },
      'what was made of an instance is left for later',
    );
  }
}

/** Usage of instances that are being placed; it counts against the quota as if they were there. */
export interface PendingUsage {
  add(design: InstanceDesign): void;
  remove(design: InstanceDesign): void;
  with(usage: Usage): Usage;
}

export function createPendingUsage(): PendingUsage {
  const designs = new Set<InstanceDesign>();
  return {
    add: (design) => void designs.add(design),
    remove: (design) => void designs.delete(design),
    with({ cpuMilli, memoryBytes, pods }) {
      let sum: Usage = { cpuMilli, memoryBytes, pods };
      for (const design of designs) {
        sum = {
          cpuMilli: sum.cpuMilli + design.cpuMilli,
          memoryBytes: sum.memoryBytes + design.memoryBytes,
          pods: sum.pods + 1,
        };
      }
      return sum;
    },
  };
}
