import type { Secret } from '../../model/secret.ts';
import type { AuthConfig, RegistryAuths } from './transport.ts';

export interface RegistryCredentials {
  /** `registry.example.org:5000`; `docker.io` for the default registry. */
  readonly host: string;
  readonly username: string;
  readonly password: Secret;
}

const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_ADDRESS = 'https://index.docker.io/v1/';
const DEFAULT_NAMES = [
  DEFAULT_REGISTRY,
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
];

/** Host of the registry a reference is pulled from: `docker.io` unless it names one. */
export function registryOf(reference: string): string {
  const first = reference.split('/')[0] ?? '';
  const named = reference.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return named ? normaliseHost(first) : DEFAULT_REGISTRY;
}

/** Credentials for a reference, in the engine's form; `undefined` when none are configured for its registry. */
export function authFor(
  reference: string,
  registries: readonly RegistryCredentials[],
): AuthConfig | undefined {
  const host = registryOf(reference);
  const found = registries.find((registry) => normaliseHost(registry.host) === host);
  if (found === undefined) return undefined;
  const serveraddress = host === DEFAULT_REGISTRY ? DEFAULT_ADDRESS : host;
  return { username: found.username, password: found.password.reveal(), serveraddress };
}

/** Credentials for all registries, as a build wants them: it does not say in advance what it will pull. */
export function authsFor(registries: readonly RegistryCredentials[]): RegistryAuths {
  return Object.fromEntries(
    registries.map(({ host, username, password }) => {
      const bare = normaliseHost(host);
      const address = bare === DEFAULT_REGISTRY ? DEFAULT_ADDRESS : bare;
      return [address, { username, password: password.reveal() }];
    }),
  );
}

function normaliseHost(host: string): string {
  const bare = host
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return DEFAULT_NAMES.includes(bare) ? DEFAULT_REGISTRY : bare;
}
