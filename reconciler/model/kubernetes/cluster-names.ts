import type { RestartSpec } from '../docker/docker-spec.ts';

/** A name as DNS and Kubernetes want it. */
export function dnsName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
}

/** Tells whether a Service can be called so: only then the name leads anywhere. */
export function isServiceName(name: string): boolean {
  return /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
}

/** Name of the object that opens a service's published ports. */
export function publishedName(service: string): string {
  return `${dnsName(service).slice(0, 53)}-published`;
}

/** Name of the claim of a volume. */
export function claimName(
  stack: string,
  volume: { readonly name: string; readonly called?: string },
): string {
  return dnsName(volume.called ?? `${stack}-${volume.name}`);
}

/** Kinds whose pods are a service. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'Job';

/** Chooses what a service becomes: something that ends is a job, something with a volume keeps its name and place. */
export function workloadKind(service: {
  readonly restart: RestartSpec;
  /** Others wait for its end. */
  readonly awaited: boolean;
  readonly hasVolume: boolean;
}): WorkloadKind {
  const { policy } = service.restart;
  if (service.awaited || policy === 'no') return 'Job';
  return service.hasVolume ? 'StatefulSet' : 'Deployment';
}
