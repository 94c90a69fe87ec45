import type { Problem } from '../../base/problem.ts';

/** Beginnings of addresses that charts are fetched from, as the operator has listed them. */
export interface AllowedAddresses {
  /** Tells whether an address is below one of them. */
  has(address: string): boolean;
  /** Says that it is not, and how the operator allows it. */
  refusal(address: string): Problem;
}

interface Place {
  readonly scheme: string;
  readonly host: string;
  /** Names of the path. */
  readonly names: readonly string[];
}

export function createAllowedAddresses(list: readonly string[]): AllowedAddresses {
  const places = list.flatMap((address) => parse(address) ?? []);
  return {
    has(address) {
      const place = parse(address);
      return place !== null && places.some((one) => isBelow(place, one));
    },
    refusal(address) {
      const place = parse(address);
      const beginning = place === null ? address : `${place.scheme}//${place.host}/`;
      return {
        code: 'NOT_ALLOWED',
        problem: `the operator has not allowed charts from ${beginning}`,
        hint: `a line of the operator's configuration allows them: charts: { registries: ["${beginning}"] }`,
      };
    },
  };
}

function parse(address: string): Place | null {
  if (!URL.canParse(address)) return null;
  const { protocol, host, pathname, username, password } = new URL(address);
  if (!['http:', 'https:', 'oci:'].includes(protocol) || username !== '' || password !== '') return null;
  // A server may take these for the signs that they stand for.
  if (/%2e|%2f|%5c|\\/i.test(pathname)) return null;
  const names = pathname.split('/').filter((name) => name !== '');
  if (names.includes('..') || names.includes('.')) return null;
  return { scheme: protocol, host: host.toLowerCase(), names };
}

function isBelow(place: Place, allowed: Place): boolean {
  return (
    place.scheme === allowed.scheme &&
    place.host === allowed.host &&
    allowed.names.every((name, index) => place.names[index] === name)
  );
}
