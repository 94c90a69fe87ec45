import type { JsonObject } from '../../base/json.ts';
import { jsonEquals } from '../../base/json.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import { objectSpecOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../ports/target.ts';
import { isApiError } from './api/api-error.ts';
import { pathOf } from './api/discovery.ts';
import { readObject } from './api/read-object.ts';
import { isLiveObject, MANAGER } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';

/*
 * A server keeps a port of the nodes for as long as its Service is there and has one, also where the description says none any more. It is let go of
 * for another one, which the server gives out: type and address stay, so that neither a load balancer nor those inside the cluster see any of it.
 */

/** Times that somebody else has written to the Service in between. */
const MAX_ATTEMPTS = 5;

/** Has a Service let go of the ports of the nodes that it is not to keep, or have them again. What is no Service stands in nobody's way. */
export async function releasePorts(
  cluster: Cluster,
  { change, desired }: ResourceChange,
  outcome: 'stop' | 'undo',
  context: ApplyContext,
): Promise<void> {
  if (change.kind !== 'Service') return;
  if (outcome === 'undo') return takeBack(cluster, change.id, context);
  const kept = desired === null ? [] : nodePortsOf(asFields(objectSpecOf(desired)['spec']));
  await letGo(cluster, change.id, (port) => !kept.includes(port), context);
}

/** Has a Service let go of the ports that its plan says it gives up, although nothing in its description takes them from it. */
export async function giveUpPorts(
  cluster: Cluster,
  { change, desired }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  if (change.kind !== 'Service' || change.action !== 'update' || desired === null) return;
  const type = asString(asFields(objectSpecOf(desired)['spec'])?.['type']);
  // One that is to have none loses them by itself.
  if (type !== 'NodePort' && type !== 'LoadBalancer') return;
  const given = change.fields.flatMap(({ path, before, after }) =>
    path.endsWith('.nodePort') && after === null ? (asNumber(before) ?? []) : [],
  );
  if (given.length > 0) await letGo(cluster, change.id, (port) => given.includes(port), context);
}

async function letGo(
  cluster: Cluster,
  id: ResourceId,
  isGiven: (port: number) => boolean,
  context: ApplyContext,
): Promise<void> {
  const had = new Map<string, number>();
  const names = new Map<string, JsonObject>();
  // A port of another name is another one: the server gives it a number. A dry run gives none that could be had.
  await rewrite(cluster, id, context, (port, index) => {
    const number = asNumber(port['nodePort']);
    if (number === undefined || !isGiven(number)) return port;
    had.set(keyOf(port), number);
    const { nodePort: _number, name, ...rest } = port;
    names.set(keyOf(port), name === undefined ? {} : { name });
    return { ...rest, name: `next-${index}` };
  });
  if (had.size === 0) return;
  cluster.releasedPorts.set(id, cluster.releasedPorts.get(id) ?? had);
  await rewrite(cluster, id, context, (port) => {
    const name = names.get(keyOf(port));
    if (name === undefined) return port;
    const { name: _next, ...rest } = port;
    return { ...rest, ...name };
  });
  context.progress(`lets go of the node port ${[...had.values()].join(', ')} for another one`);
}

/** Gives a Service the ports that it had, as far as nobody has them now. */
async function takeBack(cluster: Cluster, id: ResourceId, context: ApplyContext): Promise<void> {
  const had = cluster.releasedPorts.get(id);
  cluster.releasedPorts.delete(id);
  if (had === undefined) return;
  try {
    await rewrite(cluster, id, context, (port) => {
      const nodePort = had.get(keyOf(port));
      return nodePort === undefined ? port : { ...port, nodePort };
    });
  } catch (error) {
    // Another Service has it: the next plan tells what is to become of both.
    if (!isApiError(error, 422)) throw error;
  }
}

/** Changes the ports of a Service one by one, beginning anew when somebody else has written to it in between. */
async function rewrite(
  cluster: Cluster,
  id: ResourceId,
  context: ApplyContext,
  change: (port: JsonObject, index: number) => JsonObject,
): Promise<void> {
  const { signal } = context;
  const known = await cluster.find(context.stack, id, signal);
  const kind = known && (await cluster.kindOfLive(known, signal));
  if (!known || !kind) return;
  const path = pathOf(kind, known.metadata);
  for (let attempt = 1; ; attempt += 1) {
    const live = await readObject(cluster, path, signal);
    if (!live) return;
    const ports = portsOf(live).map(change);
    if (jsonEquals(ports, portsOf(live))) return;
    const body = { ...live, spec: { ...(live['spec'] as JsonObject), ports } };
    try {
      const query = { fieldManager: MANAGER };
      const answer = await cluster.client.request({ method: 'PUT', path, query, body, signal });
      if (isLiveObject(answer.body)) cluster.wrote(kind, answer.body);
      return;
    } catch (error) {
      if (!isApiError(error, 409) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function portsOf(service: JsonObject): readonly JsonObject[] {
  return (asList(own(asFields(service['spec']), 'ports')) ?? []).flatMap((port) =>
    asFields(port) === undefined ? [] : [port as JsonObject],
  );
}

function nodePortsOf(spec: unknown): readonly number[] {
  return (asList(own(asFields(spec), 'ports')) ?? []).flatMap(
    (port) => asNumber(asFields(port)?.['nodePort']) ?? [],
  );
}

/** Names a port of a Service: no two have the same number and protocol. */
function keyOf({ port, protocol }: JsonObject): string {
  return `${asNumber(port) ?? 0}/${asString(protocol) ?? 'TCP'}`;
}
