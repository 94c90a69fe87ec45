import type { ClusterView, ConnectionCheck } from '../../../../reconciler/index.ts';
import { idOf } from '../../../../reconciler/index.ts';
import { NO_TIME } from '../workflow-view.ts';

/** A cluster in the words of the platform. */
export function toCluster({ facts, isDefault, lastCheck, message: _message, ...view }: ClusterView) {
  return {
    ...view,
    default: isDefault,
    singleNode: facts?.cluster?.nodes.length === 1,
    ...(facts === null ? {} : { version: facts.engineVersion }),
    metadata: toMetadata({ facts, lastCheck }),
  };
}

export function toMetadata({ facts, lastCheck }: Pick<ClusterView, 'facts' | 'lastCheck'>) {
  return {
    version: facts?.engineVersion ?? '',
    platform: facts === null ? '' : `${facts.os}/${facts.arch}`,
    provider: '',
    region: '',
    nodeCount: facts?.cluster?.nodes.length ?? 0,
    cpuCapacity: facts === null ? '' : String(facts.cpuCores),
    memoryCapacity: facts === null ? '' : String(facts.memoryBytes),
    storageClasses: facts?.cluster?.storageClasses ?? [],
    namespaces: facts?.cluster?.namespaces ?? [],
    capabilities: [],
    lastUpdated: (facts === null ? null : lastCheck) ?? NO_TIME,
  };
}

/** An entry of the connection log. */
export function toConnectionLog({ id: clusterId }: ClusterView, { at, status, message }: ConnectionCheck) {
  const timestamp = new Date(at).toISOString();
  const isGood = status === 'connected';
  const id = idOf('connection', `${clusterId}\0${timestamp}\0${message}`);
  const common = { id, clusterId, userId: '', action: 'connection_test', success: isGood, timestamp };
  return isGood ? { ...common, details: message } : { ...common, error: message };
}
