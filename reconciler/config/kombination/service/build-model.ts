import type { SecretUse } from './secret-use.ts';
import type { BuildSpec } from '../../../model/docker/docker-spec.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
/** Build of the image of a service, in Compose's words; nothing is looked up in the repository yet. */
export interface BuildModel extends Omit<BuildSpec, 'context' | 'dockerfile'> {
  /** Path relative to the kombination's directory, or Git address, as written. */
  readonly context: string;
  /** Relative to the context. Default `Dockerfile`. */
  readonly dockerfile?: string;
  /** Text of a Dockerfile instead of a file. */
  readonly dockerfileInline?: string;
  /** `linux/arm64` */
  readonly platform?: string;
  /** More names for the image. */
  readonly tags?: readonly string[];
  /** `target` is the id that a step asks for. */
  readonly secrets?: readonly SecretUse[];
  readonly path: DocumentPath;
}
