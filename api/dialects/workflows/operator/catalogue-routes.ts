import type { PluginView } from '../../../../reconciler/index.ts';
import { isReconcilerError } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ownerOf } from '../owner.ts';
import type { ListQuery } from '../page.ts';
import { listParameters, pageOf } from '../page.ts';
import { listOf, record, refer, TEXT } from '../schemas.ts';
import { NO_TIME } from '../workflow-view.ts';

const TAG = 'Catalogue';
/** Editors want all of it at once. */
const LIMIT = 1_000;
const PLUGIN_ID = { id: 'Id of the plugin.' };
const UNKNOWN = answers('There is no such plugin.', refer('Error'));

const listQuery = shape<ListQuery>({
  type: 'object',
  properties: listParameters({ limit: LIMIT, maxLimit: LIMIT }),
});

function toPlugin({ enabledAt, file: _file, ...plugin }: PluginView) {
  return { ...plugin, enabledAt: enabledAt ?? NO_TIME, createdAt: NO_TIME, updatedAt: NO_TIME };
}

/** A page of plugins; by their names for people unless the query says otherwise. */
function pageOfPlugins(plugins: readonly PluginView[], query: ListQuery) {
  const { items } = pageOf(plugins.map(toPlugin), inOrder(query), {
    limit: LIMIT,
    sorts: {
      displayName: (one) => one.displayName.toLowerCase(),
      name: (one) => one.name,
      category: (one) => one.category,
    },
    texts: (one) => [one.id, one.displayName, one.description, one.category],
  });
  return ok({ plugins: items });
}

/** The list as it comes, unless the query says otherwise. */
function inOrder(query: ListQuery): ListQuery {
  return { ...query, order: query.order ?? 'asc' };
}

/** Answers with what is done to a plugin; one that is not there is not found. */
function withPlugin<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_PLUGIN')) throw error;
    throw new HttpProblem('NOT_FOUND', 'Plugin not found', { cause: error });
  }
}

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/templates',
    id: 'listTemplates',
    tag: TAG,
    summary: 'Templates of nodes',
    description: 'Of Kubernetes itself, and of the plugins that the caller has switched on.',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers('In the order of the catalogue.', record({ templates: listOf(refer('Template')) })),
    },
    handle({ query, identity }, { reconciler }: WorkflowDeps) {
      const { items } = pageOf(reconciler.listTemplates(ownerOf(identity)), inOrder(query), {
        limit: LIMIT,
        sorts: { displayName: (one) => one.displayName.toLowerCase(), name: (one) => one.name },
        texts: (one) => [one.id, one.displayName, one.description, ...one.tags],
      });
      return ok({ templates: items });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/plugins',
    id: 'listPlugins',
    tag: TAG,
    summary: 'Plugins, each with whether the caller has switched it on',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('By their names for people.', record({ plugins: listOf(refer('Plugin')) })) },
    handle: ({ query, identity }, { reconciler }: WorkflowDeps) =>
      pageOfPlugins(reconciler.listPlugins(ownerOf(identity)), query),
  }),
  defineRoute({
    method: 'GET',
    path: '/plugins/enabled',
    id: 'listEnabledPlugins',
    tag: TAG,
    summary: 'Plugins that the caller has switched on',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('By their names for people.', record({ plugins: listOf(refer('Plugin')) })) },
    handle: ({ query, identity }, { reconciler }: WorkflowDeps) =>
      pageOfPlugins(
        reconciler.listPlugins(ownerOf(identity)).filter(({ enabled }) => enabled),
        query,
      ),
  }),
  defineRoute({
    method: 'GET',
    path: '/plugins/categories',
    id: 'listPluginCategories',
    tag: TAG,
    summary: 'Categories of plugins',
    access: 'viewer',
    responses: { 200: answers('Sorted.', record({ categories: listOf(TEXT) })) },
    handle({ identity }, { reconciler }: WorkflowDeps) {
      const categories = reconciler.listPlugins(ownerOf(identity)).map(({ category }) => category);
      return ok({ categories: [...new Set(categories)].sort() });
    },
  }),
];

const pluginRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/plugins/:id',
    id: 'getPlugin',
    tag: TAG,
    summary: 'A plugin',
    access: 'viewer',
    params: PLUGIN_ID,
    responses: {
      200: answers('With its node types.', record({ plugin: refer('Plugin'), enabled: { type: 'boolean' } })),
      404: UNKNOWN,
    },
    handle({ params, identity }, { reconciler }: WorkflowDeps) {
      const plugin = withPlugin(() => reconciler.getPlugin(params['id'] ?? '', ownerOf(identity)));
      return ok({ plugin: toPlugin(plugin), enabled: plugin.enabled });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/plugins/:id/enable',
    id: 'enablePlugin',
    tag: TAG,
    summary: 'Switches a plugin on, for the caller alone',
    access: 'viewer',
    params: PLUGIN_ID,
    responses: { 200: answers('It is on.', record({ message: TEXT })), 404: UNKNOWN },
    handle({ params, identity }, { reconciler }: WorkflowDeps) {
      withPlugin(() => reconciler.enablePlugin(params['id'] ?? '', ownerOf(identity)));
      return ok({ message: 'Plugin enabled successfully' });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/plugins/:id/disable',
    id: 'disablePlugin',
    tag: TAG,
    summary: 'Switches a plugin off, for the caller alone; nodes of it stay',
    access: 'viewer',
    params: PLUGIN_ID,
    responses: {
      200: answers('It is off.', record({ message: TEXT })),
      400: answers('It was not on.', refer('Error')),
      404: UNKNOWN,
    },
    handle({ params, identity }, { reconciler }: WorkflowDeps) {
      withPlugin(() => reconciler.disablePlugin(params['id'] ?? '', ownerOf(identity)));
      return ok({ message: 'Plugin disabled successfully' });
    },
  }),
];

/** Templates and plugins; fixed paths before those with an id. */
export const catalogueRoutes: readonly Route<WorkflowDeps>[] = [...readRoutes, ...pluginRoutes];
