import type { Json } from '../base/json.ts';

/** One differing field; `null` stands for "not set". Masked on both sides. */
export interface FieldChange {
  /** Dotted path inside the spec, `env.LOG_LEVEL`, `ports[0].hostPort`. */
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
  /** The value is secret: both sides read `***`, yet they differ. */
  readonly sensitive?: boolean;
}

/** One side of a file's content. */
export interface ContentSide {
  /** Git blob id. */
  readonly blob: string;
  /** `null`: nobody has the content any more. */
  readonly bytes: number | null;
}

/** A file that is copied into a container, whose content differs. Values that look secret read `***`. */
export interface ContentChange {
  /** Absolute path in the container. */
  readonly target: string;
  /** Path in the repository. Left out: it stands in the description itself, or leaves it. */
  readonly source?: string;
  /** `null`: the container has no such file yet. */
  readonly before: ContentSide | null;
  /** `null`: it has none any more. */
  readonly after: ContentSide | null;
  /**
   * Lines of a unified diff: ` `, `-` or `+` and the line, `@@ … @@` before each part. Left out: it is no text, is too large, is new in a new
   * container, or what was there before is not in the repository.
   */
  readonly lines?: readonly string[];
  /** Number of lines of the diff that were left out at its end. Left out: none. */
  readonly omitted?: number;
  /** It is no text. */
  readonly binary?: true;
}
