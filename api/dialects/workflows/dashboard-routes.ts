import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { listWorkflows } from '../../operations/workflows.ts';
import { answers } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import { listOf, record, refer, TEXT } from './schemas.ts';
import { listedAs, toWorkflow } from './workflow-view.ts';

const TAG = 'Dashboard';
const RECENT = 5;
const MAX_RECENT = 20;
const MONTH_MS = 30 * 24 * 3_600_000;

const recentQuery = shape<{ readonly limit?: string }>({
  type: 'object',
  properties: {
    limit: {
      ...TEXT,
      description: `1 to ${MAX_RECENT}. Default ${RECENT}, also for what is no such number.`,
    },
  },
});

interface Figure {
  readonly value: string;
  /** Percent against a month ago; of the rate, points. */
  readonly change: number;
  readonly trend: 'up' | 'down' | 'neutral';
}

/** @param change `null`: nobody knows */
function figure(value: string, change: number | null): Figure {
  const rounded = Math.round((change ?? 0) * 10) / 10;
  return { value, change: rounded, trend: rounded > 0 ? 'up' : rounded < 0 ? 'down' : 'neutral' };
}

/** Percent more than before; `null` when there was nothing before. */
function growth(now: number, before: number): number | null {
  return before === 0 ? null : ((now - before) / before) * 100;
}

function readStats(deps: WorkflowDeps) {
  const since = new Date(Date.now() - MONTH_MS).toISOString();
  const all = listWorkflows(deps).map((workflow) => ({ stack: workflow.name, ...listedAs(workflow) }));
  const isOld = ({ created_at: made }: { readonly created_at: string }) => made < since;
  const published = all.filter(({ status }) => status === 'published');
  const runs = deps.reconciler.countRuns();
  const counts = { total: 0, completed: 0, failed: 0 };
  for (const { stack } of all) {
    const { total = 0, completed = 0, failed = 0 } = runs.get(stack) ?? {};
    counts.total += total;
    counts.completed += completed;
    counts.failed += failed;
  }
  const ended = counts.completed + counts.failed;
  const rate = ended === 0 ? 100 : (counts.completed / ended) * 100;
  return {
    total_workflows: figure(String(all.length), growth(all.length, all.filter(isOld).length)),
    published_workflows: figure(
      String(published.length),
      growth(published.length, published.filter(isOld).length),
    ),
    // Jobs are kept for a month, so there is no other month to compare with.
    total_runs: figure(String(counts.total), null),
    success_rate: figure(`${rate.toFixed(1)}%`, null),
  };
}

export const dashboardRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/dashboard/recent-workflows',
    id: 'listRecentWorkflows',
    tag: TAG,
    summary: 'Workflows that were changed last',
    access: 'viewer',
    query: recentQuery,
    responses: {
      200: answers('Without their graphs.', record({ workflows: listOf(refer('RecentWorkflow')) })),
    },
    async handle({ query }, deps: WorkflowDeps) {
      const asked = Number(query.limit ?? RECENT);
      const limit = Number.isInteger(asked) && asked >= 1 && asked <= MAX_RECENT ? asked : RECENT;
      const newest = listWorkflows(deps)
        .map((workflow) => ({ stack: workflow.name, time: listedAs(workflow).updated_at }))
        .toSorted((a, b) => (a.time < b.time ? 1 : -1))
        .slice(0, limit);
      const workflows = newest.map(async ({ stack }) => ({
        ...toWorkflow(deps, deps.reconciler.getStack(stack)),
        current_version: (await deps.reconciler.listVersions(stack))[0]?.number ?? 1,
        nodes: null,
        edges: null,
        versions: null,
      }));
      return ok({ workflows: await Promise.all(workflows) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/dashboard/stats',
    id: 'getStats',
    tag: TAG,
    summary: 'Workflows and runs in figures',
    description: 'Of all users. Changes are against a month ago, where that is known.',
    access: 'viewer',
    responses: {
      200: answers(
        'By figure.',
        record({
          total_workflows: refer('Figure'),
          published_workflows: refer('Figure'),
          total_runs: refer('Figure'),
          success_rate: refer('Figure'),
        }),
      ),
    },
    handle: (_, deps: WorkflowDeps) => ok(readStats(deps)),
  }),
];
