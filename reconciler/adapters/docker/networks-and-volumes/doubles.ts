import type { NetworkInspectInfo } from 'dockerode';

/** Chooses which of several networks of one name stays: one that is in use goes before others, then the oldest. */
export function keptNetwork(
  doubles: readonly NetworkInspectInfo[],
  isUsed: (id: string) => boolean,
): NetworkInspectInfo {
  const [first] = doubles.toSorted(
    (a, b) =>
      Number(isUsed(b.Id)) - Number(isUsed(a.Id)) ||
      Date.parse(a.Created) - Date.parse(b.Created) ||
      (a.Id < b.Id ? -1 : 1),
  );
  if (first === undefined) throw new RangeError('internal: there is no network to choose from');
  return first;
}
