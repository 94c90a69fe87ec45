import { randomBytes } from 'node:crypto';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource, Health } from '../../../reconciler/model/resource.ts';
import type { Action } from '../../../reconciler/plan/plan.ts';
import type { DockerTarget } from '../../../reconciler/adapters/docker/target.ts';
import { changeOf, contextFor, observeOne, resourcesOf } from './docker-resources.ts';
import type { TestContext } from './docker-resources.ts';
import { eventually } from '../eventually.ts';

/** A shell that ends at once when it is told to. */
export const SLEEP = ['sh', '-c', 'trap exit TERM; sleep 1000 & wait'];

/** One stack of its own for a test, and the verbs tests use on it. */
export function freshStack(target: DockerTarget, image: string) {
  const stack = `t${randomBytes(4).toString('hex')}`;
  const make = resourcesOf(stack);
  return {
    stack,
    make,
    service: (name: string, spec: Partial<ContainerSpec> = {}): DesiredResource =>
      make.container(name, { image, command: SLEEP, stopGracePeriodMs: 1_000, ...spec }),
    apply: (action: Action, desired: DesiredResource, context: TestContext = contextFor(stack)) =>
      target.apply(changeOf(action, desired), context),
    observe: (desired: DesiredResource) => observeOne(target, stack, desired),
    /** Health once it is no longer `starting`. */
    settled: (desired: DesiredResource): Promise<Health> =>
      eventually(
        () => target.health(stack, desired.id, new AbortController().signal),
        ({ status }) => status !== 'starting',
      ),
  };
}
