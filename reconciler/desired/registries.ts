import type { SecretNeed } from '../config/kombination/checks/find-secrets.ts';
import type { PulledImage } from '../config/kombination/pulled-images.ts';
import { registryNeeds } from '../config/kombination/pulled-images.ts';
import type { RegistryCredentials, RegistrySetting } from '../model/registry.ts';
import { normaliseHost } from '../model/registry.ts';
import type { RegistryEntry } from '../model/registry-entry.ts';
import { registryId, registryTypeOf } from '../model/registry-entry.ts';
import { Secret } from '../model/secret.ts';
import type { SecretSource } from '../model/secret-reference.ts';
import type { Core } from './state.ts';
import type { StackEntry } from './stack-index.ts';
import type { SecretAnswer } from './secret-cache.ts';

/** Returns what an entry keeps of images that clusters pull. */
export function pulledBy(images: readonly PulledImage[]): Pick<StackEntry, 'pulled'> {
  return images.length === 0 ? {} : { pulled: images };
}

/**
 * Credentials for registries, those that count first: of the operator's configuration, those that were given over the API for what
 * `kombinator.yaml` names, and its own.
 */
export function registriesOf({ state, policy, keptRegistry }: Core): readonly RegistrySetting[] {
  const { registries, registryEntries } = state.settings.document;
  const operators = policy.credentials.length;
  const kept = registryEntries.flatMap((entry) => keptRegistry(entry) ?? []);
  return [...registries.slice(0, operators), ...kept, ...registries.slice(operators)];
}

/** Every registry that is listed, those of the operator's configuration first. */
export function registryEntriesOf({ state, policy }: Core): readonly RegistryEntry[] {
  const fixed = policy.credentials.map((setting): RegistryEntry => {
    const host = normaliseHost(setting.host);
    const common = { id: registryId(`operator ${host}`), name: host, type: registryTypeOf(host) };
    return { ...common, url: setting.host, host, isDefault: false, setting, fixed: true };
  });
  return [...fixed, ...state.settings.document.registryEntries];
}

/** The passwords of registries that these images take, as `kombinator.yaml` is now. */
export function passwordsFor(core: Core, { pulled = [] }: Pick<StackEntry, 'pulled'>): readonly SecretNeed[] {
  return pulled.length === 0 ? [] : registryNeeds(pulled, registriesOf(core));
}

/** Registries whose password there is. */
export function openRegistries(
  core: Core,
  lookup: (source: SecretSource) => SecretAnswer,
): readonly RegistryCredentials[] {
  return registriesOf(core).flatMap(({ host, username, password: reference }) => {
    const password = lookup({ reference });
    return password instanceof Secret ? [{ host, username, password }] : [];
  });
}
