import type { SecretBook } from './service-secrets.ts';
import type { Blueprint } from '../generate/blueprint.ts';
export interface PodContext {
  readonly blueprint: Blueprint;
  /** Notes that a reader of a generated file has to know. */
  readonly notes: string[];
  readonly book: SecretBook;
  /** Keys of the Secret that the pod uses. */
  readonly keys: Set<string>;
  /** Name of the ConfigMap with the files. */
  readonly configName: string;
  /** Names of Secrets with credentials of registries. */
  readonly pullSecrets: readonly string[];
  /** It runs to its end: nobody asks whether it is ready. */
  readonly ends: boolean;
}
