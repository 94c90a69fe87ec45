import type { Analysis } from '../config/kombination/analyze.ts';
import { clusterOf, namespaceOf, onMachines } from '../config/kombination/cluster-node.ts';
import { dnsName, workloadKind } from '../model/kubernetes/cluster-names.ts';
import type { ServiceModel } from '../config/kombination/kombination.ts';
import { objectId } from '../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource } from '../model/resource.ts';
import { resourceId } from '../model/resource.ts';
import { defaultRestart } from './container.ts';
import { renderDocker } from './docker.ts';
import type { RenderClusterOptions } from './kubernetes/kombination.ts';
import { renderClusters, withWorkloads } from './kubernetes/kombination.ts';

/** Everything that a kombination puts on its nodes, be they machines or clusters. Pure. */
export function renderKombination(options: RenderClusterOptions): readonly DesiredResource[] {
  const { analysis } = options;
  const { resources, workloads } = renderClusters(options);
  const kombination = onMachines(analysis.kombination);
  const docker = renderDocker({ ...options, analysis: { ...analysis, kombination } });
  if (workloads.size === 0) return docker;
  return [...docker.map((resource) => withWorkloads(resource, workloads)), ...resources];
}

export interface ServicePlace {
  /** The resource that stands for it. */
  readonly resource: string;
  /** It is one for all of its replicas. */
  readonly single: boolean;
  /** Its ports are reached from outside. */
  readonly open: boolean;
}

export function viewPlace(service: ServiceModel, analysis: Analysis): ServicePlace {
  const { kombination } = analysis;
  const { node, name } = service;
  const cluster = clusterOf(kombination, service);
  if (!cluster) return { resource: resourceId(node, 'container', name), single: false, open: true };
  const kind = workloadKind({
    restart: service.restart ?? defaultRestart(service, analysis),
    awaited: isAwaited(service, analysis),
    hasVolume: service.mounts.some(({ mount }) => mount.type === 'volume'),
  });
  const owner = kombination.nodes.find((one) => one.name === node);
  const namespace = owner ? namespaceOf(owner, kombination.name) : kombination.name;
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  const resource = objectId(node, { apiVersion, kind, name: dnsName(name), namespace });
  return { resource, single: true, open: cluster.publish !== 'none' };
}

function isAwaited({ name }: ServiceModel, { dependencies }: Analysis): boolean {
  return [...dependencies.values()].some((list) =>
    list.some(({ target, until }) => target.name === name && until === 'completed'),
  );
}
