import { ReconcilerError } from '../../../base/errors.ts';
import { formatDiagnostic } from '../../../base/diagnostic.ts';
import { formatPath } from '../../../base/document-path.ts';
import { asFields } from '../../../base/values.ts';
import { createSchemaCheck } from '../../schema-check.ts';
import { unreadable } from '../import/import-compose.ts';
import type { ImportOptions } from '../import/import.ts';
import type { ReadProject } from '../import/read-project.ts';
import { readProject } from '../import/read-project.ts';
import type { ComposeAnalysis } from '../../../model/imports/compose-analysis.ts';
import { readDependencies } from './dependencies.ts';
import { describeParts, describeService, imageOf } from './describe.ts';
import type { DraftNode, GraphBuilder } from './graph-builder.ts';
import { createGraphBuilder } from './graph-builder.ts';
import type { SharedNodes } from './mounts.ts';
import { addMounts } from './mounts.ts';
import { addServiceNode } from './ports.ts';
import { refuseLarge } from './project-size.ts';
import type { ReadService } from './read-services.ts';
import { readServices } from './read-services.ts';
import type { Remarks } from './remarks.ts';
import { createRemarks } from './remarks.ts';
import { remarkKeys } from './service-keys.ts';
import { addVariables } from './variable-nodes.ts';
import { buildWorkload, builtImage, workloadTypeOf } from './workload.ts';

export interface AnalyzeComposeOptions extends Pick<
  ImportOptions,
  'files' | 'tree' | 'texts' | 'name' | 'fallbackName' | 'checkSchema'
> {
  /** Namespace of the objects. Default: that of the workflow. */
  readonly namespace?: string;
}

/** An analysis, and the texts that it would need to be complete. */
export interface AnalyzedCompose {
  readonly analysis: ComposeAnalysis;
  /** Blob ids of files that are in the tree and not among the texts. */
  readonly missing: readonly string[];
}

/**
 * Reads a Compose project as the graph of a workflow, as one that is adopted is read. It decides nothing that a later step could not change: what has
 * no place is told of, and left out.
 *
 * @throws INVALID_CONFIGURATION with its findings when it is no Compose project, FILE_TOO_LARGE for one that says too much
 */
export function analyzeCompose(options: AnalyzeComposeOptions): AnalyzedCompose {
  const read = readProject(options);
  const { project, name, model } = read;
  const [main = ''] = options.files;
  const isBroken = project.parsed.get(main)?.some(({ problems }) => problems.length > 0) === true;
  if (model === undefined || isBroken || model.entries.get('services')?.kind !== 'map') {
    // Nothing can be said as long as the file itself has not been read.
    if (project.missing.size > 0) return { analysis: emptyAnalysis(name), missing: [...project.missing] };
    throw refuse(read, main);
  }
  refuseLarge(model, main);
  const remarks = createRemarks();
  const checkSchema = options.checkSchema ?? createSchemaCheck();
  remarkVariables(read, remarks);
  const { services, document } = readServices(read, model, { remarks, checkSchema });
  const graph = createGraphBuilder();
  const volumes = asFields(document['volumes']) ?? {};
  const unbuilt = addServices(graph, services, { ...read, remarks, volumes });
  remarkNetworks(document['networks'], services, remarks);
  const { nodes, edges } = graph.build();
  const { namespace } = options;
  const placed =
    namespace === undefined ? nodes : nodes.map((node) => ({ ...node, data: { ...node.data, namespace } }));
  return {
    analysis: {
      name,
      services: services.map(describeService),
      volumes: describeParts(volumes),
      networks: describeParts(document['networks']),
      warnings: remarks.warnings(),
      errors: remarks.faults(),
      nodes: placed,
      edges,
      unbuilt,
    },
    missing: [...project.missing],
  };
}

interface Adding extends Pick<ReadProject, 'project' | 'name'> {
  readonly remarks: Remarks;
  readonly volumes: Parameters<typeof addMounts>[1]['volumes'];
}

/** Adds the nodes of all services, and tells which have to be built. */
function addServices(
  graph: GraphBuilder,
  services: readonly ReadService[],
  { remarks, ...adding }: Adding,
): readonly string[] {
  const shared: SharedNodes = { claims: new Map(), secrets: new Map() };
  const { orders, needed, awaited } = readDependencies(services, remarks);
  const workloads = new Map<string, DraftNode>();
  const unbuilt: string[] = [];
  for (const service of services) {
    const { name, plain } = service;
    remarkKeys(name, plain, remarks);
    const written = imageOf(plain);
    if (written === undefined && !remarkImage(service, adding.name, remarks)) continue;
    if (written === undefined) unbuilt.push(name);
    const image = written ?? builtImage(adding.name, name);
    const type = workloadTypeOf(service, awaited.has(name));
    const workload = graph.add(type, name, buildWorkload(service, { type, image, remarks }));
    workloads.set(name, workload);
    addVariables(graph, service, { workload, remarks });
    addMounts(service, { graph, shared, workload, remarks, ...adding });
    addServiceNode(graph, service, { workload, remarks, isNeeded: needed.has(name) });
  }
  for (const { first, second } of orders) {
    const [before, after] = [workloads.get(first), workloads.get(second)];
    if (before !== undefined && after !== undefined) graph.connect(before, after);
  }
  return unbuilt;
}

/** Tells what a service without an image lacks; `false`: there is no making one. */
function remarkImage({ name, plain }: ReadService, project: string, remarks: Remarks): boolean {
  if (plain['build'] === undefined) {
    remarks.fault({
      code: 'SERVICE_NO_IMAGE',
      message: `${name} has no image and nothing to build: it is left out`,
      service: name,
      field: 'image',
    });
    return false;
  }
  const image = builtImage(project, name);
  remarks.warn(`services.${name}.build`, `${image} has to be built and pushed: write its name into the node`);
  return true;
}

/** Says which variables left nothing in their place; those of environments are told of with them. */
function remarkVariables({ uses }: ReadProject, remarks: Remarks): void {
  for (const [{ path }, kinds] of uses)
    for (const [name, use] of kinds)
      if (use === 'empty')
        remarks.warn(
          formatPath(path),
          `\${${name}} is not known, or is a secret: nothing is put in its place`,
        );
}

/** Networks keep services apart in Compose; in a cluster all reach each other. */
function remarkNetworks(networks: unknown, services: readonly ReadService[], remarks: Remarks): void {
  const used = services.flatMap(({ fields }) => (fields.networks ?? []).map(({ name }) => name));
  for (const [name, settings] of Object.entries(asFields(networks) ?? {})) {
    if (name !== 'default' && used.includes(name))
      remarks.warn(
        `networks.${name}`,
        'keeps nothing apart in a cluster: add a networkpolicy where that matters',
      );
    for (const key of Object.keys(asFields(settings) ?? {}))
      if (!key.startsWith('x-'))
        remarks.warn(`networks.${name}.${key}`, 'has no place in a workflow: the cluster has one network');
  }
}

function emptyAnalysis(name: string): ComposeAnalysis {
  const none = { services: [], volumes: [], networks: [], warnings: [], errors: [], nodes: [], edges: [] };
  return { name, ...none, unbuilt: [] };
}

function refuse(read: ReadProject, main: string): ReconcilerError {
  const diagnostics = unreadable(read, main);
  const text = diagnostics.map(formatDiagnostic).join('\n');
  return new ReconcilerError('INVALID_CONFIGURATION', text, { diagnostics });
}
