import type { Secret } from './secret.ts';

/** A registry of `kombinator.yaml`. */
export interface RegistrySetting {
  /** `registry.example.org:5000`; `docker.io` for the default registry. */
  readonly host: string;
  readonly username: string;
  /** A reference (`secret://…`), never a value. */
  readonly password: string;
}

export interface RegistryCredentials extends Omit<RegistrySetting, 'password'> {
  readonly password: Secret;
}

/** An entry that is found by the host of its registry. */
type OfHost = Pick<RegistrySetting, 'host'>;

const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_ADDRESS = 'https://index.docker.io/v1/';
/** Hosts that every puller knows for the default registry. */
const FAMILIAR_NAMES = [DEFAULT_REGISTRY, 'index.docker.io'];
const DEFAULT_NAMES = [...FAMILIAR_NAMES, 'registry-1.docker.io', 'registry.hub.docker.com'];

/** Host of the registry a reference is pulled from: `docker.io` unless it names one. */
export function registryOf(reference: string): string {
  const named = hostIn(reference);
  return named === undefined ? DEFAULT_REGISTRY : normaliseHost(named);
}

/** Finds that of a reference's registry, if it is among them. */
export function findRegistry<T extends OfHost>(reference: string, registries: readonly T[]): T | undefined {
  return findByHost(registryOf(reference), registries);
}

/** The same for a host, in any of its spellings. */
export function findByHost<T extends OfHost>(host: string, registries: readonly T[]): T | undefined {
  const wanted = normaliseHost(host);
  return registries.find((registry) => normaliseHost(registry.host) === wanted);
}

/** Returns what a registry is called where credentials are kept by it, in the words of Docker's own configuration. */
export function addressOf(host: string): string {
  const bare = normaliseHost(host);
  return bare === DEFAULT_REGISTRY ? DEFAULT_ADDRESS : bare;
}

/** The same for a reference whose host is compared as it is written, as the nodes of a cluster do. */
export function addressIn(reference: string): string {
  const named = hostIn(reference);
  return named === undefined || FAMILIAR_NAMES.includes(named) ? DEFAULT_ADDRESS : named;
}

function hostIn(reference: string): string | undefined {
  const first = reference.split('/')[0] ?? '';
  const named = reference.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return named ? first : undefined;
}

/** Host of an address, in the one spelling that all are compared in. */
export function normaliseHost(host: string): string {
  const bare = host
    .replace(/^https?:\/\//, '')
    .split('/', 1)
    .join('')
    .toLowerCase();
  return DEFAULT_NAMES.includes(bare) ? DEFAULT_REGISTRY : bare;
}
