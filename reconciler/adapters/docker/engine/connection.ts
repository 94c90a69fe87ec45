import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import type { ClientRequest } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { inspect } from 'node:util';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DockerConnection } from '../../../model/target.ts';
import type { SshDialer } from './ssh.ts';
import { asText } from '../../../base/values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SOCKET = '/var/run/docker.sock';
const CONNECT_TIMEOUT_MS = 5_000;
/** Each is a process on the other side that takes a moment to start: few, and kept. */
const SSH_STREAMS = 10;

/** Opens byte streams to one engine. */
export interface Dialer {
  /** Address for messages: `unix:///var/run/docker.sock`, `ssh://root@host:22`. */
  readonly address: string;
  /** The engine shares this machine's clock and file systems. */
  readonly local: boolean;
  /** Streams open at a time; more requests wait. */
  readonly maxStreams: number;
  dial(): Promise<Duplex>;
  close(): void;
}

/** @param environment where `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH` and the SSH variables are looked up */
export function createDialer(connection: DockerConnection, environment: Environment): Dialer {
  const resolved = resolveLocal(connection, environment);
  switch (resolved.type) {
    case 'unix': {
      const { path } = resolved;
      const dial = () => established(connectTcp({ path }), 'connect');
      return { address: `unix://${path}`, local: true, maxStreams: Infinity, dial, close() {} };
    }
    case 'tcp': {
      const address = `${resolved.tls ? 'tls' : 'tcp'}://${resolved.host}:${resolved.port}`;
      return { address, local: false, maxStreams: Infinity, dial: () => dialTcp(resolved), close() {} };
    }
    case 'ssh': {
      const address = `ssh://${resolved.user}@${resolved.host}:${resolved.port}`;
      return {
        address,
        local: false,
        maxStreams: SSH_STREAMS,
        ...createLateSshDialer(resolved, environment),
      };
    }
    default:
      return resolved satisfies never;
  }
}

/** SSH is loaded when a stream is asked for: hardly any command needs it. */
function createLateSshDialer(
  connection: Extract<DockerConnection, { type: 'ssh' }>,
  environment: Environment,
): SshDialer {
  let opened: Promise<SshDialer> | undefined;
  const open = async () => (await import('./ssh.ts')).createSshDialer(connection, environment);
  return {
    dial: async () => (await (opened ??= open())).dial(),
    close: () => void opened?.then((dialer) => dialer.close()),
  };
}

/** An HTTP agent that keeps streams of a dialer open between requests. */
export function createDialerAgent(dialer: Dialer): Agent {
  // A name for TLS is no matter here; looking for one, Node would compile a large expression for addresses.
  const options = { keepAlive: true, maxSockets: dialer.maxStreams, maxFreeSockets: 10, servername: '' };
  const agent = new Agent(options);
  agent.createConnection = (_options, callback) => {
    void hand(dialer, callback);
    return undefined;
  };
  // The client follows redirects to any address, and a failure there ends the process. An engine has no reason to redirect.
  const addRequest: unknown = Reflect.get(agent, 'addRequest');
  const stay = (request: ClientRequest, ...rest: unknown[]): void => {
    request.prependOnceListener('response', ({ headers }) => delete headers.location);
    if (typeof addRequest === 'function') Reflect.apply(addRequest, agent, [request, ...rest]);
  };
  // The client renders its options, this agent with every socket included, into a debug message before each request,
  // even when nobody reads it: tens of milliseconds a call.
  return Object.assign(agent, { [inspect.custom]: () => 'Agent', addRequest: stay });
}

type Handler = ((error: Error | null, stream: Duplex) => void) | undefined;

async function hand(dialer: Dialer, callback: Handler): Promise<void> {
  try {
    callback?.(null, await dialer.dial());
  } catch (error) {
    // The stream is not looked at beside an error.
    callback?.(error instanceof Error ? error : new Error(asText(error)), new PassThrough());
  }
}

type Resolved = Exclude<DockerConnection, { type: 'local' }>;

function resolveLocal(connection: DockerConnection, environment: Environment): Resolved {
  if (connection.type !== 'local') return connection;
  const host = environment['DOCKER_HOST'];
  if (!host) return { type: 'unix', path: DEFAULT_SOCKET };
  if (host.startsWith('unix://'))
    return { type: 'unix', path: host.slice('unix://'.length) || DEFAULT_SOCKET };
  return parseHost(host, environment);
}

function parseHost(host: string, environment: Environment): Resolved {
  const url = URL.parse(host.includes('://') ? host : `tcp://${host}`);
  if (url?.hostname && url.protocol === 'ssh:') {
    return { type: 'ssh', host: url.hostname, port: Number(url.port || 22), user: url.username || 'root' };
  }
  if (url?.hostname && (url.protocol === 'tcp:' || url.protocol === 'https:' || url.protocol === 'http:')) {
    const secure = Boolean(environment['DOCKER_TLS_VERIFY']) || url.protocol === 'https:';
    const port = Number(url.port || (secure ? 2376 : 2375));
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    if (!secure) return { type: 'tcp', host: hostname, port };
    const directory = environment['DOCKER_CERT_PATH'] ?? join(environment['HOME'] ?? '/', '.docker');
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(directory, name));
    return { type: 'tcp', host: hostname, port, tls: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' } };
  }
  throw new ReconcilerError('BAD_OPTIONS', `DOCKER_HOST "${host}" is not unix://, tcp:// or ssh://`);
}

async function dialTcp({ host, port, tls }: Extract<DockerConnection, { type: 'tcp' }>): Promise<Duplex> {
  if (tls === undefined) return established(connectTcp({ host, port }), 'connect');
  const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map((path) => readFile(path)));
  // A server name that is an address is not allowed on the wire; the certificate is checked against the host all the same.
  const servername = isIP(host) ? '' : host;
  return established(connectTls({ host, port, ca, cert, key, servername }), 'secureConnect');
}

function established<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
      socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    }, CONNECT_TIMEOUT_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', fail);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setKeepAlive(true, 30_000);
      resolve(socket);
    });
  });
}
