import type { ProxyClaim, ProxyPlace, ProxyPlaces } from '../../config/kits/proxy-claim.ts';
import { NO_PLACES } from '../../config/kits/proxy-claim.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { canonicalJson } from '../../base/json.ts';
import { compareText } from '../../base/values.ts';
import { targetKey } from '../../model/target.ts';

/** A claim, and the engine that it is on. */
export interface PlacedClaim extends ProxyClaim {
  readonly target: string;
}

/** Proxies that a stack has or needs, and those of others that its routes lead through; left out: none. */
export interface ProxyShare {
  readonly proxies?: readonly PlacedClaim[];
  readonly routesThrough?: ProxyPlaces;
}

interface Claimant extends ProxyShare {
  /** Key of its entry. */
  readonly key: string;
  readonly name: string;
}

/** One for all proxies that could stand for each other: of one kind, on one engine. */
export function proxyGroup({ service, network, target }: PlacedClaim): string {
  return JSON.stringify([target, service, network]);
}

/** Places claims on engines; what is on anything else is nobody else's. */
export function placeClaims({ proxies, targets }: Analysis): ProxyShare {
  const byName = new Map(targets.map((target) => [target.name, target]));
  const placed = proxies.flatMap((claim) => {
    const target = byName.get(claim.node);
    return target?.kind === 'docker' ? [{ ...claim, target: targetKey(target) }] : [];
  });
  return placed.length === 0 ? {} : { proxies: placed };
}

/**
 * Finds the proxies of others that a stack's routes lead through. A proxy that is listed, and has no ports of its own, is for all stacks of its
 * engine; where none is, the first stack that needs one brings it. Stacks come by name, so that the same repository always says the same.
 */
export function placesFor(
  { key, proxies = [] }: Claimant,
  providerOf: (group: string) => Provider | undefined,
): ProxyPlaces {
  const places = new Map<string, ProxyPlace>();
  for (const claim of proxies) {
    if (claim.kind === 'listed' || claim.kind === 'apart') continue;
    const provider = providerOf(proxyGroup(claim));
    if (provider === undefined || provider.entry.key === key) continue;
    const { entry, claim: its } = provider;
    const place = { stack: entry.name, network: its.networkName, implied: its.kind === 'implied' };
    places.set(claim.node, place);
  }
  return places.size === 0 ? NO_PLACES : places;
}

/** The stack whose proxy is for all of its engine. */
export interface Provider {
  readonly entry: Claimant;
  readonly claim: PlacedClaim;
}

/** Chooses among stacks with claims of one group. */
export function chooseProvider(group: string, claimants: Iterable<Claimant>): Provider | undefined {
  let best: Provider | undefined;
  for (const entry of claimants) {
    for (const claim of entry.proxies ?? []) {
      if (proxyGroup(claim) !== group || (claim.kind !== 'listed' && claim.kind !== 'implied')) continue;
      if (!best || comesBefore({ entry, claim }, best)) best = { entry, claim };
    }
  }
  return best;
}

function comesBefore(a: Provider, b: Provider): boolean {
  if (a.claim.kind !== b.claim.kind) return a.claim.kind === 'listed';
  return (compareText(a.entry.name, b.entry.name) || compareText(a.entry.key, b.entry.key)) < 0;
}

export function samePlaces(a: ProxyPlaces = NO_PLACES, b: ProxyPlaces = NO_PLACES): boolean {
  return a === b || canonicalJson(asJson(a)) === canonicalJson(asJson(b));
}

function asJson(places: ProxyPlaces) {
  return Object.fromEntries(
    [...places].map(([node, { stack, network, implied }]) => [node, { stack, network, implied }]),
  );
}
