import { randomUUID } from 'node:crypto';
import { Duplex, duplexPair, pipeline } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { findByHost } from '../../../model/registry.ts';
import type { RegistryCredentials } from '../../../model/registry.ts';
import { codec } from './buildkit-messages.ts';
import { statusOf } from '../engine/engine-errors.ts';
import type { Transport } from '../engine/transport.ts';

/** Credentials and secrets that a build may ask for while it runs. */
export interface BuildNeeds {
  readonly registries: readonly RegistryCredentials[];
  /** Contents of the build's secrets, by id. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
}

/** A connection over which a builder asks whoever began a build. */
export interface BuildSession extends Disposable {
  /** Names it in the request of the build. */
  readonly id: string;
}

const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
const SECRET = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
/** Asked every second: a session that does not answer is ended. */
const HEALTH = '/grpc.health.v1.Health/Check';
const HEALTH_SERVING = 1;
/** Reading and writing listen on one stream, which over SSH is more than the ten that Node takes for harmless; all of it goes with the stream. */
const LISTENERS = 20;

/**
 * Answers on a connection of its own until it is disposed of (Docker Engine API, "Initialize interactive session"). Resolves to `null` when
 * the engine knows no sessions: it builds without BuildKit.
 */
export async function openBuildSession(
  transport: Transport,
  needs: BuildNeeds,
  signal: AbortSignal,
): Promise<BuildSession | null> {
  const id = randomUUID();
  const headers = {
    Upgrade: 'h2c',
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Name': 'kombinator',
    'X-Docker-Expose-Session-Grpc-Method': [CREDENTIALS, SECRET, HEALTH],
  };
  const doing = 'open a build session';
  const request = { method: 'POST', path: '/session', headers, hijack: true, doing, signal } as const;
  const connection = await transport.stream(request).catch((error: unknown) => {
    if (UNKNOWN_ENDPOINT_STATUSES.includes(statusOf(error) ?? 0)) return null;
    throw error;
  });
  if (connection instanceof Duplex) return serve(id, connection, needs);
  connection?.destroy();
  return null;
}

/** Statuses that engines answer when they have never heard of it. */
const UNKNOWN_ENDPOINT_STATUSES = [400, 404, 405, 501];

function serve(id: string, connection: Duplex, { registries, secrets }: BuildNeeds): BuildSession {
  const server = new Server();
  const answers = {
    [CREDENTIALS]: unary<{ Host: string }, { Username: string; Secret: string }>(
      'Credentials',
      ({ Host }) => {
        const found = findByHost(Host, registries);
        // Nothing is an answer too: the builder goes on without.
        return found
          ? { Username: found.username, Secret: found.password.reveal() }
          : { Username: '', Secret: '' };
      },
    ),
    [SECRET]: unary<{ ID: string }, { data: Uint8Array }>('GetSecret', ({ ID }) => {
      const data = secrets.get(ID);
      return data === undefined ? null : { data };
    }),
    [HEALTH]: unary<{ service: string }, { status: number }>('HealthCheck', () => ({
      status: HEALTH_SERVING,
    })),
  };
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [path, { types, handle }] of Object.entries(answers)) {
    definition[path] = { path, requestStream: false, responseStream: false, ...types };
    implementation[path] = handle;
  }
  server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // An http2 server turns away a TLS socket that has not agreed on http2 when it was opened.
  const [ours, theirs] = duplexPair();
  connection.setMaxListeners(LISTENERS);
  // The end of a build may cut it off at any moment.
  pipeline(connection, ours, connection, () => undefined);
  injector.injectConnection(theirs);
  return {
    id,
    [Symbol.dispose]() {
      server.forceShutdown();
      connection.destroy();
    },
  };
}

/** One question, one answer; `null`: there is none. */
function unary<Q extends object, A extends object>(name: string, answer: (question: Q) => A | null) {
  const question = codec<Q>(`${name}Request`);
  const reply = codec<A>(`${name}Response`);
  return {
    types: {
      requestSerialize: question.write,
      requestDeserialize: question.read,
      responseSerialize: reply.write,
      responseDeserialize: reply.read,
    },
    handle(call: { readonly request: Q }, callback: (error: object | null, value?: A) => void): void {
      const value = answer(call.request);
      if (value === null) callback({ code: status.NOT_FOUND, details: 'not found' });
      else callback(null, value);
    },
  };
}
