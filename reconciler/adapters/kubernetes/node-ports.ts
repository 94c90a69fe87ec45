import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber } from '../../base/values.ts';
import type { DesiredResource, ObservedResource } from '../../model/resource.ts';
import { pathOf } from './api/discovery.ts';
import { keyOf, ownerOf } from './cache/live-object.ts';
import type { LiveObject } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';

/** A Service of ours that has a port of the nodes which another one wants. */
interface Holder {
  readonly path: string;
  readonly stack: string;
  /** `shop/web of the stack shop has the node port 31000` */
  readonly told: string;
}

/** Finds who has the ports that resources are refused for. Services that are not ours are not known. */
export function holdersOfPorts(
  cluster: Cluster,
  { dryRun }: Pick<ObservedResource, 'dryRun'>,
): readonly Holder[] {
  return (dryRun?.takenPorts ?? []).flatMap((port) =>
    cluster
      .open()
      .filter(({ kind }) => kind.kind === 'Service')
      .flatMap((cache) =>
        [...cache.all()]
          .filter((service) => hasPort(service, port))
          .map((service) => ({ service, stack: ownerOf(service)?.stack ?? '' }))
          .map(({ service, stack }) => ({
            stack,
            path: pathOf(cache.kind, service.metadata),
            told: `${keyOf(service.metadata)} of the stack ${stack} has the node port ${port}`,
          })),
      ),
  );
}

/**
 * Has Services of a stack give up the ports of the nodes that they were given without a description of them, where another resource of the stack is
 * refused for these: the plan puts them first then, and they get others.
 */
export function withPortsGivenUp(
  observed: readonly ObservedResource[],
  desired: readonly DesiredResource[],
): readonly ObservedResource[] {
  const wanted = new Set(observed.flatMap(({ dryRun }) => dryRun?.takenPorts ?? []));
  if (wanted.size === 0) return observed;
  const services = new Map(desired.filter(({ kind }) => kind === 'Service').map((one) => [one.id, one]));
  return observed.map((one) => {
    const service = services.get(one.id);
    if (service === undefined || one.dryRun === undefined || one.dryRun.refused !== null) return one;
    const described = new Set(numbersIn(asFields(service.spec['spec'])).map(({ nodePort }) => nodePort));
    const fields = numbersIn(asFields(one.spec['spec']))
      .filter(({ nodePort }) => wanted.has(nodePort) && !described.has(nodePort))
      .map(({ index, nodePort }) => ({
        path: `spec.ports[${index}].nodePort`,
        before: nodePort,
        after: null,
      }))
      .filter(({ path }) => one.dryRun?.fields.every((field) => field.path !== path));
    return fields.length === 0
      ? one
      : { ...one, dryRun: { ...one.dryRun, fields: [...one.dryRun.fields, ...fields] } };
  });
}

function numbersIn(
  spec: Fields | undefined,
): readonly { readonly index: number; readonly nodePort: number }[] {
  return (asList(spec?.['ports']) ?? []).flatMap((port, index) => {
    const nodePort = asNumber(asFields(port)?.['nodePort']);
    return nodePort === undefined ? [] : [{ index, nodePort }];
  });
}

function hasPort({ spec }: LiveObject, port: number): boolean {
  return (asList(asFields(spec)?.['ports']) ?? []).some((one) => asFields(one)?.['nodePort'] === port);
}
