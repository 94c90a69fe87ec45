import { afterAll, beforeAll } from 'vitest';
import { asFields } from '../../reconciler/base/values.ts';
import type { Fields } from '../../reconciler/base/values.ts';
import type { Target } from '../../reconciler/ports/target.ts';
import type { ClusterConnector } from '../support/kubernetes/cluster-double.ts';
import type { ClusterStack, Hand } from '../support/kubernetes/cluster-stack.ts';
import { createClusterStack, createHand, removeStacks } from '../support/kubernetes/cluster-stack.ts';

export type ClusterHarness = ClusterConnector & AsyncDisposable;

/** What the tests of one `describe` share: a connection, opened before them and closed after them. */
export interface ClusterSuite {
  readonly harness: ClusterHarness;
  readonly target: Target;
  readonly hand: Hand;
  /** A stack in a namespace of its own, taken away in the end. */
  fresh(): ClusterStack;
  /** `/api/v1/namespaces/NAMESPACE/configmaps/conf` of the last stack. */
  core(plural: string, name?: string): string;
  apps(plural: string, name?: string): string;
  metadataOf(path: string): Promise<Fields>;
}

export function openClusterSuite(setup: () => Promise<ClusterHarness>): ClusterSuite {
  let harness: ClusterHarness;
  let target: Target;
  let hand: Hand;
  const stacks: ClusterStack[] = [];
  beforeAll(async () => {
    harness = await setup();
    target = harness.createTarget();
    hand = createHand(harness.client);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    await removeStacks(harness.client, stacks);
    await harness[Symbol.asyncDispose]();
  });
  const inNamespace = (api: string) => (plural: string, name?: string) => {
    const namespace = stacks.at(-1)?.namespace ?? 'none';
    return `${api}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  };
  return {
    get harness() {
      return harness;
    },
    get target() {
      return target;
    },
    get hand() {
      return hand;
    },
    fresh() {
      const own = createClusterStack(target);
      stacks.push(own);
      return own;
    },
    core: inNamespace('/api/v1'),
    apps: inNamespace('/apis/apps/v1'),
    metadataOf: async (path) => asFields((await hand.read(path))['metadata']) ?? {},
  };
}
