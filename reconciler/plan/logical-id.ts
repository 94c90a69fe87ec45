import { claimName, dnsName } from '../model/kubernetes/cluster-names.ts';
import { isRunner } from '../model/kubernetes/kubernetes-object.ts';
import { asFields } from '../base/values.ts';
import type { Change } from './plan.ts';

/**
 * Returns what a resource is to its stack, whatever it is called where it is: the container `web` and the Deployment `shop/web` are one
 * service, the volume `data` and the claim `shop/shop-data` hold the same data.
 */
export function logicalId({ kind, name }: Pick<Change, 'kind' | 'name'>, stack: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  if (kind === 'container')
    return `service ${dnsName(name.replace(/#\d+$/, ''))}${/#\d+$/.exec(name)?.[0] ?? ''}`;
  if (isRunner(kind)) return `service ${last}`;
  if (kind === 'volume') return `data ${claimName(stack, { name })}`;
  if (kind === 'PersistentVolumeClaim') return `data ${last}`;
  return `${kind} ${name}`;
}

/** Kinds of a cluster that others are mounted into, or found by. */
const USED_BY_PODS: ReadonlySet<string> = new Set(['network', 'Service', 'ConfigMap', 'Secret', 'Ingress']);

/** Tells whether what runs may still need it. */
export function isUsedByRunners({ kind }: Pick<Change, 'kind'>): boolean {
  return USED_BY_PODS.has(kind);
}

/** Kinds that stand for nothing by themselves where a service has them. */
const BESIDE: ReadonlySet<string> = new Set(['Service', 'ConfigMap', 'Secret', 'Ingress']);

/** Tells whether it only goes along with a service of the stack, and is made again with it. */
export function goesWithService({ kind, before }: Pick<Change, 'kind' | 'before'>, stack: string): boolean {
  if (!BESIDE.has(kind)) return false;
  const labels = asFields(asFields(before?.['metadata'])?.['labels']);
  return labels?.['app.kubernetes.io/part-of'] === stack;
}
