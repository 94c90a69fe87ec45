import type { Json, JsonObject } from '../base/json.ts';
import type { AddressRange } from '../base/ip-address.ts';
import { parseRange, rangesOverlap } from '../base/ip-address.ts';
import { asFields, asList, asNumber, asString, own } from '../base/values.ts';
import { addressesOverlap } from '../model/docker/ports.ts';
import type { ResourceId } from '../model/resource.ts';
import type { Change } from './plan.ts';

/** `from` cannot come about before `to` has let go of something. */
export interface ResourceEdge {
  readonly from: ResourceId;
  readonly to: ResourceId;
}

/** Something that only one object of an engine or cluster can have at a time: a name, a port of a machine, or a range of addresses. */
export interface ExclusiveResource {
  readonly key: string;
  /** Addresses of a network: whatever overlaps them is taken, too. */
  readonly range?: AddressRange;
  /** Address of the machine that a port is published at; left out: all of them. */
  readonly hostIp?: string | undefined;
}

/** Resources that are to have something which another one gives up. */
export function exclusiveResourceEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly ResourceEdge[] {
  const given = changes.flatMap((change) => {
    if (change.action !== 'delete' && change.action !== 'replace' && !letsGoInPlace(change)) return [];
    const kept = exclusiveResources(change, 'after', engines);
    return exclusiveResources(change, 'before', engines)
      .filter((resource) => !kept.some((other) => isSame(resource, other)))
      .map((resource) => ({ to: change.id, resource }));
  });
  if (given.length === 0) return [];
  return changes.flatMap((change): readonly ResourceEdge[] => {
    if (!isTaker(change)) return [];
    const wanted = exclusiveResources(change, 'after', engines);
    const holders = given.filter(({ resource }) => wanted.some((other) => isTaken(other, resource)));
    return [...new Set(holders.map(({ to }) => to))]
      .filter((to) => to !== change.id)
      .map((to) => ({ from: change.id, to }));
  });
}

/** Tells of what is made, started again, or goes on from an earlier change. */
function isTaker(change: Change): boolean {
  const { action, kind, fields } = change;
  if (action === 'create' || action === 'replace') return true;
  if (action !== 'update') return false;
  return kind === 'Service' || (kind === 'container' && (fields.length === 0 || movesAddress(change)));
}

/** Tells whether an update may give something up without taking the object away. */
function letsGoInPlace(change: Change): boolean {
  return movesAddress(change) || (change.action === 'update' && change.kind === 'Service');
}

/** Tells of a container that leaves or joins networks while it runs. */
function movesAddress({ action, kind, fields }: Change): boolean {
  return (
    action === 'update' && kind === 'container' && fields.some(({ path }) => path.startsWith('networks'))
  );
}

/** Two nodes that are one machine want the same network: the second finds what the first has made. */
export function sharedNetworkEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly ResourceEdge[] {
  const first = new Map<string, ResourceId>();
  return changes.flatMap(({ id, action, kind, target, after }): readonly ResourceEdge[] => {
    if (action !== 'create' || (kind !== 'network' && kind !== 'volume')) return [];
    const key = JSON.stringify([engines.get(target) ?? target, kind, after?.['name']]);
    const to = first.get(key);
    if (to === undefined) first.set(key, id);
    return to === undefined ? [] : [{ from: id, to }];
  });
}

/** Lists what a change has, or is to have, of what only one can. */
export function exclusiveResources(
  change: Change,
  side: 'before' | 'after',
  engines: ReadonlyMap<string, string>,
): readonly ExclusiveResource[] {
  return exclusiveIn(change, change[side], engines);
}

/** The same for a spec. */
export function exclusiveIn(
  { kind, target }: Pick<Change, 'kind' | 'target'>,
  spec: JsonObject | null,
  engines: ReadonlyMap<string, string>,
): readonly ExclusiveResource[] {
  if (spec === null) return [];
  const engine = engines.get(target) ?? target;
  if (kind === 'container')
    return [...named(spec, engine, kind), ...portsOf(spec['ports'], engine), ...addressesOf(spec, engine)];
  if (kind === 'Service') return nodePortsOf(spec).map((port) => ({ key: nodePortKey(engine, port) }));
  return kind === 'network' ? [...named(spec, engine, kind), ...linksOf(spec, engine)] : [];
}

/** Tells whether this is a Service that has the port on the nodes of its cluster. A number is given once there, whatever the protocol. */
export function hasNodePort({ kind, before }: Pick<Change, 'kind' | 'before'>, port: number): boolean {
  return kind === 'Service' && before !== null && nodePortsOf(before).includes(port);
}

function nodePortKey(cluster: string, port: number): string {
  return `${cluster} node port ${port}`;
}

function nodePortsOf(service: JsonObject): readonly number[] {
  const ports = asList(asFields(service['spec'])?.['ports']) ?? [];
  return ports.flatMap((port) => asNumber(asFields(port)?.['nodePort']) ?? []);
}

/** Tells whether the one cannot be had before the other is given up. */
export function isTaken(wanted: ExclusiveResource, held: ExclusiveResource): boolean {
  if (wanted.range === undefined || held.range === undefined)
    return wanted.key === held.key && addressesOverlap(wanted.hostIp, held.hostIp);
  return rangesOverlap(wanted.range, held.range) && engineOf(wanted) === engineOf(held);
}

function isSame(a: ExclusiveResource, b: ExclusiveResource): boolean {
  return a.key === b.key && a.hostIp === b.hostIp;
}

function engineOf({ key }: ExclusiveResource): string {
  return key.slice(0, key.lastIndexOf(' '));
}

function named(spec: JsonObject, engine: string, kind: string): readonly ExclusiveResource[] {
  const name = asString(spec['name']);
  return name === undefined ? [] : [{ key: `${engine} ${kind} ${name}` }];
}

function portsOf(ports: Json | undefined, engine: string): readonly ExclusiveResource[] {
  return (asList(ports) ?? []).flatMap((item) => {
    const port = asFields(item);
    return port?.['hostPort'] === undefined
      ? []
      : [
          {
            key: `${engine} port ${JSON.stringify([port['hostPort'], port['protocol']])}`,
            hostIp: asString(port['hostIp']),
          },
        ];
  });
}

/** Addresses that a container has chosen on its networks. */
function addressesOf(spec: JsonObject, engine: string): readonly ExclusiveResource[] {
  return Object.entries(asFields(spec['networks']) ?? {}).flatMap(([network, place]) =>
    ['ipv4Address', 'ipv6Address'].flatMap((key) => {
      const address = asString(own(asFields(place), key));
      return address === undefined ? [] : [{ key: `${engine} address ${network} ${address}` }];
    }),
  );
}

/** Addresses of a network, and the interfaces of the machine that it has for itself. */
function linksOf(spec: JsonObject, engine: string): readonly ExclusiveResource[] {
  const pools = asList(asFields(spec['ipam'])?.['config']) ?? [];
  const ranges = pools.flatMap((pool) => {
    const subnet = asString(asFields(pool)?.['subnet']);
    if (subnet === undefined) return [];
    const range = parseRange(subnet);
    return [{ key: `${engine} subnet ${subnet.toLowerCase()}`, ...(range === undefined ? {} : { range }) }];
  });
  const options = asFields(spec['driverOpts']);
  const bridge = asString(options?.['com.docker.network.bridge.name']);
  const parent = asString(options?.['parent']);
  return [
    ...ranges,
    ...(bridge === undefined ? [] : [{ key: `${engine} bridge ${bridge}` }]),
    ...(parent === undefined ? [] : [{ key: `${engine} parent ${parent}` }]),
  ];
}
