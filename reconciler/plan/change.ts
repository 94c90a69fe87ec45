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
