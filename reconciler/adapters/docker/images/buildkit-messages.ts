import protobuf from 'protobufjs';

/*
 * The parts of BuildKit's messages that are used here; fields that are left out are skipped when read. Sources in moby/buildkit:
 * api/services/control/control.proto, session/auth/auth.proto, session/secrets/secrets.proto; grpc/health/v1/health.proto.
 */
const field = (type: string, id: number, rule?: 'repeated') => ({ type, id, ...(rule ? { rule } : {}) });
const message = (fields: Readonly<Record<string, ReturnType<typeof field>>>) => ({ fields });

const root = protobuf.Root.fromJSON({
  nested: {
    Time: message({ seconds: field('int64', 1) }),
    Vertex: message({
      digest: field('string', 1),
      name: field('string', 3),
      cached: field('bool', 4),
      started: field('Time', 5),
      completed: field('Time', 6),
      error: field('string', 7),
    }),
    VertexLog: message({ vertex: field('string', 1), msg: field('bytes', 4) }),
    VertexWarning: message({ short: field('bytes', 3) }),
    StatusResponse: message({
      vertexes: field('Vertex', 1, 'repeated'),
      logs: field('VertexLog', 3, 'repeated'),
      warnings: field('VertexWarning', 4, 'repeated'),
    }),
    CredentialsRequest: message({ Host: field('string', 1) }),
    CredentialsResponse: message({ Username: field('string', 1), Secret: field('string', 2) }),
    GetSecretRequest: message({ ID: field('string', 1) }),
    GetSecretResponse: message({ data: field('bytes', 1) }),
    HealthCheckRequest: message({ service: field('string', 1) }),
    HealthCheckResponse: message({ status: field('int32', 1) }),
  },
});

/** A message of this name, from and to its bytes. Reading throws when they are none. */
export interface Codec<T> {
  read(bytes: Uint8Array): T;
  write(value: T): Buffer;
}

export function codec<T extends object>(name: string): Codec<T> {
  const type = root.lookupType(name);
  return {
    read: (bytes) => type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: Number }) as T,
    write: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
  };
}

/** One step of a build, or what the builder does besides. */
export interface Vertex {
  readonly digest: string;
  /** `[2/4] RUN make`, `[build 1/3] FROM …`, `[internal] load build context`, `exporting to image` */
  readonly name: string;
  readonly cached: boolean;
  readonly started: object | null;
  readonly completed: object | null;
  /** Empty: none. */
  readonly error: string;
}

/** Changes since the last message. */
export interface StatusResponse {
  readonly vertexes: readonly Vertex[];
  readonly logs: readonly { readonly vertex: string; readonly msg: Uint8Array }[];
  readonly warnings: readonly { readonly short: Uint8Array }[];
}

export const statusResponse = codec<StatusResponse>('StatusResponse');
