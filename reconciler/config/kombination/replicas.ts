import type { PortSpec } from '../../model/docker/docker-spec.ts';
import type { PortEntry, ServiceModel } from './kombination.ts';
import { replicaNumbers } from '../../model/rollout.ts';

/** Numbers of a service's containers, from 1. */
export function numbersOf({ replicas = 1 }: Pick<ServiceModel, 'replicas'>): readonly number[] {
  return replicaNumbers(replicas);
}

/** The port that one of several containers publishes: they share a range in order. */
export function portOfReplica({ port, lastHostPort }: PortEntry, number: number): PortSpec {
  if (lastHostPort === undefined || port.hostPort === undefined) return port;
  return { ...port, hostPort: port.hostPort + number - 1 };
}

/** Says what a new container cannot have while the old one runs, in words; `undefined` when it may run beside it. */
export function whyStopFirst({ ports = [], networks = [] }: ServiceModel): string | undefined {
  if (ports.some(({ port }) => port.hostPort !== undefined)) return 'it publishes a port of the machine';
  const hasAddress = networks.some(({ address }) => Object.keys(address ?? {}).length > 0);
  return hasAddress ? 'it has an address of its own' : undefined;
}
