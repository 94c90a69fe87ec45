import { idOf } from '../base/ids.ts';
import type { RegistrySetting } from './registry.ts';

export const REGISTRY_TYPES = ['dockerhub', 'ghcr', 'ecr', 'gcr', 'acr', 'custom'] as const;

/** Services that registries are of: each has its own kind of credentials. */
export type RegistryType = (typeof REGISTRY_TYPES)[number];

/** An entry under `registries` of `kombinator.yaml`, or of the operator's configuration. */
export interface RegistryEntry {
  /** 24 hex digits, derived from the name unless the entry says one. */
  readonly id: string;
  readonly name: string;
  readonly type: RegistryType;
  /** Address as written: `registry.example.org:5000`, `https://registry.example.org/team`. */
  readonly url: string;
  /** `registry.example.org:5000`; `docker.io` for Docker Hub. */
  readonly host: string;
  readonly isDefault: boolean;
  /** Credentials by reference; `null`: they were given over the API, if at all. */
  readonly setting: RegistrySetting | null;
  /** True for one of the operator's configuration: it is changed there. */
  readonly fixed?: true;
}

/** The id that the entry of this name has, unless it says one itself. */
export function registryId(name: string): string {
  return idOf('registry', name);
}

const HOSTS: readonly (readonly [RegExp, RegistryType])[] = [
  [/^docker\.io$/, 'dockerhub'],
  [/^ghcr\.io$/, 'ghcr'],
  [/\.azurecr\.io$/, 'acr'],
  [/\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$|^public\.ecr\.aws$/, 'ecr'],
  [/(?:^|\.)gcr\.io$|-docker\.pkg\.dev$/, 'gcr'],
];

/** The service that a host is of. */
export function registryTypeOf(host: string): RegistryType {
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1] ?? 'custom';
}

/** Address of a service that has one for everybody; `undefined`: an entry has to give it. */
export function defaultUrlOf(type: RegistryType): string | undefined {
  const urls: Readonly<Partial<Record<RegistryType, string>>> = {
    dockerhub: 'docker.io',
    ghcr: 'ghcr.io',
    gcr: 'gcr.io',
  };
  return urls[type];
}
