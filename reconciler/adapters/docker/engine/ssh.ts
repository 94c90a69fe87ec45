import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2';
import type { DockerConnection } from '../../../model/target.ts';
import { checkHostKey, knownKeyTypes } from './known-hosts.ts';

type SshConnection = Extract<DockerConnection, { type: 'ssh' }>;
type Environment = Readonly<Record<string, string | undefined>>;

/** OpenSSH servers allow 10 sessions on a connection by default. */
const CHANNELS_PER_LINK = 8;
const CONNECT_TIMEOUT_MS = 5_000;

interface Link {
  readonly client: Client;
  readonly ready: Promise<void>;
  channels: number;
}

export interface SshDialer {
  /** A stream to the engine's API on the other side (`docker system dial-stdio`, as the Docker command line does it). */
  dial(): Promise<Duplex>;
  close(): void;
}

/**
 * Streams over few SSH connections. The server must be in `known_hosts` (`KOMBINATOR_KNOWN_HOSTS`, else
 * `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`); an unknown or changed key is refused.
 */
export function createSshDialer(connection: SshConnection, environment: Environment): SshDialer {
  const links = new Set<Link>();
  let closed = false;

  function open(): Link {
    const client = new ssh2.Client();
    const link: Link = { client, channels: 0, ready: connect(client, connection, environment) };
    links.add(link);
    link.ready.catch(() => links.delete(link));
    client.on('close', () => links.delete(link));
    return link;
  }

  return {
    async dial() {
      if (closed) throw new Error('the connection was closed');
      const link = [...links].find(({ channels }) => channels < CHANNELS_PER_LINK) ?? open();
      link.channels++;
      try {
        await link.ready;
        const channel = await dialStdio(link.client);
        channel.once('close', () => link.channels--);
        return channel;
      } catch (error) {
        link.channels--;
        throw error;
      }
    },
    close() {
      closed = true;
      for (const { client } of links) client.end();
    },
  };
}

async function connect(client: Client, connection: SshConnection, environment: Environment): Promise<void> {
  const { host, port, user, keyPath } = connection;
  const knownHosts = await readKnownHosts(environment);
  let refusal: Error | null = null;
  const config: ConnectConfig = {
    host,
    port,
    username: user,
    readyTimeout: CONNECT_TIMEOUT_MS,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 3,
    algorithms: {
      serverHostKey: { prepend: preferredAlgorithms(knownHosts.text, connection), append: [], remove: [] },
    },
    hostVerifier: (key: Buffer) => {
      const verdict = checkHostKey(knownHosts.text, host, port, key);
      if (verdict !== 'known') refusal = refused(verdict, connection, knownHosts.path);
      return verdict === 'known';
    },
    ...(await credentials(keyPath, environment)),
  };
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve);
    // Stays: an error after the connection stood must not end the process; `close` follows and streams end.
    client.on('error', (error) => reject(refusal ?? error));
    client.once('close', () => reject(refusal ?? new Error('the SSH connection was closed')));
    client.connect(config);
  });
}

async function credentials(keyPath: string | undefined, environment: Environment): Promise<ConnectConfig> {
  if (keyPath !== undefined) return { privateKey: await readFile(keyPath) };
  const agent = environment['SSH_AUTH_SOCK'];
  if (!agent) throw new Error('no key path is configured and no SSH agent is running (SSH_AUTH_SOCK)');
  return { agent };
}

async function readKnownHosts(environment: Environment): Promise<{ path: string; text: string }> {
  const own = environment['KOMBINATOR_KNOWN_HOSTS'];
  const path = own ?? join(homedir(), '.ssh', 'known_hosts');
  const paths = own === undefined ? [path, '/etc/ssh/ssh_known_hosts'] : [path];
  const texts = await Promise.all(paths.map(readTextIfPresent));
  return { path, text: texts.join('\n') };
}

async function readTextIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Asks the server first for the kinds of key that `known_hosts` can check. */
function preferredAlgorithms(knownHosts: string, { host, port }: SshConnection): ServerHostKeyAlgorithm[] {
  return knownKeyTypes(knownHosts, host, port).flatMap((type): ServerHostKeyAlgorithm[] => {
    switch (type) {
      case 'ssh-rsa':
        return ['rsa-sha2-512', 'rsa-sha2-256'];
      case 'ssh-ed25519':
      case 'ecdsa-sha2-nistp256':
      case 'ecdsa-sha2-nistp384':
      case 'ecdsa-sha2-nistp521':
        return [type];
      default:
        return [];
    }
  });
}

function refused(verdict: string, { host, port }: SshConnection, path: string): Error {
  if (verdict === 'unknown') {
    const command = `ssh-keyscan -p ${port} ${host} >> ${path}`;
    return new Error(`the SSH host key is not in ${path}; check it and add it, for example with: ${command}`);
  }
  return new Error(
    verdict === 'revoked'
      ? `the SSH host key is marked as revoked in ${path}`
      : `the SSH host key differs from the one in ${path}; somebody may be listening in, or the host was set up anew`,
  );
}

function dialStdio(client: Client): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.exec('docker system dial-stdio', (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      reportFailure(channel);
      resolve(asSocket(channel));
    });
  });
}

/** A remote command that cannot start says why on stderr; the HTTP side would only see a hang-up. */
function reportFailure(channel: ClientChannel): void {
  let complaint = '';
  channel.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(0, 500)));
  channel.once('exit', (code: number | null) => {
    if (!code) return;
    channel.emit('error', new Error(complaint.trim() || `docker system dial-stdio ended with ${code}`));
    channel.destroy();
  });
}

/** An HTTP agent also calls these socket methods on idle connections; a channel has nothing to do there. */
function asSocket(channel: ClientChannel): Duplex {
  const nothing = () => channel;
  return Object.assign(channel, {
    setKeepAlive: nothing,
    setNoDelay: nothing,
    setTimeout: nothing,
    ref: nothing,
    unref: nothing,
  });
}
