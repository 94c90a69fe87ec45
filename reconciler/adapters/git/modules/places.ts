import { realpath } from 'node:fs/promises';
import { ReconcilerError } from '../../../base/errors.ts';
import { decodeEscapes } from '../../../base/values.ts';
import type { Credentials, Location } from '../location.ts';
import { parseLocation } from '../location.ts';

/*
 * Places that an operator lets submodules and large files be fetched from. Who pushes chooses what is below them, and nothing else: scheme, host and port are the
 * same, and the path begins with theirs, name by name. What a server might read in another way than we do leads nowhere.
 */

export interface Place {
  readonly location: Location;
}

/** An address in parts that can be compared. */
interface Address {
  /** `https://github.com`, `ssh://github.com:22`, `file://`. */
  readonly host: string;
  /** Account of an ssh address; `''` none is said. */
  readonly user: string;
  readonly names: readonly string[];
}

/** Reads what the operator wrote. Throws BAD_OPTIONS for what is no place of repositories. */
export function parsePlaces(
  texts: readonly string[],
  what: 'submodules' | 'large files' | 'repositories',
): readonly Place[] {
  return texts.map((text) => {
    const location = parseModuleLocation(text);
    if (location !== null && parseAddress(location) !== null) return { location };
    const shown = text.replace(/\/\/[^/@]*@/, '//***@');
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${what} cannot be fetched from ${JSON.stringify(shown)}: write the beginning of their addresses, such as https://github.com/acme/, ssh://git@host/ or /srv/git/`,
    );
  });
}

/** Reads the address of a submodule; `null` where it is none that is understood. Runs no program, as `ext::` would have Git do. */
export function parseModuleLocation(url: string): Location | null {
  // A dash would be an option, a control character a second line, two colons the name of a program.
  if (url.startsWith('-') || url.includes('::') || /\p{Cc}/u.test(url)) return null;
  try {
    return parseLocation(url);
  } catch {
    return null;
  }
}

/** A submodule's repository that may be read. */
export interface Allowed {
  readonly place: Place;
  /** Its place; on this machine, with all symlinks followed. */
  readonly location: Location;
}

/** Finds the place that an address is below; `null`: nobody has allowed it. */
export async function findPlace(places: readonly Place[], written: Location): Promise<Allowed | null> {
  const location = await withRealPath(written);
  const wanted = location && parseAddress(location);
  if (location === null || wanted === null) return null;
  for (const place of places) {
    const allowed = await withRealPath(place.location);
    const address = allowed && parseAddress(allowed);
    if (address !== null && isBelow(wanted, address)) return { place, location };
  }
  return null;
}

/** Credentials for a submodule: those of its place, or those of the config repository where that is on the same host. */
export function credentialsFor(
  location: Location,
  place: Place,
  own: { readonly location: Location; readonly credentials: Credentials | undefined },
): Credentials | undefined {
  if (place.location.kind === 'http' && place.location.credentials !== undefined)
    return place.location.credentials;
  if (location.kind !== 'http' || own.location.kind !== 'http') return undefined;
  const isSame = new URL(location.address).origin === new URL(own.location.address).origin;
  return isSame ? own.credentials : undefined;
}

function isBelow(wanted: Address, allowed: Address): boolean {
  if (wanted.host !== allowed.host) return false;
  if (allowed.user !== '' && wanted.user !== allowed.user) return false;
  return allowed.names.every((name, index) => wanted.names[index] === name);
}

function parseAddress({ kind, address }: Location): Address | null {
  if (kind === 'local') return withNames('file://', '', address);
  const scp = kind === 'ssh' ? /^(?:([^/:@]+)@)?(\[[^\]]+\]|[^/:@]+):(?!\/\/)(.+)$/.exec(address) : null;
  if (scp !== null) {
    const [, user = '', host = '', path = ''] = scp;
    return withNames(`ssh://${host.toLowerCase()}:22`, user, path);
  }
  const url = new URL(address);
  if (url.search !== '') return null;
  const host = kind === 'ssh' ? `ssh://${url.hostname.toLowerCase()}:${url.port || 22}` : url.origin;
  return withNames(host, decodeEscapes(url.username) ?? url.username, url.pathname);
}

/** Returns `null` for a path that climbs, or in which something stands for a slash. */
function withNames(host: string, user: string, path: string): Address | null {
  const names = path
    .replace(/\.git\/*$/, '')
    .split('/')
    .filter((name) => name !== '');
  const isPlain = names.every((name) => name !== '.' && name !== '..' && !/\\|%(2f|5c|2e|25|00)/i.test(name));
  return isPlain ? { host, user, names } : null;
}

/**
 * Follows the symlinks of this machine: one in an allowed directory may lead out of it. A repository may be called without its `.git`, as for Git.
 *
 * @returns `null` where nothing is
 */
async function withRealPath(location: Location): Promise<Location | null> {
  if (location.kind !== 'local') return location;
  for (const path of [location.address, `${location.address}.git`]) {
    const address = await realpath(path).catch(() => null);
    if (address !== null) return { kind: 'local', address };
  }
  return null;
}
