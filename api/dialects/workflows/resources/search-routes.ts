import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { listObjects } from '../../../operations/objects.ts';
import { listWorkflows } from '../../../operations/workflows.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ID, listOf, record, STATUS, TEXT } from '../schemas.ts';
import { typeOf } from './resource-view.ts';

const MIN_LENGTH = 3;
/** Hits of each kind. */
const HITS = 5;

const query = shape<{ readonly q?: string }>({
  type: 'object',
  properties: {
    q: {
      type: 'string',
      maxLength: 500,
      description: `Text, whatever its case; ${MIN_LENGTH} characters at least.`,
    },
  },
});

async function search(deps: WorkflowDeps, text: string, signal: AbortSignal) {
  const wanted = text.toLowerCase();
  const has = (...texts: readonly string[]) => texts.some((one) => one.toLowerCase().includes(wanted));
  const workflows = listWorkflows(deps)
    .filter(({ title, description }) => has(title, description))
    .map(({ id, title, description, status }) => ({ id, name: title, description, status }));
  const resources = (await listObjects(deps, { search: text }, signal)).map((view) => ({
    id: view.id,
    name: view.name,
    namespace: view.namespace ?? '',
    type: typeOf(view),
    clusterName: view.node,
  }));
  const clusters = deps.reconciler
    .listClusters()
    .filter(({ name, displayName }) => has(name, displayName))
    .map(({ name, displayName, status }) => ({ name, displayName, status }));
  return {
    workflows: workflows.slice(0, HITS),
    resources: resources.slice(0, HITS),
    clusters: clusters.slice(0, HITS),
  };
}

export const searchRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/search',
    id: 'search',
    tag: 'Search',
    summary: 'Workflows, resources and clusters by a part of their names',
    access: 'viewer',
    query,
    responses: {
      200: answers(
        `${HITS} of each at most; none for less than ${MIN_LENGTH} characters.`,
        record({
          workflows: listOf(record({ id: ID, name: TEXT, description: TEXT, status: STATUS })),
          resources: listOf(record({ id: ID, name: TEXT, namespace: TEXT, type: TEXT, clusterName: TEXT })),
          clusters: listOf(record({ name: TEXT, displayName: TEXT, status: TEXT })),
        }),
      ),
    },
    async handle({ query: { q = '' }, signal }, deps: WorkflowDeps) {
      const text = q.trim();
      if (text.length < MIN_LENGTH) return ok({ workflows: [], resources: [], clusters: [] });
      return ok(await search(deps, text, signal));
    },
  }),
];
