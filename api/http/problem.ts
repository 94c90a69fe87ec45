/** Stable codes of error answers; each belongs to one HTTP status. */
export type ProblemCode = keyof typeof STATUS_OF;

const STATUS_OF = {
  BAD_REQUEST: 400,
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export interface ProblemDetail {
  /** Subject of the problem: a body member (`config.services[0]`), a parameter, a resource. */
  readonly field: string;
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  /** Place in the text that was sent or in the repository's file; both count from 1. */
  readonly line?: number;
  readonly column?: number;
}

export interface ProblemOptions {
  readonly details?: readonly ProblemDetail[];
  /** The reconciler's own code (`PLAN_STALE`), finer than the code of the answer. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An answer that is an error. Each dialect renders it in its own envelope. */
export class HttpProblem extends Error {
  override readonly name: string = 'HttpProblem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly details: readonly ProblemDetail[];
  readonly reason: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = STATUS_OF[code];
    this.details = options.details ?? [];
    this.reason = options.reason;
    this.headers = options.headers ?? {};
  }
}

/** 404 for a path that no route has. */
export class NoSuchPath extends HttpProblem {
  readonly path: string;

  constructor(path: string) {
    super('NOT_FOUND', `nothing is served at ${path}`);
    this.path = path;
  }
}
