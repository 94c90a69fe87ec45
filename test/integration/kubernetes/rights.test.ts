import { randomBytes } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asFields, asString } from '../../../reconciler/base/values.ts';
import type { ClusterConnector } from '../../support/kubernetes/cluster-double.ts';
import {
  createConnector,
  openRealCluster,
  startClusterDouble,
} from '../../support/kubernetes/cluster-double.ts';
import type { ClusterStack } from '../../support/kubernetes/cluster-stack.ts';
import {
  actionsOf,
  createClusterStack,
  createHand,
  removeStacks,
} from '../../support/kubernetes/cluster-stack.ts';
import { CONFIG, SECRET } from '../../support/kubernetes/cluster-nodes.ts';
import { loadConfig } from '../../support/kubernetes/kubernetes-server.ts';
import type { RealKubernetes } from '../../support/kubernetes/kubernetes-suites.ts';

/** A cluster, and accounts on it that may work with some kinds in one namespace only. */
interface LimitedCluster extends AsyncDisposable {
  /** Makes the namespace of the stack, and an account for it. */
  limit(namespace: string, resources: readonly string[]): Promise<ClusterConnector>;
  readonly all: ClusterConnector;
  /** Allows everything again. */
  open(): Promise<void>;
}

describeRights('API double', startLimitedDouble);
const real = inject('kubernetes');
if (real !== null) describeRights(real.title, async () => openLimitedCluster(real));

function describeRights(name: string, setup: () => Promise<LimitedCluster>): void {
  describe(`rights in one namespace: ${name}`, () => {
    let cluster: LimitedCluster;
    const stacks: ClusterStack[] = [];
    beforeAll(async () => {
      cluster = await setup();
    });
    afterAll(async () => {
      await cluster.open();
      await removeStacks(cluster.all.client, stacks);
      await cluster[Symbol.asyncDispose]();
    });
    async function start(resources: readonly string[]) {
      const namespace = `ns-t${randomBytes(4).toString('hex')}`;
      const connector = await cluster.limit(namespace, resources);
      const target = connector.createTarget();
      const own = createClusterStack(target, namespace);
      stacks.push(own);
      return { connector, target, own };
    }

    it('are enough to make, change and remove, also by somebody who remembers nothing', async () => {
      const { connector, target, own } = await start(['*']);
      expect(actionsOf(await own.apply(own.describe([CONFIG, SECRET])))).toHaveLength(2);
      expect(actionsOf(await own.plan(own.describe([CONFIG, SECRET])))).toEqual([]);
      await target[Symbol.asyncDispose]();
      await using other = connector.createTarget();
      const again = createClusterStack(other, own.namespace, own.stack);
      const some = again.describe([CONFIG.replace('debug', 'info')]);
      const planned = await again.plan(some);
      expect(actionsOf(planned)).toEqual([
        `update ${own.id('ConfigMap', 'conf')}`,
        `delete ${own.id('Secret', 'sec')}`,
      ]);
      await again.carryOut(planned, some);
      expect(actionsOf(await again.plan(some))).toEqual([]);
      expect((await other.facts(new AbortController().signal)).engineVersion).toMatch(/^v1\./);
    });

    it('are named when one is missing, and the others can be used', async () => {
      const { connector, target, own } = await start(['configmaps']);
      await expect(own.plan(own.describe([CONFIG, SECRET]))).rejects.toMatchObject({
        code: 'TARGET_ERROR',
        message: expect.stringMatching(
          `secrets is forbidden: User ".+" cannot list resource "secrets" in API group "" in the namespace "${own.namespace}"`,
        ) as string,
      });
      await own.apply(own.describe([CONFIG]));
      expect(actionsOf(await own.plan(own.describe([CONFIG])))).toEqual([]);
      await target[Symbol.asyncDispose]();
      connector.client.close();
    });
  });
}

async function startLimitedDouble(): Promise<LimitedCluster> {
  const double = await startClusterDouble();
  return {
    all: double,
    open: async () => void (double.api.refuse = null),
    async limit(namespace, resources) {
      double.api.refuse = null;
      await makeNamespace(double, namespace);
      double.api.refuse = ({ kind, namespace: place }) =>
        place !== namespace || !(resources.includes('*') || resources.includes(kind.plural));
      return double;
    },
    [Symbol.asyncDispose]: () => double[Symbol.asyncDispose](),
  };
}

async function openLimitedCluster(server: RealKubernetes): Promise<LimitedCluster> {
  const all = openRealCluster(server);
  return {
    all,
    open: async () => undefined,
    limit: async (namespace, resources) => {
      await makeNamespace(all, namespace);
      const token = await makeAccount(all, namespace, resources);
      const config = new KubeConfig();
      const cluster = loadConfig(server.kubeconfig).getCurrentCluster();
      if (!cluster) throw new Error('the configuration names no cluster');
      config.loadFromClusterAndUser(cluster, { name: 'limited', token });
      return createConnector(config);
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

async function makeNamespace({ client }: ClusterConnector, name: string): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await createHand(client).create('/api/v1/namespaces', namespace);
}

/** @returns a token of it */
async function makeAccount(
  { client }: ClusterConnector,
  namespace: string,
  resources: readonly string[],
): Promise<string> {
  const hand = createHand(client);
  const metadata = { name: 'deployer', namespace };
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  await hand.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata,
  });
  await hand.create(`${rbac}/roles`, {
    apiVersion,
    kind: 'Role',
    metadata,
    rules: [{ apiGroups: ['*'], resources, verbs: ['*'] }],
  });
  await hand.create(`${rbac}/rolebindings`, {
    apiVersion,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: 'deployer' },
    subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace }],
  });
  const { body } = await hand.create(`/api/v1/namespaces/${namespace}/serviceaccounts/deployer/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  });
  return asString(asFields(asFields(body)?.['status'])?.['token']) ?? '';
}
