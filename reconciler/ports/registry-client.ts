import { ReconcilerError } from '../base/errors.ts';
import type { Secret } from '../model/secret.ts';

export interface RegistryLogin {
  /** Address as it is written in `kombinator.yaml`. */
  readonly url: string;
  readonly username: string;
  readonly password: Secret;
}

/** Credentials of an account of AWS that may pull. */
export interface AwsLogin {
  /** `eu-west-1` */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
}

/** A password that ends by itself. */
export interface ExpiringPassword {
  readonly username: string;
  readonly password: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Speaks to registries about credentials; images are pulled by engines and clusters. Bounded in time and bytes; follows no redirect to another host. */
export interface RegistryClient {
  /** Throws TARGET_UNREACHABLE when no registry answers, REGISTRY_UNAUTHORIZED when it refuses the credentials. */
  check(login: RegistryLogin, signal: AbortSignal): Promise<void>;
  /** Returns the password that an account of AWS pulls with. Throws TARGET_UNREACHABLE, REGISTRY_UNAUTHORIZED. */
  askAws(login: AwsLogin, signal: AbortSignal): Promise<ExpiringPassword>;
}

/** Asks nobody, for programs without a network. */
export const NO_REGISTRY_CLIENT: RegistryClient = {
  check: () => Promise.reject(new ReconcilerError('TARGET_UNREACHABLE', 'registries are not asked here')),
  askAws: () => Promise.reject(new ReconcilerError('TARGET_UNREACHABLE', 'registries are not asked here')),
};
