import type { SecretNeed } from '../config/kombination/checks/find-secrets.ts';
import type { PulledImage } from '../config/kombination/pulled-images.ts';
import { registryNeeds } from '../config/kombination/pulled-images.ts';
import type { RegistryCredentials } from '../model/registry.ts';
import { Secret } from '../model/secret.ts';
import type { SecretSource } from '../model/secret-reference.ts';
import type { Core } from './state.ts';
import type { StackEntry } from './stack-index.ts';
import type { SecretAnswer } from './secret-cache.ts';

/** Returns what an entry keeps of images that clusters pull. */
export function pulledBy(images: readonly PulledImage[]): Pick<StackEntry, 'pulled'> {
  return images.length === 0 ? {} : { pulled: images };
}

/** The passwords of registries that these images take, as `kombinator.yaml` is now. */
export function passwordsFor(
  { state }: Core,
  { pulled = [] }: Pick<StackEntry, 'pulled'>,
): readonly SecretNeed[] {
  return registryNeeds(pulled, state.settings.document.registries);
}

/** Registries whose password there is. */
export function openRegistries(
  { state }: Core,
  lookup: (source: SecretSource) => SecretAnswer,
): readonly RegistryCredentials[] {
  return state.settings.document.registries.flatMap(({ host, username, password: reference }) => {
    const password = lookup({ reference });
    return password instanceof Secret ? [{ host, username, password }] : [];
  });
}
