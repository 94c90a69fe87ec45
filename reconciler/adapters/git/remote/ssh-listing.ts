import { spawn } from 'node:child_process';
import { onAbort } from '../../../base/abort-scope.ts';
import { decodeEscapes } from '../../../base/values.ts';
import { isReconcilerError } from '../../../base/errors.ts';
import { RemoteError } from '../errors.ts';
import type { Deadline } from './deadline.ts';
import { FLUSH, NotPackets, readPackets } from './pkt-line.ts';
import { formatLsRefs, readAdvertisement, readLsRefs } from './ref-listing.ts';
import { listingError } from './ssh-error.ts';
import type { RemoteRefs } from './transport.ts';

/** Largest list of refs: some 600,000 of them. */
const MAX_LIST_BYTES = 64 * 1024 ** 2;
const MAX_ERROR_CHARACTERS = 16_384;

/** A place that `ssh` goes to, and the path there. */
export interface SshPlace {
  /** `user@host` or `host` */
  readonly host: string;
  readonly port: string | null;
  readonly path: string;
}

/** Reads `ssh://[user@]host[:port]/path` or `[user@]host:path` as Git does (git-fetch(1), "Git URLs"). */
export function parseSshAddress(address: string): SshPlace {
  if (address.startsWith('ssh://')) {
    const url = new URL(address);
    const user = url.username === '' ? '' : `${decodeEscapes(url.username) ?? url.username}@`;
    const path = decodeEscapes(url.pathname) ?? url.pathname;
    return {
      host: `${user}${withoutBrackets(url.hostname)}`,
      port: url.port === '' ? null : url.port,
      path: path.startsWith('/~') ? path.slice(1) : path,
    };
  }
  const [, user = '', host = '', path = ''] = /^([^/:@]+@)?(\[[^\]]+\]|[^/:@]+):(.+)$/.exec(address) ?? [];
  const inner = withoutBrackets(host);
  const withPort = host.startsWith('[') ? /^([^:]+):(\d+)$/.exec(inner) : null;
  return { host: `${user}${withPort?.[1] ?? inner}`, port: withPort?.[2] ?? null, path };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

export interface SshListing {
  readonly address: string;
  /** A shell command, as in `GIT_SSH_COMMAND`. */
  readonly command: string;
}

/**
 * Asks for refs over ssh. It is not left to `git ls-remote`, which asks for all branches or all tags at least. A server that is not told the version
 * of the protocol (`AcceptEnv GIT_PROTOCOL` is missing in its configuration) lists everything.
 *
 * @throws as `Source` does
 */
export async function listOverSsh(
  { address, command }: SshListing,
  prefixes: readonly string[],
  deadline: Deadline,
): Promise<RemoteRefs> {
  const { host, port, path } = parseSshAddress(address);
  const options = ['-o', 'SendEnv=GIT_PROTOCOL', ...(port === null ? [] : ['-p', port])];
  const program = `git-upload-pack '${path.replaceAll(/['!]/g, String.raw`'\$&'`)}'`;
  const child = spawn('sh', ['-c', `${command} "$@"`, 'ssh', ...options, host, program], {
    env: { ...process.env, LC_ALL: 'C', GIT_PROTOCOL: 'version=2' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  using _ = onAbort(deadline.signal, () => void child.kill('SIGKILL'));
  const ended = Promise.withResolvers<void>();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    deadline.touch(chunk.length);
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-MAX_ERROR_CHARACTERS);
  });
  // One that ends early closes its input; what it has said tells why.
  child.stdin.on('error', () => undefined);
  child.on('error', ended.reject);
  child.on('close', () => ended.resolve());
  try {
    const packets = readPackets(bounded(child.stdout, deadline), address);
    const found = await readAdvertisement(packets, address);
    if (found === null) throw new NotPackets(`${address}: the answer of the Git server is not understood`);
    if (found.version === 2) child.stdin.write(formatLsRefs(prefixes));
    const listed =
      found.version === 0 ? found.listed : await readLsRefs(packets, { prefixes, place: address });
    child.stdin.end(FLUSH);
    child.stdout.resume();
    await ended.promise;
    return listed;
  } catch (error) {
    child.stdin.destroy();
    child.stdout.destroy();
    child.kill();
    if (deadline.signal.aborted) throw error;
    await ended.promise;
    // The reason why there is no answer is a better one than that there is none.
    if (
      stderr !== '' &&
      isReconcilerError(error) &&
      !(error instanceof RemoteError && !(error instanceof NotPackets))
    )
      throw listingError(address, stderr);
    throw error;
  }
}

async function* bounded(stream: AsyncIterable<Buffer>, deadline: Deadline): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of stream) {
    deadline.touch(chunk.length);
    size += chunk.length;
    if (size > MAX_LIST_BYTES) throw new RemoteError('the Git server lists more refs than are read');
    yield chunk;
  }
}
