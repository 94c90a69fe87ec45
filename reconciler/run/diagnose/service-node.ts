import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, asText } from '../../base/values.ts';
import type { Workflow } from '../../config/workflow/workflow.ts';
import { readWorkflow, writtenIds } from '../../config/workflow/workflow.ts';
import { resolveEdges } from '../../config/workflow/workflow-edges.ts';
import type { FilledNode } from '../../config/workflow/workflow-values.ts';
import { resolveValues } from '../../config/workflow/workflow-values.ts';
import { renderService } from '../../render/kubernetes/workflow/network.ts';

/** A port of a service, as its object will have it. */
export interface DescribedPort {
  readonly port: number;
  /** A number, or the name of a port of the container. */
  readonly target: number | string;
}

/** A service node of a workflow with what it stands for. */
export interface DescribedService {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly status: Workflow['status'];
  readonly type: string;
  /** Labels of the pods that it leads to. */
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly DescribedPort[];
  /** Data of the node as written. */
  readonly data: Fields;
  /** The workload that it is meant for, by an edge or by name; `null`: none can be told. */
  readonly workload: FilledNode | null;
}

const SERVERS = new Set(['deployment', 'statefulset', 'daemonset']);

/** Finds a service node in the document of a workflow. Throws UNKNOWN_NODE, BAD_OPTIONS for one of another type. */
export function findService(document: unknown, id: string): DescribedService {
  const workflow = readWorkflow(document);
  const quiet = createDiagnosticCollector();
  const edges = resolveEdges(workflow, writtenIds(document), quiet);
  const nodes = resolveValues(workflow, edges, quiet);
  const node = nodes.find((one) => one.id === id);
  if (node === undefined) throw new ReconcilerError('UNKNOWN_NODE', `the workflow has no node ${id}`);
  if (node.type !== 'service')
    throw new ReconcilerError('BAD_OPTIONS', `${id} is a ${node.type}: only services are diagnosed`);
  const edge = edges.find(({ link }) => link?.kind === 'service' && link.dependent.id === id);
  const spec = asFields(JSON.parse(JSON.stringify(renderService(node)))) ?? {};
  const selector = Object.entries(asFields(spec['selector']) ?? {}).map(([key, value]) => [
    key,
    asText(value),
  ]);
  return {
    id,
    name: node.name,
    namespace: node.namespace,
    status: workflow.status,
    type: asString(spec['type']) ?? 'ClusterIP',
    selector: Object.fromEntries(selector) as Readonly<Record<string, string>>,
    ports: (asList(spec['ports']) ?? []).map(readPort),
    data: workflow.nodes.find((one) => one.id === id)?.data ?? {},
    workload: findWorkload(nodes, node, edge?.link?.provider.id),
  };
}

function readPort(value: unknown): DescribedPort {
  const fields = asFields(value) ?? {};
  const port = asNumber(fields['port']) ?? 0;
  return { port, target: asNumber(fields['targetPort']) ?? asString(fields['targetPort']) ?? port };
}

/** The workload that an edge leads to, else the one that is called as the service says, or like it. */
function findWorkload(
  nodes: readonly FilledNode[],
  service: FilledNode,
  linked: string | undefined,
): FilledNode | null {
  const workloads = nodes.filter((one) => SERVERS.has(one.type));
  const names = [asString(service.data['targetApp']), service.name];
  const found =
    workloads.find((one) => one.id === linked) ??
    names.flatMap((name) => workloads.find((one) => one.name === name) ?? [])[0];
  return found ?? null;
}

/** Port of a workload's container. */
export function portOf(workload: FilledNode): number | undefined {
  return asNumber(workload.data['port']);
}
