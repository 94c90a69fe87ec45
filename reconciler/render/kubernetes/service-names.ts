import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import type { ContainerSpec } from '../../model/docker/docker-spec.ts';
import type { Blueprint } from '../generate/blueprint.ts';

/** Returns the labels by which a service's pods are found, and its objects grouped. */
export function labelsOf(stack: string, service?: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/part-of': stack,
    ...(service === undefined ? {} : { 'app.kubernetes.io/name': dnsName(service) }),
  };
}

export interface ServicePort {
  readonly port: number;
  readonly protocol: string;
}

/** Ports that a container is known to listen on: published, exposed, or routed to. */
export function portsOf(
  { ports = [], expose = [], labels = {} }: ContainerSpec,
  routed?: number,
): readonly ServicePort[] {
  const proxied = Object.entries(labels)
    .filter(([key]) => /^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/i.test(key))
    .map(([, value]) => ({ port: Number(value), protocol: 'tcp' }));
  const all = [
    ...ports.map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    ...expose.map((text) => {
      const [port, protocol = 'tcp'] = text.split('/');
      return { port: Number(port), protocol };
    }),
    ...proxied,
    ...(routed === undefined ? [] : [{ port: routed, protocol: 'tcp' }]),
  ];
  const unique = new Map(all.map((entry) => [`${entry.port}/${entry.protocol}`, entry]));
  return [...unique.values()]
    .filter(({ port }) => Number.isInteger(port))
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** `tcp-8080` */
export function portName(port: number, protocol: string): string {
  return `${protocol}-${port}`;
}

/** Name of the ConfigMap with the files of a service. */
export function configName({ stack }: Blueprint, service: string): string {
  return dnsName(`${stack}-${service}-files`);
}
