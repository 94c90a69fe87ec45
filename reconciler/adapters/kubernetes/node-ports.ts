import { asFields, asList } from '../../base/values.ts';
import type { ObservedResource } from '../../model/resource.ts';
import { pathOf } from './api/discovery.ts';
import { keyOf, ownerOf } from './cache/live-object.ts';
import type { LiveObject } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';

/** A Service of ours that has a port of the nodes which another one wants. */
interface Holder {
  readonly path: string;
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
          .map((service) => ({
            path: pathOf(cache.kind, service.metadata),
            told: `${keyOf(service.metadata)} of the stack ${ownerOf(service)?.stack ?? ''} has the node port ${port}`,
          })),
      ),
  );
}

function hasPort({ spec }: LiveObject, port: number): boolean {
  return (asList(asFields(spec)?.['ports']) ?? []).some((one) => asFields(one)?.['nodePort'] === port);
}
