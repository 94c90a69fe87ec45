import type { RegistryCredentials } from '../../../model/registry.ts';
import { addressOf, findRegistry } from '../../../model/registry.ts';
import type { AuthConfig, RegistryAuths } from '../engine/transport.ts';

/** Credentials for a reference, in the engine's form; `undefined` when none are configured for its registry. */
export function authFor(
  reference: string,
  registries: readonly RegistryCredentials[],
): AuthConfig | undefined {
  const found = findRegistry(reference, registries);
  if (found === undefined) return undefined;
  const { host, username, password } = found;
  return { username, password: password.reveal(), serveraddress: addressOf(host) };
}

/** Credentials for all registries, as a build wants them: it does not say in advance what it will pull. */
export function authsFor(registries: readonly RegistryCredentials[]): RegistryAuths {
  return Object.fromEntries(
    registries.map(({ host, username, password }) => [
      addressOf(host),
      { username, password: password.reveal() },
    ]),
  );
}
