import type { ServiceModel } from '../config/kombination/kombination.ts';
import { whyStopFirst } from '../config/kombination/replicas.ts';
import { DEFAULT_ROLLOUT } from '../model/rollout.ts';
import type { RolloutRule } from '../model/rollout.ts';

/** Builds the rule by which one container of a service is replaced; `undefined` where nobody says and there is only one. */
export function buildRollout(service: ServiceModel, number: number): RolloutRule | undefined {
  const { node, name, replicas = 1, update, rollback } = service;
  if (replicas === 1 && update === undefined) return undefined;
  const { maxFailureRatio, ...rule } = { ...DEFAULT_ROLLOUT, ...update };
  const back = { ...DEFAULT_ROLLOUT, ...rollback };
  return {
    group: `${node}/${name}`,
    number,
    ...rule,
    order: whyStopFirst(service) === undefined ? rule.order : 'stop-first',
    tolerates: Math.floor(maxFailureRatio * replicas),
    rollback: {
      parallelism: back.parallelism,
      delayMs: back.delayMs,
      failureAction: back.failureAction === 'continue' ? 'continue' : 'pause',
    },
  };
}
