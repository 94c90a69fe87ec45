import type { RegistryType } from '../model/registry-entry.ts';
import type { ConnectionStatus } from '../ports/connection-log.ts';
import type { Actor } from './views.ts';

export type { RegistryType } from '../model/registry-entry.ts';

export interface RegistryView {
  /** 24 hex digits; stays when the name changes. */
  readonly id: string;
  readonly name: string;
  readonly type: RegistryType;
  readonly url: string;
  /** Beginning of the images that are pushed there: `docker.io/ada`. */
  readonly previewUrl: string;
  /** Result of the last check; `unknown`: there was none. */
  readonly status: ConnectionStatus | 'unknown';
  /** Result in words; `null`: there was none. */
  readonly message: string | null;
  readonly isDefault: boolean;
  /** ISO 8601. */
  readonly lastCheck: string | null;
  /** ISO 8601; `null` for those whose credentials were not given over the API. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

export interface NewRegistry {
  readonly name: string;
  readonly type: RegistryType;
  /** Default: the one address of the service, where it has one. */
  readonly url?: string;
  /**
   * Values by the type: dockerhub, ghcr, custom `username`, `password`; ecr `accessKeyId`, `secretAccessKey`, `region`; gcr `serviceAccountJson`; acr
   * `clientId`, `clientSecret`, `tenantId`.
   */
  readonly credentials: object;
}

export interface RegistryUpdate {
  readonly name?: string;
  readonly url?: string;
  readonly credentials?: object;
}

export interface RegistryLookup {
  readonly type: RegistryType;
  /** `null`: there is none for this image. */
  readonly registry: RegistryView | null;
}

/**
 * Registries of `kombinator.yaml`. Writes are commits of names and addresses; credentials go into the vault. Whoever lets a write through checks that
 * an operator asks: the address is allowed with it. Writes throw BAD_OPTIONS, INVALID_CONFIGURATION and WRITE_CONFLICT.
 */
export interface RegistryOperations {
  listRegistries(): readonly RegistryView[];
  /** Throws UNKNOWN_REGISTRY. */
  getRegistry(id: string): RegistryView;
  /** The registry that an image is of: of its host, else the default one of its type, else the first. */
  findRegistryOf(image: string): RegistryLookup;
  /** Throws REGISTRY_EXISTS. It is checked in the background. */
  addRegistry(registry: NewRegistry, actor: Actor, signal: AbortSignal): Promise<RegistryView>;
  /** Throws UNKNOWN_REGISTRY, REGISTRY_EXISTS. */
  updateRegistry(
    id: string,
    update: RegistryUpdate,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<RegistryView>;
  /** Its credentials go with it. Throws UNKNOWN_REGISTRY. */
  removeRegistry(id: string, actor: Actor, signal: AbortSignal): Promise<void>;
  /** Makes it the default one of its type. Throws UNKNOWN_REGISTRY. */
  chooseRegistry(id: string, actor: Actor, signal: AbortSignal): Promise<RegistryView>;
  /** Throws UNKNOWN_REGISTRY, BAD_OPTIONS without credentials, TARGET_UNREACHABLE, REGISTRY_UNAUTHORIZED. */
  testRegistry(id: string, signal: AbortSignal): Promise<RegistryView>;
}
