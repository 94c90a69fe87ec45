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

/** A question about an image. */
export interface ImageQuestion {
  /** Reference, of which tag and digest do not count: `nginx`, `registry.example.org:5000/team/app`. */
  readonly image: string;
  /** `null`: asked without. */
  readonly login: Pick<RegistryLogin, 'username' | 'password'> | null;
  /** Resolves when the registry may be asked once more. */
  readonly pace: () => Promise<void>;
}

/** Speaks to registries about credentials and tags; images are pulled by engines and clusters. Bounded in time and bytes; follows no redirect to another host. */
export interface RegistryClient {
  /** Throws TARGET_UNREACHABLE when no registry answers, REGISTRY_UNAUTHORIZED when it refuses the credentials. */
  check(login: RegistryLogin, signal: AbortSignal): Promise<void>;
  /** Returns the password that an account of AWS pulls with. Throws TARGET_UNREACHABLE, REGISTRY_UNAUTHORIZED. */
  askAws(login: AwsLogin, signal: AbortSignal): Promise<ExpiringPassword>;
  /**
   * Lists the tags of an image, 20,000 at most. Throws IMAGE_NOT_FOUND, REGISTRY_UNAUTHORIZED, and TARGET_UNREACHABLE, with the time to wait where the
   * registry has had enough.
   */
  listTags(question: ImageQuestion, signal: AbortSignal): Promise<readonly string[]>;
  /** Returns the digest that a tag stands for, `sha256:…`, by a request that brings no content and counts as no pull. Throws as `listTags`. */
  digestOf(question: ImageQuestion & { readonly tag: string }, signal: AbortSignal): Promise<string>;
}

const askNobody = (): Promise<never> =>
  Promise.reject(new ReconcilerError('TARGET_UNREACHABLE', 'registries are not asked here'));

/** Asks nobody, for programs without a network. */
export const NO_REGISTRY_CLIENT: RegistryClient = {
  check: askNobody,
  askAws: askNobody,
  listTags: askNobody,
  digestOf: askNobody,
};
