import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { NodeType, Workflow, WorkflowNode } from './workflow.ts';
import type { Link } from '../../model/workflow/connection.ts';
import type { ResolvedEdge } from './workflow-edges.ts';

/** A variable whose value is a key of a linked object, or `given` with a run: then of a Secret that is made for the node. */
export interface EnvSource {
  readonly variable: string;
  readonly from: 'configmap' | 'secret' | 'given';
  readonly name: string;
}

/** A node with everything filled in that edges and defaults give. */
export interface FilledNode extends WorkflowNode {
  readonly name: string;
  readonly namespace: string;
  /** Sources for `envKeys`. */
  readonly envSources: readonly EnvSource[];
}

/** Fields that are still blank once the edges have given theirs. */
const DEFAULTS: Readonly<Record<NodeType, Fields>> = {
  deployment: { replicas: 1, port: 8080, imagePullPolicy: 'IfNotPresent', version: 'v1' },
  statefulset: { image: 'postgres:15', replicas: 1, port: 5432, imagePullPolicy: 'IfNotPresent' },
  daemonset: { imagePullPolicy: 'IfNotPresent', updateStrategy: 'RollingUpdate', maxUnavailable: 1 },
  job: {
    imagePullPolicy: 'IfNotPresent',
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    restartPolicy: 'Never',
  },
  cronjob: {
    schedule: '0 * * * *',
    imagePullPolicy: 'IfNotPresent',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    backoffLimit: 6,
    restartPolicy: 'OnFailure',
  },
  service: { port: 80, targetPort: 8080, sessionAffinity: 'None', sessionAffinityTimeout: 10_800 },
  ingress: { ingressClassName: 'nginx', path: '/', pathType: 'Prefix', servicePort: 80, tlsEnabled: false },
  configmap: { mountPath: '/etc/config' },
  secret: { secretType: 'Opaque', mountPath: '/etc/secrets' },
  persistentvolumeclaim: {
    storage: '10Gi',
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    mountPath: '/data',
  },
  hpa: {
    scaleTargetKind: 'Deployment',
    minReplicas: 1,
    maxReplicas: 10,
    targetCPUUtilization: 80,
    scaleDownStabilization: 300,
    scaleUpStabilization: 0,
  },
  networkpolicy: { policyTypes: ['Ingress'] },
  plugin: {},
  manifest: {},
};

/** Links pass values on in this order, so that what a service got from a deployment reaches the ingress. */
const LINK_ORDER: readonly Link[] = ['service', 'ingress', 'hpa', 'certificate', 'networkpolicy', 'mount'];

interface Draft {
  readonly node: WorkflowNode;
  readonly data: Record<string, unknown>;
  readonly envSources: EnvSource[];
}

/** Lets values flow along the edges into blank fields, then fills in defaults, then says what is still missing. */
export function resolveValues(
  workflow: Workflow,
  edges: readonly ResolvedEdge[],
  diagnostics: DiagnosticCollector,
): readonly FilledNode[] {
  const drafts = new Map(
    workflow.nodes.map((node): [WorkflowNode, Draft] => [
      node,
      { node, data: { ...node.data }, envSources: [] },
    ]),
  );
  for (const kind of LINK_ORDER) {
    for (const edge of edges) if (edge.link?.kind === kind) passOn(edge, drafts, diagnostics);
  }
  return [...drafts.values()].map((draft) => {
    setMissing(draft.data, DEFAULTS[draft.node.type]);
    checkFilled(draft, diagnostics);
    return finish(draft, workflow);
  });
}

function finish({ node, data, envSources }: Draft, workflow: Workflow): FilledNode {
  const object = node.type === 'manifest' ? asFields(asFields(data['manifest'])?.['metadata']) : data;
  const name = asString(object?.['name']) ?? '';
  const namespace = asString(object?.['namespace']) ?? workflow.namespace;
  return { ...node, data, name, namespace, envSources };
}

export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function setMissing(data: Record<string, unknown>, values: Fields): void {
  for (const [key, value] of Object.entries(values)) if (isBlank(own(data, key))) data[key] = value;
}

function passOn(
  edge: ResolvedEdge,
  drafts: ReadonlyMap<WorkflowNode, Draft>,
  diagnostics: DiagnosticCollector,
): void {
  const provider = edge.link && drafts.get(edge.link.provider);
  const dependent = edge.link && drafts.get(edge.link.dependent);
  if (!edge.link || !provider || !dependent) return;
  const { name, namespace } = provider.data;
  switch (edge.link.kind) {
    case 'service':
      return passToService(provider, dependent);
    case 'ingress':
      return passToIngress(edge, provider, dependent);
    case 'hpa': {
      const scaleTargetKind = provider.node.type === 'statefulset' ? 'StatefulSet' : 'Deployment';
      return setMissing(dependent.data, { scaleTargetName: name, scaleTargetKind, namespace });
    }
    case 'certificate':
      return setMissing(dependent.data, { tlsSecretName: name, namespace });
    case 'networkpolicy':
      return setMissing(dependent.data, { podSelector: { app: name }, namespace });
    case 'mount':
      return passToWorkload(edge, { provider, dependent, diagnostics });
    default:
      return edge.link.kind satisfies never;
  }
}

function passToService({ node, data }: Draft, service: Draft): void {
  const targetPort = data['port'] ?? DEFAULTS[node.type]['port'];
  setMissing(service.data, { targetApp: data['name'], targetPort, namespace: data['namespace'] });
  if (node.type === 'statefulset') setMissing(data, { serviceName: service.data['name'] });
}

/** Passes a service to an ingress. A handle that names one of the paths has only that path filled. */
function passToIngress(edge: ResolvedEdge, { data }: Draft, ingress: Draft): void {
  const first = asFields(asList(data['ports'])?.[0]);
  const servicePort = first?.['port'] ?? data['port'] ?? DEFAULTS.service['port'];
  const values = { serviceName: data['name'], servicePort };
  setMissing(ingress.data, { namespace: data['namespace'] });
  const own = edge.from === ingress.node ? edge.sourceHandle : (edge.targetHandle ?? edge.sourceHandle);
  const paths = (asList(ingress.data['paths']) ?? []).map((path) => ({ ...asFields(path) }));
  const named = own === undefined ? undefined : paths.find((path) => asString(path['id']) === own);
  if (named) setMissing(named, values);
  else if (paths.length > 0) for (const path of paths) setMissing(path, values);
  else setMissing(ingress.data, values);
  if (paths.length > 0) ingress.data['paths'] = paths;
}

interface Mounting {
  readonly provider: Draft;
  readonly dependent: Draft;
  readonly diagnostics: DiagnosticCollector;
}

function passToWorkload(edge: ResolvedEdge, { provider, dependent, diagnostics }: Mounting): void {
  const { type } = provider.node;
  const name = asString(provider.data['name']) ?? '';
  const mountPath = asString(provider.data['mountPath']) ?? asString(DEFAULTS[type]['mountPath']) ?? '';
  const kind = type === 'persistentvolumeclaim' ? 'persistentVolumeClaim' : type;
  const mounts = asList(dependent.data['volumeMounts']) ?? [];
  linkVariables(provider, dependent);
  if (mounts.some((mount) => asFields(mount)?.['name'] === name && asFields(mount)?.['type'] === kind))
    return;
  if (mounts.some((mount) => asFields(mount)?.['mountPath'] === mountPath)) {
    const message = `${provider.node.id} would be mounted at ${mountPath} of ${dependent.node.id}, where something else is`;
    diagnostics.error('DUPLICATE_MOUNT', edge.path, message, {
      hint: `set mountPath of ${provider.node.id}`,
    });
    return;
  }
  dependent.data['volumeMounts'] = [...mounts, { name, mountPath, type: kind }];
}

function linkVariables({ node, data }: Draft, dependent: Draft): void {
  if (node.type !== 'configmap' && node.type !== 'secret') return;
  const keys =
    node.type === 'configmap'
      ? Object.keys(asFields(data['data']) ?? {})
      : (asList(data['keys']) ?? []).map((key) => asFields(key)?.['name']);
  for (const variable of asList(dependent.data['envKeys']) ?? []) {
    const known = dependent.envSources.some((source) => source.variable === variable);
    if (known || typeof variable !== 'string' || !keys.includes(variable)) continue;
    dependent.envSources.push({ variable, from: node.type, name: asString(data['name']) ?? '' });
  }
}

/** Reports what an edge could have filled in, and nothing has. The value of a variable may come with a run. */
function checkFilled(draft: Draft, diagnostics: DiagnosticCollector): void {
  const { node, data, envSources } = draft;
  const require = (key: string, hint: string) => {
    if (!isBlank(own(data, key))) return;
    diagnostics.error('REQUIRED', [...node.path, 'data', key], `${key} of ${node.id} is missing`, { hint });
  };
  if (node.type === 'service' && isBlank(data['selector'])) {
    require('targetApp', 'give it, or draw an edge from a workload');
  }
  if (node.type === 'statefulset') require('serviceName', 'give it, or draw an edge to a service');
  if (node.type === 'hpa') {
    require('scaleTargetName', 'give it, or draw an edge from a workload');
    checkReplicas(draft, diagnostics);
  }
  if (node.type === 'ingress') checkIngress(draft, diagnostics);
  const known = envSources.map(({ variable }) => variable);
  for (const variable of asList(data['envKeys']) ?? []) {
    if (typeof variable !== 'string' || known.includes(variable)) continue;
    envSources.push({ variable, from: 'given', name: `${asString(data['name']) ?? node.id}-variables` });
  }
}

function checkReplicas({ node, data }: Draft, diagnostics: DiagnosticCollector): void {
  const min = asNumber(data['minReplicas']) ?? 1;
  const max = asNumber(data['maxReplicas']) ?? min;
  if (max >= min) return;
  diagnostics.error(
    'OUT_OF_RANGE',
    [...node.path, 'data', 'maxReplicas'],
    'maxReplicas is below minReplicas',
  );
}

function checkIngress({ node, data }: Draft, diagnostics: DiagnosticCollector): void {
  const hint = 'give it, or draw an edge from a service';
  const paths = asList(data['paths']) ?? [];
  const report = (place: readonly (string | number)[], where: string) =>
    diagnostics.error('REQUIRED', [...node.path, 'data', ...place], `serviceName of ${where} is missing`, {
      hint,
    });
  for (const [index, path] of paths.entries()) {
    if (isBlank(asFields(path)?.['serviceName']))
      report(['paths', index, 'serviceName'], `a path of ${node.id}`);
  }
  if (paths.length === 0 && isBlank(data['serviceName'])) report(['serviceName'], node.id);
}
