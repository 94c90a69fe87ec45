import type { DocumentPath } from '../../base/document-path.ts';
import type { PlacedNeed } from '../kombination/checks/check-policy.ts';
import { checkPolicy, secretNeeds } from '../kombination/checks/check-policy.ts';
import type { FoundSecrets } from '../kombination/checks/find-secrets.ts';
import { findReferences } from '../kombination/checks/find-secrets.ts';
import type { TreeDirectory } from '../file-tree.ts';
import { directoryOf } from '../file-tree.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import { isClusterScoped, qualifiedKind, qualifiedName } from '../../model/kubernetes/kubernetes-object.ts';
import { objectNeeds, podNeeds } from '../../model/kubernetes/object-needs.ts';
import type { OperatorPolicy } from '../../model/operator-policy.ts';
import { OPEN_POLICY } from '../../model/operator-policy.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { PluginCatalogue } from '../../model/catalogue.ts';
import { builtInPlugins } from '../catalogue/built-in-plugins.ts';
import { fillPlugin } from '../catalogue/plugin-node.ts';
import type { Workflow } from './workflow.ts';
import { KIND_OF_TYPE, readWorkflow, writtenIds } from './workflow.ts';
import type { ResolvedEdge } from './workflow-edges.ts';
import { resolveEdges } from './workflow-edges.ts';
import type { FilledNode } from './workflow-values.ts';
import { resolveValues } from './workflow-values.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { parseYaml } from '../yaml-document.ts';

export interface AnalyzeWorkflowOptions {
  /** Repository path of the workflow. */
  readonly file: string;
  readonly text: string;
  readonly tree: TreeDirectory;
  readonly checkSchema: SchemaCheck;
  /** Default: everything is allowed. */
  readonly policy?: OperatorPolicy;
  /** Default: those that come along. */
  readonly plugins?: PluginCatalogue;
}

/** Everything that can be known of a workflow without asking anybody. */
export interface WorkflowAnalysis {
  readonly document: YamlDocument;
  /** Nodes of plugins with their objects. */
  readonly workflow: Workflow;
  readonly nodes: readonly FilledNode[];
  readonly edges: readonly ResolvedEdge[];
  /** Secrets by reference as written. */
  readonly secrets: Omit<FoundSecrets, 'placed' | 'built'>;
  /** The parts of it that reach out of its own pods. */
  readonly needs: readonly PlacedNeed[];
  readonly diagnostics: readonly DocumentDiagnostic[];
}

/** Reads one workflow file and checks everything in it. Never throws. */
export function analyzeWorkflow(options: AnalyzeWorkflowOptions): WorkflowAnalysis {
  const { file, text, tree, checkSchema, policy = OPEN_POLICY, plugins = builtInPlugins() } = options;
  const diagnostics = createDiagnosticCollector();
  const document = parseYaml(text);
  if (document.value !== undefined) checkSchema('workflow', document.value ?? {}, diagnostics);
  const written = readWorkflow(document.value);
  const filled = written.nodes.map((node) => fillPlugin(node, plugins, diagnostics));
  const workflow = { ...written, nodes: filled };
  const edges = resolveEdges(workflow, writtenIds(document.value), diagnostics);
  const nodes = resolveValues(workflow, edges, diagnostics);
  checkObjects(nodes, diagnostics);
  checkEnvironments(nodes, diagnostics);
  checkEncoded(nodes, diagnostics);
  const references = nodes.flatMap((node) => [
    ...secretValues(node, workflow).filter(isReference),
    ...givenVariables(node, workflow),
  ]);
  const secrets = findReferences(references, { tree, directory: directoryOf(file), diagnostics });
  const needs = [...nodes.flatMap(nodeNeeds), ...secretNeeds(secrets.secrets)];
  checkPolicy(policy, workflow.name, needs, diagnostics);
  return { document, workflow, nodes, edges, secrets, needs, diagnostics: diagnostics.list };
}

function nodeNeeds({ id, name, type, data, path }: FilledNode): readonly PlacedNeed[] {
  const place = [...path, 'data'];
  const { manifest, ...others } = data;
  const needs =
    type === 'manifest'
      ? [...objectNeeds(manifest, [...place, 'manifest']), ...podNeeds(others, place)]
      : podNeeds(data, place);
  return needs.map((need) => ({ ...need, who: name || id }));
}

interface SecretValue {
  readonly key: string;
  /** Reference as written. */
  readonly reference: string;
  readonly path: DocumentPath;
  /** Purpose of one that may come with a run. */
  readonly purpose?: string;
}

function isReference({ reference }: SecretValue): boolean {
  return reference.startsWith('secret://');
}

/** Values of a Secret by key; of a manifest also those that are written in clear. */
export function secretValues(node: FilledNode, { name: workflow }: Workflow): readonly SecretValue[] {
  const path = [...node.path, 'data'];
  if (node.type === 'secret') {
    return (asList(node.data['keys']) ?? []).flatMap((item, index) => {
      const key = asString(asFields(item)?.['name']);
      if (key === undefined) return [];
      const written = asString(asFields(item)?.['value']);
      const reference = written ?? `secret://file/${workflow}.${node.name}.${key}`;
      if (written !== undefined) return [{ key, reference, path: [...path, 'keys', index, 'value'] }];
      const purpose = `the value of ${key} of ${node.id}: give it with a run`;
      return [{ key, reference, path: [...path, 'keys', index, 'name'], purpose }];
    });
  }
  const manifest = asFields(node.data['manifest']);
  if (node.type !== 'manifest' || manifest?.['kind'] !== 'Secret') return [];
  return ['data', 'stringData'].flatMap((part) =>
    Object.entries(asFields(own(manifest, part)) ?? {}).flatMap(([key, value]) =>
      typeof value === 'string' ? [{ key, reference: value, path: [...path, 'manifest', part, key] }] : [],
    ),
  );
}

/** Variables of a node whose values come with a run, with the references that these are kept under. */
export function givenVariables(
  { path, id, name, data, envSources }: FilledNode,
  { name: workflow }: Workflow,
): readonly (SecretValue & { readonly purpose: string })[] {
  const written = asList(data['envKeys']) ?? [];
  return envSources.flatMap(({ variable, from }) =>
    from !== 'given'
      ? []
      : [
          {
            key: variable,
            reference: `secret://file/${workflow}.${name}.ENV.${variable}`,
            path: [...path, 'data', 'envKeys', written.indexOf(variable)],
            purpose: `the variable ${variable} of ${id}: give it with a run, or draw an edge from a configmap or secret that has it`,
          },
        ],
  );
}

function objectKey({ type, data, name, namespace }: FilledNode): string {
  const source = type === 'manifest' ? (asFields(data['manifest']) ?? {}) : data;
  const apiVersion = asString(source['apiVersion']) ?? 'v1';
  const kind = KIND_OF_TYPE[type] ?? asString(source['kind']) ?? '';
  const place = isClusterScoped({ apiVersion, kind }) ? { name } : { name, namespace };
  return `${KIND_OF_TYPE[type] ?? qualifiedKind({ apiVersion, kind })} ${qualifiedName(place)}`;
}

function checkObjects(nodes: readonly FilledNode[], diagnostics: DiagnosticCollector): void {
  const seen = new Map<string, FilledNode>();
  for (const node of nodes) {
    for (const { from, name } of node.envSources)
      if (from === 'given') seen.set(`Secret ${qualifiedName({ name, namespace: node.namespace })}`, node);
  }
  for (const node of nodes) {
    if (node.name === '') continue;
    const key = objectKey(node);
    const other = seen.get(key);
    if (!other) seen.set(key, node);
    else {
      const place = node.type === 'manifest' ? ['data', 'manifest', 'metadata', 'name'] : ['data', 'name'];
      diagnostics.error(
        'DUPLICATE_OBJECT',
        [...node.path, ...place],
        `${key} is also described by ${other.id}`,
      );
    }
  }
}

/** A variable is part of the workload's own object, which everybody may read who may read the workload. */
function checkEnvironments(nodes: readonly FilledNode[], diagnostics: DiagnosticCollector): void {
  for (const { data, path } of nodes) {
    for (const [key, value] of Object.entries(asFields(data['env']) ?? {})) {
      if (typeof value !== 'string' || !value.startsWith('secret://')) continue;
      const hint = 'add a secret node with this key, an edge from it, and the variable to envKeys';
      diagnostics.error(
        'INVALID_VALUE',
        [...path, 'data', 'env', key],
        `${key} would show a secret in clear`,
        {
          hint,
        },
      );
    }
  }
}

/** Checks values that should be base64; others would be read as something else without a word. */
function checkEncoded(nodes: readonly FilledNode[], diagnostics: DiagnosticCollector): void {
  for (const { type, data, path } of nodes) {
    const manifest = asFields(data['manifest']);
    if (type !== 'manifest' || manifest?.['kind'] !== 'Secret' || manifest['apiVersion'] !== 'v1') continue;
    for (const [key, value] of Object.entries(asFields(manifest['data']) ?? {})) {
      if (typeof value !== 'string' || value.startsWith('secret://') || isBase64(value)) continue;
      const place = [...path, 'data', 'manifest', 'data', key];
      const hint = 'write plain text under stringData';
      diagnostics.error('INVALID_VALUE', place, `the value of ${key} is not base64`, { hint });
    }
  }
}

function isBase64(text: string): boolean {
  const bare = text.replaceAll(/\s/g, '');
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}
