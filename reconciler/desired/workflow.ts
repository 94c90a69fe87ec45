import type { WorkflowAnalysis } from '../config/workflow/analyze-workflow.ts';
import { analyzeWorkflow } from '../config/workflow/analyze-workflow.ts';
import { notForStack, toDiagnostics } from '../config/kombination/analyze.ts';
import { explainEdges } from '../config/workflow/explain-edges.ts';
import { summariseWorkflow } from '../config/workflow/workflow.ts';
import type { Workflow, WorkflowNode } from '../config/workflow/workflow.ts';
import { clusterKey, unknownCluster } from '../config/kombination/cluster-node.ts';
import { compareDiagnostics, hasErrors } from '../base/diagnostic.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import type { DesiredResource } from '../model/resource.ts';
import { pulledByNodes } from '../config/kombination/pulled-images.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import { mayUse } from '../model/operator-policy.ts';
import { Secret } from '../model/secret.ts';
import { guessStackName, isStackName } from '../config/kombination/stack-name.ts';
import type { DesiredStack, ServiceView } from '../model/stack.ts';
import type { TargetReference } from '../model/target.ts';
import { asString } from '../base/values.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { renderWorkflow } from '../render/kubernetes/workflow/workflow.ts';
import type { DescribedWorkflow, DocumentReport } from '../ports/desired.ts';
import type { Core } from './state.ts';
import type { BuiltEntry, EntryContext, EntrySource } from './state.ts';
import { lookedUp } from './secret-cache.ts';
import type { StackEntry } from './stack-index.ts';
import { factsOf } from './stack-facts.ts';
import { pluginKey } from './plugins/read-plugins.ts';
import { openRegistries, pulledBy } from './registries.ts';
import type { SecretAnswer } from './secret-cache.ts';
import type { SecretSource } from '../model/secret-reference.ts';

const WORKFLOW = /^workflows\/[^/]+\.ya?ml$|\.workflow\.ya?ml$/;

export function isWorkflowFile(path: string): boolean {
  return WORKFLOW.test(path);
}

export function buildWorkflowEntry(source: EntrySource, text: string, context: EntryContext): BuiltEntry {
  const { file, realFile, blob, visited, previous } = source;
  const analysis = analyzeWorkflow({ ...context, file, text });
  const { workflow, document, diagnostics, secrets } = analysis;
  const certain = isStackName(workflow.name);
  const name = certain ? workflow.name : guessStackName(file, text, previous);
  const found = weighed(workflow, [
    ...diagnostics,
    ...clusterDiagnostics(workflow, context.nodes, context.policy),
  ]);
  const entry: StackEntry = {
    key: file,
    file,
    realFile,
    blob,
    text,
    name,
    guessed: !certain,
    facts: factsOf({ kind: 'workflow', name, file, services: runningIn(analysis) }),
    diagnostics: toDiagnostics(file, document, found),
    ports: [],
    watched: [...new Set([...visited, ...secrets.watched])],
    sharedNodes: workflow.cluster === '' ? [] : [clusterKey(workflow.cluster)],
    kits: workflow.nodes.flatMap(pluginOf),
    dependsOn: [],
    inline: [],
    // A draft need not have its secrets yet, and an archived one needs them no more.
    ...lookedUp(workflow.status === 'published' ? secrets : NO_SECRETS, workflow.name, context.policy),
    ...(workflow.status === 'published' ? pulledBy(pulledByNodes(analysis.nodes)) : {}),
    workflow: summariseWorkflow(document.value),
  };
  return { entry, files: [] };
}

function runningIn({ workflow, nodes }: WorkflowAnalysis): Parameters<typeof factsOf>[0]['services'] {
  return nodes
    .filter(({ type }) => WORKLOADS.has(type))
    .map(({ name, data }) => ({ name, node: workflow.cluster, image: asString(data['image']) ?? '' }));
}

function pluginOf({ type, data }: WorkflowNode): readonly string[] {
  const id = type === 'plugin' ? asString(data['pluginId']) : undefined;
  return id === undefined ? [] : [pluginKey(id)];
}

const NO_SECRETS = { secrets: [], references: [] };

/** Keys that are filled in while a workflow is drawn. */
const DRAWN = ['cluster', 'namespace', 'nodes', 'edges'];

/** Only a published workflow has to be whole: a draft is left as it is, and of an archived one nothing is wanted. */
function weighed({ status }: Workflow, found: readonly DocumentDiagnostic[]): readonly DocumentDiagnostic[] {
  if (status === 'published') return found;
  const isUnfinished = ({ path: [key] }: DocumentDiagnostic) => DRAWN.some((one) => one === key);
  return found.map((one) => (isUnfinished(one) ? { ...one, severity: 'warning' } : one));
}

function clusterDiagnostics(
  { name, cluster }: Workflow,
  shared: ReadonlyMap<string, TargetReference | null>,
  policy: OperatorPolicy,
): readonly DocumentDiagnostic[] {
  const key = clusterKey(cluster);
  if (!mayUse(policy, key, name)) return [notForStack(key, name, ['cluster'])];
  if (cluster === '' || shared.get(key)) return [];
  return [unknownCluster(cluster, shared, ['cluster'])];
}

/** Every workflow that is described, sorted by name; of one that cannot be read, its name and file alone are known. */
export function listWorkflows({ index }: Core): readonly DescribedWorkflow[] {
  return index.names().flatMap((name) => {
    const entry = index.find(name);
    if (entry === undefined || !isWorkflowFile(entry.file)) return [];
    const {
      file,
      workflow = { id: null, title: '', description: '', status: 'draft', cluster: '', nodes: 0 },
    } = entry;
    return [{ ...workflow, title: workflow.title === '' ? name : workflow.title, name, file }];
  });
}

/** Checks a text as if it were the file of a workflow. */
export function checkWorkflow(
  { state, checkSchema, policy }: Core,
  text: string,
  { place, label }: { readonly place: string; readonly label: string },
): DocumentReport {
  const plugins = state.plugins.catalogue;
  const analysis = analyzeWorkflow({ file: place, text, tree: state.tree, checkSchema, policy, plugins });
  const { workflow, document, diagnostics, nodes, edges } = analysis;
  const found = weighed(workflow, [
    ...diagnostics,
    ...clusterDiagnostics(workflow, state.nodes.references, policy),
  ]);
  const before = (id: string): readonly string[] =>
    edges.filter(({ second }) => second.id === id).map(({ first }) => first.id);
  return {
    diagnostics: toDiagnostics(label, document, found).toSorted(compareDiagnostics),
    services: nodes.map(({ id }) => id),
    dependencies: Object.fromEntries(nodes.map(({ id }) => [id, before(id)])),
    connections: explainEdges(analysis),
  };
}

/** Findings that are known later, with their lines. */
export function placeDiagnostics(
  entry: StackEntry,
  diagnostics: readonly DocumentDiagnostic[],
): readonly Diagnostic[] {
  return toDiagnostics(entry.file, { ...parseYaml(entry.text ?? ''), problems: [] }, diagnostics);
}

type Rendered = Pick<
  DesiredStack,
  'targets' | 'services' | 'resources' | 'document' | 'stackkit' | 'hooks' | 'dependsOn' | 'paused'
>;

/** A workflow with the secrets of this moment. A draft is left as it is on the cluster, of an archived one nothing is wanted. */
export function renderWorkflowStack(
  core: Core,
  entry: StackEntry,
  lookup: (source: SecretSource) => SecretAnswer,
  diagnostics: readonly Diagnostic[],
): Rendered {
  const { state, checkSchema, policy } = core;
  const { file, text } = entry;
  const { tree, plugins } = state;
  const analysis = analyzeWorkflow({
    file,
    text: text ?? '',
    tree,
    checkSchema,
    policy,
    plugins: plugins.catalogue,
  });
  const { workflow, document, secrets } = analysis;
  const key = clusterKey(workflow.cluster);
  const reference = mayUse(policy, key, workflow.name) ? state.nodes.references.get(key) : undefined;
  const wanted = workflow.status === 'published' && reference && !hasErrors(diagnostics);
  const secretOf = (written: string): Secret | undefined => {
    const source = secrets.sources.get(written);
    const answer = source && lookup(source);
    return answer instanceof Secret ? answer : undefined;
  };
  const registries = entry.pulled ? openRegistries(core, lookup) : [];
  const resources = wanted
    ? renderWorkflow({ analysis, file, target: workflow.cluster, lookup: secretOf, registries })
    : [];
  return {
    targets: reference ? [{ ...reference, name: workflow.cluster }] : [],
    services: viewWorkloads(analysis, resources),
    resources,
    document: document.value ?? null,
    stackkit: '',
    hooks: [],
    dependsOn: [],
    ...(workflow.status === 'draft' ? { paused: true } : {}),
  };
}

const WORKLOADS = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['job', 'Job'],
  ['cronjob', 'CronJob'],
]);

/** Nodes that run something, as services. */
function viewWorkloads(
  { workflow, nodes, edges }: WorkflowAnalysis,
  resources: readonly DesiredResource[],
): readonly ServiceView[] {
  const running = nodes.filter(({ type }) => WORKLOADS.has(type));
  return running.flatMap(({ id, type, name, namespace, data }): readonly ServiceView[] => {
    const wanted = `${WORKLOADS.get(type)} ${namespace}/${name}`;
    const resource = resources.find((one) => `${one.kind} ${one.name}` === wanted);
    if (!resource) return [];
    const before = edges.filter(({ second }) => second.id === id).map(({ first }) => first);
    const dependsOn = running.filter((other) => before.some((one) => one.id === other.id));
    return [
      {
        name,
        node: workflow.cluster,
        image: asString(data['image']) ?? '',
        dependsOn: dependsOn.map((other) => other.name),
        ports: [],
        resource: resource.id,
      },
    ];
  });
}
