import type { FunctionComponent } from 'preact';
import { later } from './later.tsx';
import { UI } from '../client/home.ts';

export interface Screen {
  readonly path: string;
  readonly component: FunctionComponent;
}

/** Repositories of the daemon. */
export const SourcesScreen = later(async () => (await import('../screens/sources/sources.tsx')).Sources);

/** Every screen but the first one, by address. */
export const ROUTES: readonly Screen[] = [
  {
    path: `${UI}/new`,
    component: later(async () => (await import('../screens/new/new.tsx')).NewStack),
  },
  {
    path: `${UI}/stacks/:name`,
    component: later(async () => (await import('../screens/stack/overview.tsx')).Overview),
  },
  {
    path: `${UI}/stacks/:name/plan`,
    component: later(async () => (await import('../screens/plan/plan.tsx')).PlanScreen),
  },
  {
    path: `${UI}/stacks/:name/history`,
    component: later(async () => (await import('../screens/history/history.tsx')).HistoryScreen),
  },
  {
    path: `${UI}/stacks/:name/files`,
    component: later(async () => (await import('../screens/files/files.tsx')).FilesScreen),
  },
  {
    path: `${UI}/stacks/:name/drift`,
    component: later(async () => (await import('../screens/drift/drift.tsx')).DriftScreen),
  },
  {
    path: `${UI}/stacks/:name/logs`,
    component: later(async () => (await import('../screens/logs/logs.tsx')).LogsScreen),
  },
  {
    path: `${UI}/stacks/:name/terminal/:service`,
    component: later(async () => (await import('../screens/terminal/terminal.tsx')).TerminalScreen),
  },
  {
    path: `${UI}/jobs`,
    component: later(async () => (await import('../screens/jobs/jobs.tsx')).Jobs),
  },
  {
    path: `${UI}/jobs/:id`,
    component: later(async () => (await import('../screens/jobs/job.tsx')).JobScreen),
  },
  {
    path: `${UI}/nodes`,
    component: later(async () => (await import('../screens/nodes/nodes.tsx')).Nodes),
  },
  {
    path: `${UI}/repository`,
    component: later(async () => (await import('../screens/repository/repository.tsx')).RepositoryScreen),
  },
  {
    path: `${UI}/sources`,
    component: SourcesScreen,
  },
  {
    path: `${UI}/data`,
    component: later(async () => (await import('../screens/data/data.tsx')).Data),
  },
  {
    path: `${UI}/tags`,
    component: later(async () => (await import('../screens/tags/tags.tsx')).Tags),
  },
  {
    path: `${UI}/instances`,
    component: later(async () => (await import('../screens/instances/instances.tsx')).Instances),
  },
  {
    path: `${UI}/users`,
    component: later(async () => (await import('../screens/people/people.tsx')).People),
  },
  {
    path: `${UI}/audit`,
    component: later(async () => (await import('../screens/audit/audit.tsx')).Audit),
  },
  {
    path: `${UI}/workflows`,
    component: later(async () => (await import('../screens/workflows/workflows.tsx')).Workflows),
  },
  {
    path: `${UI}/workflows/:name`,
    component: later(async () => (await import('../screens/workflow/workflow.tsx')).WorkflowScreen),
  },
];
