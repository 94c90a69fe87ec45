import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { own } from '../../base/values.ts';
import { clusterOf } from '../kombination/cluster-node.ts';
import type { ServiceModel, WrittenKombination, WrittenService } from '../kombination/kombination.ts';
import type { Kit, KitProxy } from './kit.ts';
import { kitServiceName } from './kit.ts';
import type { ProxyClaim, ProxyPlace } from './proxy-claim.ts';

interface ClaimOptions {
  readonly kit: Kit | undefined;
  readonly written: WrittenKombination;
  readonly services: readonly ServiceModel[];
}

/** Finds the proxies that a stack has or needs, before any is added: a route on a node needs one there. */
export function proxyClaims({ kit, written, services }: ClaimOptions): readonly ProxyClaim[] {
  const front = kit?.proxy;
  if (!front) return [];
  const common = { ...front, networkName: proxyNetwork(written, front) };
  const claim = (node: string, kind: ProxyClaim['kind']): ProxyClaim => {
    const { service, network, networkName } = common;
    return { node, service, network, networkName, kind };
  };
  const proxy = services.find((service) => isProxy(service, front));
  const said =
    written.services.find(({ name }) => name === proxy?.name) ??
    written.services.find(({ name }) => kitServiceName(kit, name) === front.service);
  const isApart = said?.enabled === true && (said.ownImage || hasOwnPorts(said));
  const kept = proxy ? [claim(proxy.node, isApart ? 'apart' : 'listed')] : [];
  const routed = services.filter((service) => service.route && !clusterOf(written, service));
  const nodes = new Set(routed.map(({ node }) => node));
  if (proxy) nodes.delete(proxy.node);
  const kind = said?.enabled === false ? 'disabled' : isApart ? 'apart' : 'implied';
  return [...kept, ...[...nodes].map((node) => claim(node, kind))];
}

function hasOwnPorts({ fields }: WrittenService): boolean {
  return fields.ports !== undefined || Object.keys(fields.config ?? {}).some((key) => /^ports\b/.test(key));
}

/** Tells whether a service is the proxy of its kit. */
export function isProxy(
  { name, kind, partOf }: ServiceModel,
  { service }: Pick<KitProxy, 'service'>,
): boolean {
  return partOf === undefined && (kind ?? name) === service;
}

/** Name on the engine of the network that the proxy of a stack shares with routed services. */
export function proxyNetwork(
  { name: stack, networks, adopts }: WrittenKombination,
  { network }: Pick<KitProxy, 'network'>,
): string {
  const model = own(networks, network);
  return model?.name ?? (model?.external === true ? network : `${adopts?.project ?? stack}_${network}`);
}

/** Says which proxy routes lead through where that is left to Kombinator. */
export function reportShared(
  { name, path }: ServiceModel,
  { service }: KitProxy,
  { place, diagnostics }: { readonly place: ProxyPlace; readonly diagnostics: DiagnosticCollector },
): void {
  if (!place.implied) return;
  const message = `${name} needs ${service}, which is not listed; that of the stack ${place.stack} is used`;
  diagnostics.warning('IMPLIED_SERVICE', path, message, {
    hint: `list ${service} in ${place.stack}, or in a stack of its own, so that it stays there`,
    at: 'key',
  });
}
