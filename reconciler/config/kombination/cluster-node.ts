import type { ClusterNode, PublishMode } from './cluster-model.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { formatPath } from '../../base/document-path.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kombination, NodeModel, ServiceModel } from './kombination.ts';
import { suggest } from '../../base/nearest.ts';
import type { Fields } from '../../base/values.ts';
import { asList, asString, defined } from '../../base/values.ts';

/** Keys of a node that say something about a cluster. */
const CLUSTER_KEYS = [
  'cluster',
  'namespace',
  'publish',
  'storageClass',
  'ingressClass',
  'pullSecrets',
] as const;
/** Keys that a cluster has no use for. */
const MACHINE_KEYS = ['connection', 'resources'] as const;

/** Returns the name under which a cluster stands among the shared targets: no node can have one with a slash in it. */
export function clusterKey(name: string): string {
  return `clusters/${name}`;
}

/** A node of `type: kubernetes`; `undefined` for machines. */
export function readClusterNode(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): ClusterNode | undefined {
  const isCluster = fields['type'] === 'kubernetes';
  for (const key of isCluster ? MACHINE_KEYS : CLUSTER_KEYS) {
    if (fields[key] === undefined) continue;
    const message = isCluster
      ? `${key} is for machines; a cluster is reached as its file says`
      : `${key} is for nodes of type kubernetes`;
    const hint = isCluster
      ? `take it out; clusters/<name>.yaml has the connection`
      : `add type: kubernetes, or take ${key} out`;
    diagnostics.error('INVALID_VALUE', [...path, key], message, { hint, at: 'key' });
  }
  if (!isCluster) return undefined;
  return defined({
    cluster: asString(fields['cluster']) ?? asString(fields['name']) ?? '',
    namespace: asString(fields['namespace']),
    publish: PUBLISH.find((mode) => mode === fields['publish']) ?? 'none',
    storageClass: asString(fields['storageClass']),
    ingressClass: asString(fields['ingressClass']),
    pullSecrets: (asList(fields['pullSecrets']) ?? []).filter((name) => typeof name === 'string'),
  });
}

const PUBLISH: readonly PublishMode[] = ['none', 'node-port', 'load-balancer'];

type Nodes = Pick<Kombination, 'nodes'>;

/** The cluster that a service runs on; `undefined` when it runs on a machine. */
export function clusterOf({ nodes }: Nodes, { node }: Pick<ServiceModel, 'node'>): ClusterNode | undefined {
  return nodes.find(({ name }) => name === node)?.cluster;
}

/** Namespace of a node's objects. */
export function namespaceOf({ cluster }: NodeModel, stack: string): string {
  return cluster?.namespace ?? stack;
}

/** Two nodes of a stack in one namespace would take each other's objects for their own. */
export function checkClusterNodes({ name, nodes }: Kombination, diagnostics: DiagnosticCollector): void {
  const seen = new Map<string, NodeModel>();
  for (const node of nodes) {
    if (!node.cluster) continue;
    const namespace = namespaceOf(node, name);
    const key = `${node.cluster.cluster}/${namespace}`;
    const other = seen.get(key);
    seen.set(key, other ?? node);
    if (!other) continue;
    const message = `${node.name} and ${other.name} are the same namespace ${namespace} of ${node.cluster.cluster}`;
    diagnostics.error('INVALID_VALUE', [...node.path, 'name'], message, {
      hint: `give one of them another namespace, or use ${formatPath(other.path)} for both`,
    });
  }
}

/** Returns the kombination without the services on clusters. */
export function onMachines(kombination: Kombination): Kombination {
  const services = kombination.services.filter((service) => clusterOf(kombination, service) === undefined);
  return services.length === kombination.services.length ? kombination : { ...kombination, services };
}

/** A cluster builds nothing: an image has to be somewhere it can be pulled from. */
export function withoutBuilds(kombination: Kombination, diagnostics: DiagnosticCollector): Kombination {
  const services = kombination.services.map((service): ServiceModel => {
    const { build, ...rest } = service;
    if (!build || !clusterOf(kombination, service)) return service;
    const { name, image, path } = service;
    if (image === undefined) {
      const message = `${name} is to be built, and a cluster only runs images that it can pull`;
      const hint = 'push the image to a registry, and name it with image';
      diagnostics.error('UNSUPPORTED_KEY', [...path, 'build'], message, { hint, at: 'key' });
      return service;
    }
    const message = `${name} is not built for a cluster: it pulls ${image}, which has to be there`;
    diagnostics.warning('UNSUPPORTED_KEY', [...path, 'build'], message, { hint: 'push it there', at: 'key' });
    return rest;
  });
  return { ...kombination, services };
}

/** Says why there is no such cluster. */
export function unknownCluster(
  cluster: string,
  shared: ReadonlyMap<string, unknown>,
  path: DocumentPath,
): DocumentDiagnostic {
  const diagnostic = { severity: 'error' as const, code: 'UNKNOWN_CLUSTER', path };
  if (shared.has(clusterKey(cluster)))
    return { ...diagnostic, message: `the file of the cluster ${cluster} has errors` };
  const known = [...shared.keys()].flatMap((key) => /^clusters\/(.*)$/.exec(key)?.[1] ?? []);
  const hint = suggest(cluster, known) ?? `add a file clusters/${cluster}.yaml`;
  return { ...diagnostic, message: `there is no cluster ${cluster}`, hint };
}
