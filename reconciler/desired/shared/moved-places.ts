import { hasErrors } from '../../base/diagnostic.ts';
import type { ProxyPlaces } from '../../config/kits/proxy-claim.ts';
import type { IndexChange, StackEntry, StackIndex } from '../stack-index.ts';
import type { Provider } from './shared-proxies.ts';
import { chooseProvider, placesFor, proxyGroup, samePlaces } from './shared-proxies.ts';

/** Keeps what others know of stacks whose files cannot be understood for the moment: nothing moves because of a mistake in another file. */
export function withFormerShares(
  changes: readonly IndexChange[],
  index: Pick<StackIndex, 'entryOf'>,
): readonly IndexChange[] {
  return changes.map((change) => {
    const { file, entry } = change;
    const before = index.entryOf(file);
    if (entry === null || entry.proxies !== undefined || before?.proxies === undefined) return change;
    if (!hasErrors(entry.diagnostics)) return change;
    const { proxies, makes = [] } = before;
    return { file, entry: { ...entry, proxies, makes } };
  });
}

/** Finds stacks whose routes lead through other proxies than they were read with, after changes. */
export function movedPlaces(
  changes: readonly IndexChange[],
  index: Pick<StackIndex, 'entryOf' | 'proxyClaimants'>,
): ReadonlyMap<string, ProxyPlaces> {
  const changed = new Map(changes.map(({ file, entry }) => [file, entry]));
  const added = new Map<string, StackEntry[]>();
  const groups = new Set<string>();
  for (const { file, entry } of changes) {
    for (const claim of index.entryOf(file)?.proxies ?? []) groups.add(proxyGroup(claim));
    for (const claim of entry?.proxies ?? []) {
      const group = proxyGroup(claim);
      groups.add(group);
      const others = added.get(group);
      if (entry !== null && others === undefined) added.set(group, [entry]);
      else if (entry !== null && others?.at(-1) !== entry) others?.push(entry);
    }
  }
  const known = new Map<string, readonly StackEntry[]>();
  const claimantsOf = (group: string): readonly StackEntry[] => {
    const found = known.get(group) ?? [
      ...[...index.proxyClaimants(group)].filter(({ key }) => !changed.has(key)),
      ...(added.get(group) ?? []),
    ];
    known.set(group, found);
    return found;
  };
  const providers = new Map<string, Provider | undefined>();
  const providerOf = (group: string): Provider | undefined => {
    if (!providers.has(group)) providers.set(group, chooseProvider(group, claimantsOf(group)));
    return providers.get(group);
  };
  const moved = new Map<string, ProxyPlaces>();
  for (const group of groups) {
    for (const entry of claimantsOf(group)) {
      const places = placesFor(entry, providerOf);
      if (!samePlaces(places, entry.routesThrough)) moved.set(entry.key, places);
    }
  }
  for (const { file, entry } of changes) {
    // One that needs no proxy any more.
    if (entry !== null && entry.proxies === undefined && entry.routesThrough !== undefined)
      moved.set(file, new Map());
  }
  return moved;
}

/** Finds the proxies that a stack's routes would lead through if it stood in the repository as it is given. */
export function placesAmong(
  index: Pick<StackIndex, 'proxyClaimants'>,
  claimant: Parameters<typeof placesFor>[0],
): ProxyPlaces {
  return placesFor(claimant, (group) => {
    const others = [...index.proxyClaimants(group)].filter(({ key }) => key !== claimant.key);
    return chooseProvider(group, [...others, claimant]);
  });
}
