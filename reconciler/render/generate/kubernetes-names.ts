import type { ContainerSpec } from '../../model/docker-spec.ts';

/** A name as DNS and Kubernetes want it. */
export function dnsName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
}

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
export function portsOf({ ports = [], expose = [], labels = {} }: ContainerSpec): readonly ServicePort[] {
  const routed = Object.entries(labels)
    .filter(([key]) => /^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/i.test(key))
    .map(([, value]) => ({ port: Number(value), protocol: 'tcp' }));
  const all = [
    ...ports.map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    ...expose.map((text) => {
      const [port, protocol = 'tcp'] = text.split('/');
      return { port: Number(port), protocol };
    }),
    ...routed,
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
