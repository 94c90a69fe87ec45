import { CONTAINER_UPDATABLE } from '../../reconciler/model/docker/docker-spec.ts';
import type { Health, DesiredResource, ObservedResource } from '../../reconciler/model/resource.ts';
import { hashSpec, resourceId } from '../../reconciler/model/resource.ts';
import { maskSpec } from '../../reconciler/model/secret.ts';
import type { Spec } from '../../reconciler/model/secret.ts';
import { DEFAULT_POLICY } from '../../reconciler/model/stack.ts';
import { buildPlan } from '../../reconciler/plan/build-plan.ts';
import type { PlanInput } from '../../reconciler/plan/plan-input.ts';
import type { Plan } from '../../reconciler/plan/plan.ts';

const TARGET = 'local';
export const REVISION = '1111111111111111111111111111111111111111';
const ORIGIN = { file: 'kombinations/shop/kombination.yaml', line: 7, column: 3 };

/** A resource as described; `spec` is what matters to the test, the rest has quiet defaults. */
export function wanted(
  kind: string,
  name: string,
  spec: Spec = {},
  more: Partial<DesiredResource> = {},
): DesiredResource {
  const updatable = kind === 'container' ? CONTAINER_UPDATABLE : [];
  return {
    id: resourceId(TARGET, kind, name),
    target: TARGET,
    kind,
    name,
    spec,
    hash: hashSpec(spec, updatable),
    updatable,
    dependsOn: [],
    origin: ORIGIN,
    ...more,
  };
}

/** The same resource as a target would report it after it was created from that description. */
export function running(desired: DesiredResource, more: Partial<ObservedResource> = {}): ObservedResource {
  const { id, target, kind, name, hash, spec } = desired;
  return {
    id,
    target,
    kind,
    name,
    hash,
    revision: REVISION,
    spec: maskSpec(spec),
    health: HEALTHY,
    fingerprint: `${id}@1`,
    interrupted: false,
    ...(desired.guarded === undefined ? {} : { guarded: desired.guarded }),
    ...(desired.shared === undefined ? {} : { shared: desired.shared }),
    ...more,
  };
}

export const HEALTHY: Health = { status: 'healthy' };

export function planFor(input: Partial<PlanInput>): Plan {
  return buildPlan({
    stack: 'shop',
    mode: 'apply',
    revision: REVISION,
    desired: [],
    observed: [],
    diagnostics: [],
    policy: DEFAULT_POLICY,
    deleteVolumes: false,
    ...input,
  });
}
