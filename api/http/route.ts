import type { Role } from '../../reconciler/index.ts';
import type { Identity } from '../auth/identity.ts';
import type { AuditNote } from './audit/audit-note.ts';
import type { UploadedFile } from './form.ts';
import type { JsonSchema, Shape } from './shape.ts';
import type { SocketChannel } from './sockets/channel.ts';

/** One row of a dialect's table: it mounts, guards, validates and documents the route. */
export interface Route<Deps, Query = unknown, Body = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the dialect's prefix, parameters as `:name`. */
  readonly path: string;
  /** Unique name of the operation, camelCase. */
  readonly id: string;
  /** Group in the documentation. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The least role that may, or `open` for everybody, also without credentials. */
  readonly access: Role | 'open';
  /** True: although it is open, it is found out who asks, where they say so. Default false: everybody is anonymous. */
  readonly knowsCaller?: boolean;
  /** True for web sockets: a request for anything else is refused, and so are pages of other origins. Default false. */
  readonly socket?: boolean;
  /** Meaning of each path parameter. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Shape<Query>;
  /** A request without a body counts as `{}`, unless any type is JSON: then there must be one. */
  readonly body?: {
    readonly json: Shape<Body>;
    /** Media types whose body is taken as text, beside JSON. */
    readonly text?: readonly string[];
    /** A form is taken as well (multipart/form-data): its fields stand for the JSON, its files come beside them. */
    readonly form?: boolean;
    /** Largest body, in bytes. Default 1 MiB. */
    readonly maxBytes?: number;
    /** A body of any media type, or of none, is JSON. */
    readonly anyType?: boolean;
  };
  /** Good answers by status; the errors follow from the rest of the row. */
  readonly responses: Readonly<Record<number, ResponseDocument>>;
  handle(request: ApiRequest<Query, Body>, deps: Deps): Promise<Reply> | Reply;
}

export interface ResponseDocument {
  readonly description: string;
  /** Media type to schema. */
  readonly content: Readonly<Record<string, JsonSchema>>;
}

export interface ApiRequest<Query = unknown, Body = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The body where it came as text; `null` where it was JSON or none. */
  readonly text: string | null;
  /** Files of a form; empty where it came as something else. */
  readonly files: readonly UploadedFile[];
  readonly identity: Identity;
  /** Finds out anew who asks, for what goes on for long. Throws UNAUTHORIZED, FORBIDDEN when they may not any more. */
  readonly identifyAgain: () => Promise<Identity>;
  /** Tells the audit what does not stand in the row or the answer. */
  readonly note: (facts: AuditNote) => void;
  /** Address of the client. */
  readonly address: string;
  /** Query as it stands in the address, without the question mark. */
  readonly querystring: string;
  /** `Authorization` and `Cookie` as they came. */
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The browser speaks https, as far as is known. */
  readonly isSecure: boolean;
  /** `User-Agent` as it came, else empty. */
  readonly userAgent: string;
  readonly accept: string;
  readonly lastEventId: string | undefined;
  /** `If-Match` without its quotes; left out where there is none. */
  readonly ifMatch: string | undefined;
  /** Aborts when the client goes away or the server stops. Writes should not depend on it. */
  readonly signal: AbortSignal;
}

/** One server-sent event: `data` is written as JSON, `text` as it is, on one line. */
export type ServerEvent = { readonly event: string; readonly id?: string } & (
  | { readonly data: unknown }
  | { readonly text: string }
);

export type Reply =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'text'; readonly contentType: string; readonly text: string }
  | {
      /** Sends a browser elsewhere (307). */
      readonly kind: 'redirect';
      readonly location: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'events'; readonly events: AsyncIterable<ServerEvent> }
  | {
      readonly kind: 'socket';
      /** Works on the socket; it is closed when this resolves. What it throws is a fault. */
      readonly accept: (channel: SocketChannel) => Promise<void>;
      /** Throws when the caller may not any more. Default: `identifyAgain` of the request. */
      readonly recheck?: () => Promise<unknown>;
    };

/** Keeps the row's types together; a list of rows forgets them. */
export function defineRoute<Deps, Query, Body>(route: Route<Deps, Query, Body>): Route<Deps> {
  return route;
}

export function ok(body: unknown): Reply {
  return { kind: 'json', status: 200, body };
}

export function created(body: unknown): Reply {
  return { kind: 'json', status: 201, body };
}
