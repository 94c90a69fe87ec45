import { randomBytes } from 'node:crypto';
import type { ApiAnswer, ApiClient, ApiRequest } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { isApiError } from '../../../reconciler/adapters/kubernetes/api/api-error.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../../../reconciler/model/resource.ts';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import { asFields, asList, asString } from '../../../reconciler/base/values.ts';
import { buildPlan } from '../../../reconciler/plan/build-plan.ts';
import type { Action, Plan } from '../../../reconciler/plan/plan.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { contextFor } from '../docker/docker-resources.ts';
import { eventually } from '../eventually.ts';
import { renderText, workflow } from './workflow-texts.ts';

/** Name of all clusters in tests, as `renderText` has it. */
export const CLUSTER = 'prod';

export interface ClusterStack {
  readonly stack: string;
  readonly namespace: string;
  /** `prod/ConfigMap/NAMESPACE/conf` */
  id(kind: string, name: string): ResourceId;
  describe(nodes: readonly string[], edges?: readonly string[], secret?: string): readonly DesiredResource[];
  observe(desired: readonly DesiredResource[]): Promise<readonly ObservedResource[]>;
  plan(desired: readonly DesiredResource[], more?: Partial<Parameters<typeof buildPlan>[0]>): Promise<Plan>;
  /** Carries a plan out in its order, waiting for what others wait for to become healthy. */
  carryOut(plan: Plan, desired: readonly DesiredResource[]): Promise<void>;
  /** Plans and carries out. */
  apply(desired: readonly DesiredResource[]): Promise<Plan>;
}

/** A stack of its own, in a namespace of its own unless one is given. */
export function createClusterStack(
  target: ClusterTarget,
  space?: string,
  stack = `t${randomBytes(4).toString('hex')}`,
): ClusterStack {
  const namespace = space ?? `ns-${stack}`;
  const quiet = () => new AbortController().signal;
  const self: ClusterStack = {
    stack,
    namespace,
    id: (kind, name) => `${CLUSTER}/${kind}/${namespace}/${name}` as ResourceId,
    describe: (nodes, edges = [], secret = 'correct-horse') =>
      renderText(workflow(nodes, edges, [`namespace: ${namespace}`]), secret),
    observe: async (desired) => (await target.observe({ stack, desired }, quiet())).resources,
    async plan(desired, more = {}) {
      const observed = await self.observe(desired);
      const fixed = { stack, mode: 'apply' as const, revision: null, diagnostics: [] };
      return buildPlan({
        ...fixed,
        desired,
        observed,
        policy: DEFAULT_POLICY,
        deleteVolumes: false,
        ...more,
      });
    },
    async carryOut(plan, desired) {
      const byId = new Map(desired.map((one) => [one.id, one]));
      const done = new Set<ResourceId>();
      for (const change of plan.changes) {
        const resource = change.action === 'delete' ? null : (byId.get(change.id) ?? null);
        for (const { id, until } of change.dependsOn) {
          const holder = plan.changes.find((other) => other.id === id);
          if (until === 'released' && holder !== undefined && !done.has(id)) {
            const held = { change: holder, desired: byId.get(id) ?? null };
            await target.release(held, 'stop', contextFor(stack));
          }
          if (until !== 'healthy' || !byId.has(id)) continue;
          await eventually(
            () => target.health(stack, id, quiet()),
            ({ status }) => status === 'healthy',
          );
        }
        await target.apply({ change, desired: resource }, contextFor(stack));
        await target.settle({ change, desired: resource }, 'keep', contextFor(stack));
        done.add(change.id);
      }
    },
    async apply(desired) {
      const plan = await self.plan(desired);
      await self.carryOut(plan, desired);
      return plan;
    },
  };
  return self;
}

/** `create prod/ConfigMap/…`, without what stays as it is. */
export function actionsOf(plan: Plan): readonly string[] {
  const changes = plan.changes.filter(({ action }) => action !== 'no-op');
  return changes.map(({ action, id }: { action: Action; id: ResourceId }) => `${action} ${id}`);
}

/** A hand of its own on the API server. */
export function createHand(client: ApiClient) {
  const call = (request: Omit<ApiRequest, 'signal'>): Promise<ApiAnswer> =>
    client.request({ ...request, signal: AbortSignal.timeout(20_000) });
  return {
    async read(path: string) {
      return asFields((await call({ method: 'GET', path })).body) ?? {};
    },
    create: (path: string, body: object) => call({ method: 'POST', path, body }),
    /** Changes an object as `kubectl edit` does, or as the manager given. */
    edit: (path: string, body: object, fieldManager = 'kubectl-edit') =>
      call({
        method: 'PATCH',
        path,
        body,
        contentType: 'application/merge-patch+json',
        query: { fieldManager },
      }),
    remove: (path: string) => call({ method: 'DELETE', path }),
  };
}

export type Hand = ReturnType<typeof createHand>;

/** Takes away what stacks have left behind on a cluster that others use too: their namespaces, and what lies in none. */
export async function removeStacks(client: ApiClient, stacks: readonly ClusterStack[]): Promise<void> {
  const hand = createHand(client);
  const gone = async (path: string): Promise<void> => {
    await hand.remove(path).catch((error: unknown) => {
      if (!isApiError(error, 404)) throw error;
    });
  };
  for (const { stack, namespace } of stacks) {
    await gone(`/api/v1/namespaces/${namespace}`);
    const selector = encodeURIComponent(`kombinator.io/stack=${stack}`);
    for (const path of ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions']) {
      const { items } = await hand.read(`${path}?labelSelector=${selector}`);
      for (const item of asList(items) ?? []) {
        const name = asString(asFields(asFields(item)?.['metadata'])?.['name']) ?? '';
        await gone(`${path}/${name}`);
      }
    }
  }
}
