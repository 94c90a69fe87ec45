import { afterAll, beforeAll } from 'vitest';
import { asFields } from '../../reconciler/base/values.ts';
import type { Fields } from '../../reconciler/base/values.ts';
import type { ClusterTarget } from '../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterConnector } from '../support/kubernetes/cluster-double.ts';
import type { ClusterStack, Hand } from '../support/kubernetes/cluster-stack.ts';
import { createClusterStack, createHand, removeStacks } from '../support/kubernetes/cluster-stack.ts';
import type { Capability } from '../../reconciler/ports/target-capabilities.ts';
import { CAPABILITY_NAMES } from '../../reconciler/ports/target-capabilities.ts';
import { converge } from '../support/docker/docker-resources.ts';
import type { CoreHarness } from './target-core.ts';

/** Capabilities that no cluster has. */
const LACKS: readonly Capability[] = [
  'buildsImages',
  'fetchesImages',
  'prunes',
  'findsProjects',
  'movesData',
];

export type ClusterHarness = ClusterConnector & AsyncDisposable;

/** State that the tests of one `describe` share: a connection, opened before them and closed after them. */
export interface ClusterSuite {
  readonly harness: ClusterHarness;
  readonly target: ClusterTarget;
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
  let target: ClusterTarget;
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

/** The core contract on objects of a cluster. */
export function configMapsOf(cluster: ClusterHarness): CoreHarness {
  const target = cluster.createTarget();
  const stacks: ClusterStack[] = [];
  return {
    target,
    capabilities: CAPABILITY_NAMES.filter((one) => !LACKS.includes(one)),
    async fresh() {
      const own = createClusterStack(target);
      stacks.push(own);
      const describe = (level: string) =>
        own.describe([`{ id: conf, type: configmap, data: { name: conf, data: { LEVEL: ${level} } } }`]);
      const find = (level: string) => {
        const found = describe(level).find(({ kind }) => kind === 'ConfigMap');
        if (found === undefined) throw new Error('no ConfigMap was rendered');
        return found;
      };
      // The namespace that it lives in is no part of what is looked at.
      for (const one of describe('one')) if (one.kind === 'Namespace') await converge(target, own.stack, one);
      return { stack: own.stack, versions: [find('one'), find('two')] };
    },
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await removeStacks(cluster.client, stacks);
      await cluster[Symbol.asyncDispose]();
    },
  };
}
