import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { createAbortScope, onAbort, untilAborted } from '../../../base/abort-scope.ts';
import { parseJsonWithin, readBeginning, readWithin } from '../../../base/bytes.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import { asFields, asString } from '../../../base/values.ts';
import type { Dialer } from './connection.ts';
import { createDialerAgent } from './connection.ts';
import { toTargetError } from './engine-errors.ts';
import type { Shape } from './shapes.ts';

/** Oldest and newest API this adapter speaks; between them the engine's own version is used. */
const OLDEST_API = '1.40';
const NEWEST_API = '1.49';
const VERSION = /^\d{1,4}\.\d{1,4}$/;
const DEFAULT_TIMEOUT_MS = 30_000;
const NEGOTIATION_TIMEOUT_MS = 10_000;

export interface AuthConfig {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

export type RegistryAuths = Readonly<Record<string, Pick<AuthConfig, 'username' | 'password'>>>;

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  /** Sent as it is; a stream without a length. */
  readonly file?: Buffer | Readable;
  readonly auth?: AuthConfig | undefined;
  /** Credentials for whatever registries a build needs, by host. */
  readonly auths?: RegistryAuths;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The connection itself becomes the answer: a stream that goes both ways. */
  readonly hijack?: boolean;
  /** Deadline for the whole answer, or for the first byte of a stream. Default 30,000. */
  readonly timeoutMs?: number;
  /** Deadline for the end of a stream, in milliseconds. Default: it may go on for as long as its signal lets it. */
  readonly wholeMs?: number;
  /**
   * True when the signal ends the request while it is under way. Default: for what only reads, and for streams. An engine finishes a change
   * that is called off all the same, and nobody would know what it did: such a request is sent or not sent, and its answer is awaited for
   * up to `timeoutMs`.
   */
  readonly interruptible?: boolean;
  /** Action that is under way, for messages. */
  readonly doing: string;
  /** Shape of the answer, where anything of it is used. */
  readonly answer?: Shape;
  readonly signal: AbortSignal;
}

/** Requests to one engine. Throws `ReconcilerError`, with the engine's own error as `cause`. */
export interface Transport {
  readonly address: string;
  readonly local: boolean;
  json<T>(request: EngineRequest): Promise<T>;
  stream(request: EngineRequest): Promise<Readable>;
  close(): void;
}

/** Speaks the lower of the engine's newest API version and ours; asks again after the engine was away. */
export function createTransport(dialer: Dialer): Transport {
  const agent = createDialerAgent(dialer);
  // `host` and the others are named so that DOCKER_HOST and its friends in the environment do not get in. The socket
  // path only keeps the client from building URLs: the agent decides where streams go.
  const options = { protocol: 'http' as const, socketPath: dialer.address, agent };
  let opened: Promise<Docker> | undefined;
  // Commands that only read files need not load it.
  const open = async () => new (await import('dockerode')).default({ ...options, ...NO_ENVIRONMENT });
  let negotiated: Promise<string> | undefined;

  async function send(request: EngineRequest, isStream: boolean): Promise<unknown> {
    const { signal, doing } = request;
    try {
      signal.throwIfAborted();
      const docker = await (opened ??= open());
      // Shared: whoever gives up only stops waiting for it.
      const prefix = await untilAborted((negotiated ??= negotiate(docker, dialer.address)), signal);
      return await dial(docker, { ...request, path: `${prefix}${request.path}` }, isStream);
    } catch (error) {
      const failure = toTargetError(error, doing, dialer.address, signal);
      if (failure.code === 'TARGET_UNREACHABLE' || failure.code === 'TARGET_UNSUPPORTED')
        negotiated = undefined;
      throw failure;
    }
  }

  return {
    address: dialer.address,
    local: dialer.local,
    async json<T>(request: EngineRequest): Promise<T> {
      const answer = await send(request, false);
      const fault = request.answer?.(answer, '');
      if (fault !== undefined) throw noEngine(request.doing, dialer.address, fault);
      return answer as T;
    },
    async stream(request) {
      return (await send(request, true)) as Readable;
    },
    close() {
      agent.destroy();
      dialer.close();
    },
  };
}

/** Error of an answer that no engine gives. Whatever stands at the address may be another one by the next try. */
function noEngine(doing: string, address: string, fault: string): ReconcilerError {
  const message = `${doing}: what answers at ${address} does not do so as a Docker Engine: ${fault}`;
  return new ReconcilerError('TARGET_ERROR', message, { retryable: true });
}

const NO_ENVIRONMENT = {
  host: undefined,
  port: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
} as unknown as Docker.DockerOptions;

/** Path prefix of the API version to speak. */
async function negotiate(docker: Docker, address: string): Promise<string> {
  const request: EngineRequest = {
    method: 'GET',
    path: '/version',
    doing: 'ask for the version',
    timeoutMs: NEGOTIATION_TIMEOUT_MS,
    signal: new AbortController().signal,
  };
  const version = await dial(docker, request, false);
  const { ApiVersion = '', MinAPIVersion = '1.12' } = asFields(version) ?? {};
  if (typeof ApiVersion !== 'string' || typeof MinAPIVersion !== 'string' || !VERSION.test(ApiVersion)) {
    const message = `what answers at ${address} is no Docker Engine: it says no version of its API`;
    throw new ReconcilerError('TARGET_UNSUPPORTED', message);
  }
  if (compareVersions(ApiVersion, OLDEST_API) < 0 || compareVersions(MinAPIVersion, NEWEST_API) > 0) {
    const range = `${MinAPIVersion.slice(0, 20)} to ${ApiVersion || 'unknown'}`;
    throw new ReconcilerError(
      'TARGET_UNSUPPORTED',
      `the engine at ${address} speaks API ${range}, Kombinator ${OLDEST_API} to ${NEWEST_API}`,
    );
  }
  return `/v${spokenApi(ApiVersion)}`;
}

/** The API version that is spoken with an engine whose newest is this. */
export function spokenApi(engineApi: string): string {
  return compareVersions(engineApi, NEWEST_API) < 0 ? engineApi : NEWEST_API;
}

/** Tells whether an API version knows what came with another. */
export function speaks(api: string, since: string): boolean {
  return compareVersions(api, since) >= 0;
}

/** Orders `1.41` and `1.9` as versions: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return (left?.[0] || 0) - (right?.[0] || 0) || (left?.[1] || 0) - (right?.[1] || 0);
}

/** Largest answer that is not a stream; a list of thousands of containers has a tenth of it. */
const MAX_ANSWER_BYTES = 16 * 1024 ** 2;
/** Values in an answer; a list of thousands of containers has a tenth of them. */
const MAX_ANSWER_VALUES = 1_000_000;
const MAX_REFUSAL_BYTES = 64 * 1024;
/** Longest refusal that is passed on, in characters. */
const MAX_REFUSAL_LENGTH = 2_000;
const SUCCESSES: ReadonlySet<number> = new Set([200, 201, 204, 304]);
/** The client hands on every answer: it would read those of a refusal to their end, however long they are. */
const ANY_STATUS = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [100 + index, true]));

async function dial(docker: Docker, request: EngineRequest, isStream: boolean): Promise<unknown> {
  const { method, path, query, body, file, auth, auths, hijack, headers } = request;
  const interruptible = request.interruptible ?? (isStream || method === 'GET' || method === 'HEAD');
  const connection = new AbortController();
  // A stream ends with its signal for as long as it is read; until its first byte it has a deadline as well.
  using scope = createAbortScope({
    signals: interruptible ? [request.signal] : [],
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Readable>();
  // The client may stay silent when a connection dies in the middle of an answer.
  using _ = onAbort(scope.signal, () => {
    connection.abort(scope.signal.reason);
    reject(scope.signal.reason as Error);
  });
  docker.modem.dial(
    {
      path: `${path}?`,
      method,
      options: method === 'POST' ? { _query: query ?? {}, _body: body ?? {} } : { ...query },
      ...(file === undefined ? {} : { file }),
      ...(auth === undefined ? {} : { authconfig: auth }),
      ...(auths === undefined ? {} : { registryconfig: auths }),
      ...(headers === undefined ? {} : { headers: { ...headers } as Record<string, string> }),
      ...(hijack === true ? { hijack } : {}),
      abortSignal: connection.signal,
      isStream: true,
      statusCodes: ANY_STATUS,
    },
    (error: unknown, data: unknown) => (error ? reject(error) : resolve(data as Readable)),
  );
  const answer = await promise;
  const status = 'statusCode' in answer ? Number(answer.statusCode) : null;
  // The deadline is for all of the answer: one that comes in drops, and never ends, is none.
  if (status !== null && !SUCCESSES.has(status))
    throw await untilAborted(readRefusal(status, answer), scope.signal);
  if (!isStream) return await untilAborted(readJson(answer), scope.signal);
  endWith(answer, request, connection);
  return answer;
}

async function readJson(answer: Readable): Promise<unknown> {
  const bytes = await readWithin(answer, MAX_ANSWER_BYTES);
  return parseJson(bytes.toString('utf8')) ?? bytes;
}

/** The words of an engine that does not do something, as `engine-errors` reads them. */
async function readRefusal(statusCode: number, answer: Readable): Promise<Error> {
  const text = (await readBeginning(answer, MAX_REFUSAL_BYTES)).toString('utf8');
  const { message, error } = asFields(parseAny(text)) ?? {};
  const said = asString(message) ?? asString(error) ?? cutOff(text) ?? text.trim();
  const words = said === '' ? `it answers ${statusCode}` : said;
  return Object.assign(new Error(words.slice(0, MAX_REFUSAL_LENGTH)), { statusCode });
}

/** The message of a refusal that is too long to be read to its end. */
function cutOff(text: string): string | undefined {
  return /^\s*\{\s*"message"\s*:\s*"([^"\\]*)/.exec(text)?.[1];
}

/** `undefined` for a refusal that is no JSON, or none that is meant to be read. */
function parseAny(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return parseJsonWithin(text, MAX_ANSWER_VALUES);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Ends a stream when the signal aborts, or its time is over, and lets go of the signal when the stream has ended. */
function endWith(
  stream: Readable,
  { signal, wholeMs }: Pick<EngineRequest, 'signal' | 'wholeMs'>,
  connection: AbortController,
): void {
  const scope = createAbortScope({
    signals: [signal],
    ...(wholeMs === undefined ? {} : { timeoutMs: wholeMs }),
  });
  scope.signal.addEventListener('abort', () => {
    // The reason comes first: whoever reads would be told of a connection that was cut.
    if (scope.timedOut) stream.destroy(scope.signal.reason as Error);
    connection.abort(scope.signal.reason);
  });
  stream.once('close', () => scope[Symbol.dispose]());
}
