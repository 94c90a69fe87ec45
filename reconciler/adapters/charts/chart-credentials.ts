import { errorMessage } from '../../base/errors.ts';
import type { Secret } from '../../model/secret.ts';
import { createAllowedAddresses } from './allowed-addresses.ts';

/** Credentials for what is below an address, as the operator has written them. */
export interface RegistryAccess {
  /** `https://charts.example.org/team/`, `oci://ghcr.io/acme/` */
  readonly url: string;
  readonly username: string;
  /** Looked up for each use. Throws SECRET_NOT_FOUND. */
  readonly password: () => Secret;
}

/** Credentials of the operator for charts. */
export interface ChartCredentials {
  /** Returns a header `Authorization` for an address; `undefined`: there are none for it. Throws what looking up a password throws. */
  basicFor(address: string): string | undefined;
}

/** The longest address that something is below counts. */
export function createChartCredentials(list: readonly RegistryAccess[]): ChartCredentials {
  const places = list
    .toSorted((a, b) => b.url.length - a.url.length)
    .map((access) => ({ ...access, below: createAllowedAddresses([access.url]) }));
  return {
    basicFor(address) {
      const found = places.find(({ below }) => below.has(address));
      if (found === undefined) return undefined;
      const { url, username, password } = found;
      return `Basic ${Buffer.from(`${username}:${passwordOf(url, password)}`).toString('base64')}`;
    },
  };
}

function passwordOf(url: string, password: () => Secret): string {
  try {
    return password().reveal();
  } catch (error) {
    throw new Error(`its password for ${url} cannot be had: ${errorMessage(error)}`, { cause: error });
  }
}

/** Says what to do where a server refuses, with or without credentials. */
export function hintOnAccess(address: string, hasCredentials: boolean): string {
  const place = URL.canParse(address) ? new URL(address) : null;
  const beginning = place === null ? address : `${place.protocol}//${place.host}/`;
  return hasCredentials
    ? "look whether its username and password in the operator's configuration (charts.registries) are good for this chart"
    : `a line of the operator's configuration has credentials for it: charts: { registries: [{ url: "${beginning}", username: NAME, password: secret://file/NAME }] }`;
}
