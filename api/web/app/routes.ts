import type { FunctionComponent } from 'preact';
import { later } from './later.tsx';

export interface Screen {
  readonly path: string;
  readonly component: FunctionComponent;
}

/** Every screen but the first one, by address. */
export const ROUTES: readonly Screen[] = [
  {
    path: '/ui/new',
    component: later(async () => (await import('../screens/new/new.tsx')).NewStack),
  },
  {
    path: '/ui/stacks/:name',
    component: later(async () => (await import('../screens/stack/overview.tsx')).Overview),
  },
  {
    path: '/ui/stacks/:name/plan',
    component: later(async () => (await import('../screens/plan/plan.tsx')).PlanScreen),
  },
  {
    path: '/ui/stacks/:name/history',
    component: later(async () => (await import('../screens/history/history.tsx')).HistoryScreen),
  },
  {
    path: '/ui/stacks/:name/files',
    component: later(async () => (await import('../screens/files/files.tsx')).FilesScreen),
  },
  {
    path: '/ui/stacks/:name/drift',
    component: later(async () => (await import('../screens/drift/drift.tsx')).DriftScreen),
  },
  {
    path: '/ui/stacks/:name/logs',
    component: later(async () => (await import('../screens/logs/logs.tsx')).LogsScreen),
  },
  {
    path: '/ui/stacks/:name/terminal/:service',
    component: later(async () => (await import('../screens/terminal/terminal.tsx')).TerminalScreen),
  },
  {
    path: '/ui/jobs',
    component: later(async () => (await import('../screens/jobs/jobs.tsx')).Jobs),
  },
  {
    path: '/ui/jobs/:id',
    component: later(async () => (await import('../screens/jobs/job.tsx')).JobScreen),
  },
  {
    path: '/ui/nodes',
    component: later(async () => (await import('../screens/nodes/nodes.tsx')).Nodes),
  },
  {
    path: '/ui/repository',
    component: later(async () => (await import('../screens/repository/repository.tsx')).RepositoryScreen),
  },
  {
    path: '/ui/data',
    component: later(async () => (await import('../screens/data/data.tsx')).Data),
  },
  {
    path: '/ui/tags',
    component: later(async () => (await import('../screens/tags/tags.tsx')).Tags),
  },
  {
    path: '/ui/instances',
    component: later(async () => (await import('../screens/instances/instances.tsx')).Instances),
  },
  {
    path: '/ui/users',
    component: later(async () => (await import('../screens/people/people.tsx')).People),
  },
  {
    path: '/ui/audit',
    component: later(async () => (await import('../screens/audit/audit.tsx')).Audit),
  },
  {
    path: '/ui/workflows',
    component: later(async () => (await import('../screens/workflows/workflows.tsx')).Workflows),
  },
  {
    path: '/ui/workflows/:name',
    component: later(async () => (await import('../screens/workflow/workflow.tsx')).WorkflowScreen),
  },
];
