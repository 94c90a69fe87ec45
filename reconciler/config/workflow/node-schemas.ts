import { workflowSchema } from '../../../schemas/index.ts';
import type { LinkRule } from '../../model/workflow/connection.ts';
import { LINKS, OPEN_TYPES, RUNS } from './workflow-edges.ts';

/** Knowledge that editors of workflows need to ask for a node's fields, and to tell which nodes can be connected. */
export const WORKFLOW_RULES: {
  /** JSON Schemas by name; those of the data of nodes by the type of the node. */
  readonly definitions: Readonly<Record<string, object>>;
  readonly links: readonly LinkRule[];
  /** Types that run something: an edge between two of them is an order. */
  readonly workloads: readonly string[];
  /** Types that can be anything: an edge from or to one is an order. */
  readonly open: readonly string[];
} = { definitions: workflowSchema.$defs, links: LINKS, workloads: RUNS, open: OPEN_TYPES };
