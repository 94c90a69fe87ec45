import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import type { RegistryCredentials } from '../../model/registry.ts';
import { addressIn, findRegistry } from '../../model/registry.ts';
import type { Spec } from '../../model/secret.ts';
import { Secret } from '../../model/secret.ts';
import { compareText } from '../../base/values.ts';

/** The Secret that pods pull their images with. */
export interface RegistrySecret {
  readonly name: string;
  /** Tells whether an image is of a registry whose credentials are known. */
  covers(image: string): boolean;
  /** The Secret for these images; `null` when it holds credentials for none of them. */
  objectFor(images: readonly string[], labels: Spec): ObjectSpec | null;
}

/** @param owner stack or hook whose pods they are */
export function createRegistrySecret(
  owner: string,
  registries: readonly RegistryCredentials[],
): RegistrySecret {
  const name = `${dnsName(owner)}-registries`;
  const covers = (image: string): boolean => findRegistry(image, registries) !== undefined;
  return {
    name,
    covers,
    objectFor(images, labels) {
      if (!images.some(covers)) return null;
      return {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, labels },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': configFor(images, registries) },
      };
    },
  };
}

/** Docker's own configuration, with the registries of these images only. */
function configFor(images: readonly string[], registries: readonly RegistryCredentials[]): Secret {
  const entries = images.flatMap((image) => {
    const found = findRegistry(image, registries);
    return found ? [[addressIn(image), entryOf(found)] as const] : [];
  });
  const auths = Object.fromEntries(entries.toSorted(([a], [b]) => compareText(a, b)));
  return new Secret(JSON.stringify({ auths }), 'the registries of kombinator.yaml');
}

/** Returns an entry in clear: whoever calls it wraps it up again. */
function entryOf({ username, password }: RegistryCredentials) {
  const clear = password.reveal();
  const auth = Buffer.from(`${username}:${clear}`).toString('base64');
  return { username, password: clear, auth };
}
