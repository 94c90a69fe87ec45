import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { Target } from '../../reconciler/ports/target.ts';
import { converge } from '../support/docker/docker-resources.ts';

export interface ObjectCounts {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
}

/** What the suite needs beside the target: a hand that changes things behind its back, and eyes of its own. */
export interface TargetHarness extends AsyncDisposable {
  /** Named `edge`. */
  readonly target: Target;
  /** Present on the engine. */
  readonly image: string;
  /** A target over the same engine that dies for good at its n-th call. `died` tells whether it came that far. */
  crashing(nth: number): { readonly target: Target; died(): boolean };
  count(stack: string): Promise<ObjectCounts>;
  stopContainer(stack: string, desired: DesiredResource): Promise<void>;
  removeContainer(stack: string, desired: DesiredResource): Promise<void>;
  leaveNetwork(stack: string, desired: DesiredResource, network: string): Promise<void>;
  /** Makes an object of that engine name that belongs to nobody. */
  makeForeign(kind: 'network' | 'volume' | 'container', name: string): Promise<void>;
}

/** Until nothing is left to do, as the loop does it. */
export async function convergeFully(target: Target, stack: string, desired: DesiredResource): Promise<void> {
  for (let round = 0; round < 4; round++) if ((await converge(target, stack, desired)) === 'no-op') return;
  throw new Error(`${desired.id} does not converge`);
}

/** Name on the engine. */
export function nameOf({ spec }: DesiredResource): string {
  return typeof spec['name'] === 'string' ? spec['name'] : '';
}
