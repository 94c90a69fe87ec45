import { randomBytes } from 'node:crypto';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { Target } from '../../reconciler/ports/target.ts';
import type { Capability, TargetWith } from '../../reconciler/ports/target-capabilities.ts';
import { CAPABILITY_NAMES } from '../../reconciler/ports/target-capabilities.ts';
import { converge, resourcesOf } from '../support/docker/docker-resources.ts';
import type { CoreHarness } from './target-core.ts';

export interface ObjectCounts {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
}

/** The parts that the suite needs beside the target: a hand that changes things behind its back, and eyes of its own. */
export interface TargetHarness extends AsyncDisposable {
  /** Named `edge`. */
  readonly target: TargetWith<Exclude<Capability, 'measures'>>;
  /** Capabilities that targets of this kind do without. Default: none. */
  readonly lacks?: readonly Capability[];
  /** Present on the engine. */
  readonly image: string;
  /** A target over the same engine that dies for good at its n-th call. `died` tells whether it came that far. */
  crashing(nth: number): { readonly target: TargetWith<Exclude<Capability, 'measures'>>; died(): boolean };
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

/** The core contract on containers, of targets that can do everything. */
export function containersOf({ target, image, lacks = [], ...harness }: TargetHarness): CoreHarness {
  return {
    target,
    capabilities: CAPABILITY_NAMES.filter((one) => !lacks.includes(one)),
    async fresh() {
      const stack = `t${randomBytes(4).toString('hex')}`;
      const web = (mode: string) =>
        resourcesOf(stack).container('web', {
          image,
          command: ['sleep', '1000'],
          env: { MODE: mode },
          stopGracePeriodMs: 0,
        });
      return { stack, versions: [web('one'), web('two')] };
    },
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}
