import type { Actor, Reconciler, Version } from '../../../reconciler/index.ts';
import { asFields, asList, asString, own } from '../../../reconciler/index.ts';
import type { GraphDifference, GraphEdge, GraphNode } from '../../operations/compare-graphs.ts';
import { compareGraphs } from '../../operations/compare-graphs.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { listRuns, runWorkflow } from '../../operations/workflow-runs.ts';
import { listWorkflows } from '../../operations/workflows.ts';
import { unknownStack } from '../terminal/failure.ts';

export interface WorkflowRow {
  /** 24 hex digits. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  readonly status: string;
  /** Blank: the default one. */
  readonly cluster: string;
}

export interface WorkflowRun {
  readonly id: string;
  /** `null`: it was no version. */
  readonly version: number | null;
  readonly status: string;
  readonly trigger: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: string | null;
}

export type VersionRow = Omit<Version, 'commit' | 'file'>;

export interface WorkflowPlace {
  readonly cluster?: string;
  readonly namespace?: string;
}

export interface StartedRun {
  readonly jobId: string;
  readonly version: number;
}

type Change = Pick<GraphNode, 'id' | 'type'>;

/** The nodes and edges that differ. */
export interface VersionDifference {
  readonly addedNodes: readonly Change[];
  readonly removedNodes: readonly Change[];
  readonly modifiedNodes: readonly Change[];
  readonly addedEdges: readonly Pick<GraphEdge, 'source' | 'target'>[];
  readonly removedEdges: readonly Pick<GraphEdge, 'source' | 'target'>[];
}

/** Workflows, by id or by name: of the stack, or for people. */
export interface WorkflowSession {
  listWorkflows(signal: AbortSignal): Promise<readonly WorkflowRow[]>;
  /** Begins a run of what is saved; it ends later. */
  runWorkflow(workflow: string, place: WorkflowPlace, signal: AbortSignal): Promise<StartedRun>;
  /** The newest first. */
  workflowRuns(workflow: string, limit: number, signal: AbortSignal): Promise<readonly WorkflowRun[]>;
  /** The newest first. */
  workflowVersions(workflow: string, signal: AbortSignal): Promise<readonly VersionRow[]>;
  compareVersions(
    workflow: string,
    numbers: readonly [number, number],
    signal: AbortSignal,
  ): Promise<VersionDifference>;
}

export interface LocalWorkflowOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

export function createLocalWorkflows({ reconciler, actor, readOnce }: LocalWorkflowOptions): WorkflowSession {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const deps: ApiDeps = { reconciler, logger, version: '', startedAt: 0, checks: () => ({}) };
  const find = async (workflow: string, signal: AbortSignal): Promise<string> => {
    await readOnce(signal);
    const all = listWorkflows(deps);
    const found = all.find(({ id, name, title }) => [id, name, title].includes(workflow));
    if (found !== undefined) return found.name;
    throw unknownStack(
      workflow,
      all.map(({ title }) => title),
      'workflow',
    );
  };
  return {
    async listWorkflows(signal) {
      await readOnce(signal);
      return listWorkflows(deps).map(({ id, title, status, cluster }) => ({
        id,
        name: title,
        status,
        cluster,
      }));
    },
    async runWorkflow(workflow, place, signal) {
      const view = reconciler.getStack(await find(workflow, signal));
      const { job, version } = await runWorkflow(deps, view, { ...place, trigger: 'cli' }, actor);
      return { jobId: job.id, version: version.number };
    },
    async workflowRuns(workflow, limit, signal) {
      const name = await find(workflow, signal);
      const versions = await reconciler.listVersions(name);
      return listRuns(deps, name, limit).map(({ job }) => ({
        id: job.id,
        version: versions.find(({ jobId }) => jobId === job.id)?.number ?? null,
        status: job.status,
        trigger: job.trigger,
        startedAt: job.startedAt ?? job.createdAt,
        endedAt: job.endedAt,
        error: job.error?.message ?? null,
      }));
    },
    async workflowVersions(workflow, signal) {
      const versions = await reconciler.listVersions(await find(workflow, signal));
      return versions.map(({ commit: _commit, file: _file, ...version }) => version);
    },
    async compareVersions(workflow, [from, to], signal) {
      const name = await find(workflow, signal);
      const [before, after] = [
        await reconciler.readVersion(name, from, signal),
        await reconciler.readVersion(name, to, signal),
      ].map(toGraph);
      return toDifference(compareGraphs(before ?? NOTHING, after ?? NOTHING));
    },
  };
}

const NOTHING = { nodes: [], edges: [] };

function toGraph(document: unknown) {
  const fields = asFields(document);
  const items = (key: string) => (asList(own(fields, key)) ?? []).map((one) => asFields(one) ?? {});
  const text = (value: unknown) => asString(value) ?? '';
  return {
    nodes: items('nodes').map((node) => ({
      ...node,
      id: text(node['id']),
      type: text(node['type']),
      data: asFields(node['data']) ?? {},
    })),
    edges: items('edges').map((edge) => ({
      id: text(edge['id']),
      source: text(edge['source']),
      target: text(edge['target']),
    })),
  };
}

function toDifference(found: GraphDifference<GraphNode, GraphEdge>): VersionDifference {
  const nodeOf = ({ id, type }: Change) => ({ id, type });
  const edgeOf = ({ source, target }: GraphEdge) => ({ source, target });
  return {
    addedNodes: found.addedNodes.map(nodeOf),
    removedNodes: found.removedNodes.map(nodeOf),
    modifiedNodes: found.modifiedNodes.map(({ after }) => nodeOf(after)),
    addedEdges: found.addedEdges.map(edgeOf),
    removedEdges: found.removedEdges.map(edgeOf),
  };
}
