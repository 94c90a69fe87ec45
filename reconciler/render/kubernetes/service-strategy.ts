import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import type { Spec } from '../../model/secret.ts';
import type { BlueprintService } from '../generate/blueprint.ts';
import { specOf } from './fields.ts';

const DEFAULTS = { maxSurge: '25%', maxUnavailable: '25%' };

/**
 * Chooses how pods are replaced. Where nobody says, a cluster starts the new one first; two at a time are not possible where something of
 * the machine is taken.
 */
export function strategyOf({ model, spec, replicas }: BlueprintService, kind: string): Spec {
  const { update } = model;
  const minReadySeconds = update?.monitorMs ? Math.ceil(update.monitorMs / 1_000) : undefined;
  if (kind === 'StatefulSet') return specOf({ minReadySeconds });
  const alone =
    spec.networkMode === 'host' ||
    (spec.mounts ?? []).some(({ type, readOnly }) => type === 'bind' && readOnly !== true);
  if (alone) return specOf({ minReadySeconds, strategy: { type: 'Recreate' } });
  // Said as well where it is the default: only what is ours goes away when another strategy takes its place.
  if (!update) return { strategy: { type: 'RollingUpdate', rollingUpdate: DEFAULTS } };
  const { parallelism, order } = { ...DEFAULT_ROLLOUT, ...update };
  const count = parallelism === 0 ? Math.max(1, replicas) : parallelism;
  const rollingUpdate =
    order === 'start-first' ? { maxSurge: count, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: count };
  return specOf({ minReadySeconds, strategy: { type: 'RollingUpdate', rollingUpdate } });
}
