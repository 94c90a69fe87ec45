import type { ObjectStatus, ObjectView } from '../../../../reconciler/index.ts';
import { asFields, asList, asNumber, asString, own } from '../../../../reconciler/index.ts';

const STATES: Readonly<Record<ObjectStatus, string>> = {
  running: 'healthy',
  completed: 'healthy',
  pending: 'partial',
  warning: 'partial',
  failed: 'error',
  unknown: 'unknown',
  deleted: 'error',
};

/** State of an object, with figures by its kind: `replicas`, `clusterIP`, … */
export interface NodeState {
  readonly state: string;
  readonly message: string;
  readonly [figure: string]: unknown;
}

/** State of an object as the platform's streams tell it, by its kind. */
export function toStatus({ kind, status, message, facts }: ObjectView): NodeState {
  const state = STATES[status];
  const text = (name: string): string => asString(own(facts, name)) ?? '';
  const count = (name: string): number => asNumber(own(facts, name)) ?? 0;
  const common = { state, message: message ?? '' };
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
      return {
        ...common,
        replicas: count('replicas'),
        readyReplicas: count('readyReplicas'),
        ...(kind === 'StatefulSet' ? { currentReplicas: count('currentReplicas') } : {}),
      };
    case 'Service': {
      const ports = (asList(facts['ports']) ?? []).map((port) => asFields(port)?.['nodePort']);
      const nodePort = ports.map(asNumber).find((port) => port !== undefined) ?? 0;
      const externalIP = asString(asList(facts['externalIPs'])?.[0]) ?? '';
      return { ...common, clusterIP: text('clusterIP'), externalIP, nodePort };
    }
    case 'Ingress': {
      const address = text('loadBalancerIP');
      const isName = /[a-z]/i.test(address) && !address.includes(':');
      return {
        ...common,
        state: state === 'healthy' && address === '' ? 'pending' : state,
        loadBalancerIP: isName ? '' : address,
        loadBalancerHostname: isName ? address : '',
        rulesCount: count('ingressRules'),
      };
    }
    case 'DaemonSet':
      return {
        ...common,
        desiredNumberScheduled: count('desiredNumberScheduled'),
        numberReady: count('numberReady'),
      };
    case 'Job':
      return {
        ...common,
        active: count('jobActive'),
        succeeded: count('jobSucceeded'),
        failed: count('jobFailed'),
      };
    case 'Pod':
      return { ...common, phase: text('phase') };
    case 'PersistentVolumeClaim':
      return {
        ...common,
        state: text('phase') || 'Pending',
        capacity: text('capacity'),
        volumeName: text('volumeName'),
      };
    case 'ConfigMap':
    case 'Secret':
      return { ...common, state: status === 'running' ? 'created' : state === 'error' ? 'error' : 'pending' };
    default:
      return common;
  }
}
