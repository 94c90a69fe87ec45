import type { Role } from '../../../../reconciler/index.ts';

/** One request with the answer that the reference, or the code behind it, documents. */
export interface Row {
  /** Endpoint as the reference lists it: `GET /workflows/:id`. */
  readonly of: string;
  /** Path and query where `of` has none or others; `{name}` stands for a value that an earlier row has kept. Default: `of`, with `:id` as `{id}`. */
  readonly path?: string;
  /** A role of a key, or `user`, the one who has signed up, or nobody. Default: as little as the row before needs not: `admin`. */
  readonly as?: Role | 'user' | 'nobody';
  readonly body?: unknown;
  /** A file that is sent as a form instead: its name and text. */
  readonly file?: readonly [name: string, text: string];
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Members that must be there: `user.id`, `workflows.0.name`. */
  readonly has?: readonly string[];
  /** The answer has at least these members. */
  readonly like?: object;
  /** Text of the error. */
  readonly error?: string | RegExp;
  /** Values for later rows, by name: where in the answer each stands. */
  readonly keep?: Readonly<Record<string, string>>;
  /** The first event of a stream, and members of its data. */
  readonly event?: readonly [name: string, ...has: string[]];
  /** The address that a redirect leads to. */
  readonly location?: RegExp;
}

/** A row for each refusal of an id that is none, of one that nothing has, and of a caller who may not. */
export function refusals(
  of: string,
  refused: {
    readonly path: string;
    readonly status: number;
    readonly error: string | RegExp;
    readonly body?: unknown;
  }[],
): readonly Row[] {
  return refused.map((one) => ({ of, ...one }));
}

export const NO_ID = 'f'.repeat(24);
