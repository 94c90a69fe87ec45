import type { Assessment } from '../model/assess.ts';
import { clusterOf, namespaceOf, onMachines } from '../model/cluster-node.ts';
import { dnsName, workloadKind } from '../model/cluster-names.ts';
import type { ServiceModel } from '../model/kombination.ts';
import { objectId } from '../model/kubernetes-object.ts';
import type { DesiredResource } from '../model/resource.ts';
import { resourceId } from '../model/resource.ts';
import { defaultRestart } from './container.ts';
import { renderDocker } from './docker.ts';
import type { RenderClusterOptions } from './kubernetes/kombination.ts';
import { renderClusters, withWorkloads } from './kubernetes/kombination.ts';

/** Everything that a kombination puts on its nodes, be they machines or clusters. Pure. */
export function renderKombination(options: RenderClusterOptions): readonly DesiredResource[] {
  const { assessment } = options;
  const { resources, workloads } = renderClusters(options);
  const kombination = onMachines(assessment.kombination);
  const docker = renderDocker({ ...options, assessment: { ...assessment, kombination } });
  if (workloads.size === 0) return docker;
  return [...docker.map((resource) => withWorkloads(resource, workloads)), ...resources];
}

/** The resource that stands for a service, and whether it is one for all of its replicas. */
export function viewPlace(
  service: ServiceModel,
  assessment: Assessment,
): { readonly resource: string; readonly single: boolean } {
  const { kombination } = assessment;
  const { node, name } = service;
  if (!clusterOf(kombination, service))
    return { resource: resourceId(node, 'container', name), single: false };
  const kind = workloadKind({
    restart: service.restart ?? defaultRestart(service, assessment),
    awaited: isAwaited(service, assessment),
    hasVolume: service.mounts.some(({ mount }) => mount.type === 'volume'),
  });
  const owner = kombination.nodes.find((one) => one.name === node);
  const namespace = owner ? namespaceOf(owner, kombination.name) : kombination.name;
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return { resource: objectId(node, { apiVersion, kind, name: dnsName(name), namespace }), single: true };
}

function isAwaited({ name }: ServiceModel, { dependencies }: Assessment): boolean {
  return [...dependencies.values()].some((list) =>
    list.some(({ target, until }) => target.name === name && until === 'completed'),
  );
}
