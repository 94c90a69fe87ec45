import { UI } from './home.ts';
/** Address of a stack's screen, or of a part of it. */
export function stackAddress(name: string, part?: string): string {
  return `${UI}/stacks/${encodeURIComponent(name)}${part === undefined ? '' : `/${part}`}`;
}

/** Address of a job's screen. */
export function jobAddress(id: string): string {
  return `${UI}/jobs/${encodeURIComponent(id)}`;
}

/** Address of a workflow's screen, or of a view of it. */
export function workflowAddress(name: string, view?: string): string {
  return `${UI}/workflows/${encodeURIComponent(name)}${view === undefined ? '' : `?view=${view}`}`;
}
