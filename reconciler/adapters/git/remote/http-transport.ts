import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { GitHttpResponse, HttpClient } from 'isomorphic-git';
import * as git from 'isomorphic-git';
import type { Deadline } from './deadline.ts';
import { gitError, notFound } from '../errors.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { firstErrorLine, FRUGAL } from '../repository/git-command.ts';
import { createHttpClient, failedConnection, failedResponse } from './http-client.ts';
import type { Credentials } from '../location.ts';
import { FLUSH, formatPacket, readPackets } from './pkt-line.ts';
import { createRefs } from '../repository/refs.ts';
import type { RefUpdate, RemoteRefs, Transport, UpdateResult, WantedRef } from './transport.ts';
import { judgeRejection, takeRefs } from './transport.ts';

export interface HttpTransportOptions {
  readonly address: string;
  readonly credentials: Credentials | undefined;
  readonly git: GitCommand;
  /** Default 2 GiB. */
  readonly maxPackBytes?: number | undefined;
}

const ZERO_ID = '0'.repeat(40);
/** Commits we name as known; the newest of each ref is enough for the server to send only what is new. */
const MAX_HAVES_SENT = 256;
const CAPABILITIES = '\0 report-status delete-refs agent=kombinator';
const PACK_HEADER_BYTES = 12;
const HASH_BYTES = 20;

/**
 * Git's smart HTTP protocol (version 0, stateless). Discovery, the HTTP client, packing and indexing are isomorphic-git's; the
 * two requests are our own, because its `fetch` cannot ask for one branch and some tags at once, and its `push` walks every
 * tree of the repository and has no compare-and-swap.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { address, credentials, maxPackBytes } = options;
  const client = createHttpClient(credentials, maxPackBytes);
  const anonymous = credentials === undefined;
  const discover = async (deadline: Deadline, forPush: boolean): Promise<RemoteRefs> => {
    const listed = await git
      .listServerRefs({ http: client(deadline), url: address, forPush, protocolVersion: 1, symrefs: true })
      .catch((error: unknown) => {
        throw discoveryError(address, error, { anonymous, signal: deadline.signal });
      });
    const head = listed.find(({ ref }) => ref === 'HEAD')?.target ?? '';
    return {
      head: head.startsWith('refs/heads/') ? head.slice('refs/heads/'.length) : null,
      refs: takeRefs(listed.map(({ ref, oid }) => [ref, oid])),
    };
  };
  const post = async (service: string, body: Buffer[], deadline: Deadline): Promise<GitHttpResponse> => {
    const response = await postRequest(client(deadline), `${address}/${service}`, { service, body }).catch(
      (error: unknown) => {
        throw failedConnection(address, error, deadline.signal);
      },
    );
    if (response.statusCode !== 200) throw failedResponse(address, response, anonymous);
    return response;
  };
  return {
    listRefs: (deadline) => discover(deadline, false),
    fetch: async (mirrorDir, wanted, deadline) => {
      const request = await buildFetchRequest(mirrorDir, wanted);
      const response = await post('git-upload-pack', [request], deadline);
      await storePack(options, mirrorDir, packBytes(response), deadline).catch((error: unknown) => {
        throw failedConnection(address, error, deadline.signal);
      });
    },
    push: async (request, deadline) => {
      const { refs } = await discover(deadline, true);
      const late = request.updates.filter(({ ref, from }) => (refs.get(ref) ?? null) !== from);
      const updates = request.updates.filter((update) => !late.includes(update));
      const results = late.map(({ ref }) => judgeRejection(ref, 'non-fast-forward'));
      if (updates.length === 0) return results;
      // A pack goes along only where something is to be stored.
      const pack = updates.some(({ to }) => to !== null) ? [await request.pack()] : [];
      const body = [...formatCommands(updates), ...pack];
      const response = await post('git-receive-pack', body, deadline);
      return [...results, ...(await readReport(updates, response))];
    },
  };
}

function discoveryError(
  address: string,
  error: unknown,
  context: { readonly anonymous: boolean; readonly signal: AbortSignal },
): unknown {
  if (error instanceof git.Errors.HttpError) {
    const { statusCode, statusMessage } = error.data;
    // A redirect's target is not in the error; the address people wrote is enough to find it.
    return failedResponse(address, { statusCode, statusMessage, headers: {} }, context.anonymous);
  }
  if (error instanceof git.Errors.SmartHttpError || error instanceof git.Errors.ParseError) {
    return notFound(address, 'the server does not answer as a Git server at this address');
  }
  return failedConnection(address, error, context.signal);
}

async function postRequest(
  http: HttpClient,
  url: string,
  { service, body }: { readonly service: string; readonly body: Buffer[] },
): Promise<GitHttpResponse> {
  return http.request({
    method: 'POST',
    url,
    headers: {
      'content-type': `application/x-${service}-request`,
      accept: `application/x-${service}-result`,
    },
    // An array goes out in one piece with its length, which some servers insist on.
    body: body as unknown as AsyncIterableIterator<Uint8Array>,
  });
}

async function buildFetchRequest(mirrorDir: string, wanted: readonly WantedRef[]): Promise<Buffer> {
  const known = await createRefs(mirrorDir).list('refs/');
  const haves = new Set(known.map(({ id }) => id).slice(0, MAX_HAVES_SENT));
  const wants = [...new Set(wanted.map(({ id }) => id))];
  const capabilities = ' side-band-64k ofs-delta no-progress agent=kombinator';
  return Buffer.concat([
    ...wants.map((id, index) => formatPacket(`want ${id}${index === 0 ? capabilities : ''}\n`)),
    FLUSH,
    ...[...haves].map((id) => formatPacket(`have ${id}\n`)),
    formatPacket('done\n'),
  ]);
}

/** The pack out of the answer to a fetch: acknowledgements, then bands 1 (pack), 2 (progress), 3 (fatal error). */
async function* packBytes(response: GitHttpResponse): AsyncGenerator<Buffer> {
  for await (const packet of readPackets(response.body ?? empty())) {
    if (packet?.[0] === 1) yield packet.subarray(1);
    const fatal = packet?.[0] === 3 ? packet.toString('utf8', 1) : null;
    const refused = packet?.toString('utf8', 0, 4) === 'ERR ' ? packet.toString('utf8', 4) : null;
    const message = fatal ?? refused;
    if (message !== null) throw gitError(`the Git server gives up: ${message.trim()}`);
  }
}

/** Indexes a pack beside the others and then puts it among them, the index last: half a pack is never seen. */
async function storePack(
  { git: command }: HttpTransportOptions,
  mirrorDir: string,
  bytes: AsyncIterable<Buffer>,
  deadline: Deadline,
): Promise<void> {
  const directory = join(mirrorDir, 'incoming');
  await mkdir(directory, { recursive: true });
  const pack = join(directory, `${randomBytes(8).toString('hex')}.pack`);
  const index = pack.replace(/pack$/, 'idx');
  try {
    const { objects, checksum } = await writePack(pack, bytes);
    if (objects === 0) return;
    if (await command.available()) {
      const args = [...FRUGAL, 'index-pack', '-v', '-o', index, pack];
      const { signal } = deadline;
      const { exitCode, stderr } = await command.run(args, { signal, onOutput: () => deadline.touch() });
      if (exitCode !== 0) throw gitError(`the pack from the server is damaged: ${firstErrorLine(stderr)}`);
    } else {
      const filepath = `incoming/${basename(pack)}`;
      await git.indexPack({
        fs,
        dir: mirrorDir,
        gitdir: mirrorDir,
        filepath,
        onProgress: () => deadline.touch(),
      });
    }
    const target = join(mirrorDir, 'objects', 'pack', `pack-${checksum}`);
    await rename(pack, `${target}.pack`);
    await rename(index, `${target}.idx`);
  } finally {
    await rm(pack, { force: true });
    await rm(index, { force: true });
  }
}

async function writePack(
  path: string,
  bytes: AsyncIterable<Buffer>,
): Promise<{ readonly objects: number; readonly checksum: string }> {
  const handle = await open(path, 'wx', 0o444);
  const hash = createHash('sha1');
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  try {
    for await (const chunk of bytes) {
      if (head.length < PACK_HEADER_BYTES) head = Buffer.concat([head, chunk]).subarray(0, PACK_HEADER_BYTES);
      // The last 20 bytes are the checksum of everything before them.
      const held = Buffer.concat([tail, chunk]);
      tail = Buffer.from(held.subarray(Math.max(0, held.length - HASH_BYTES)));
      hash.update(held.subarray(0, held.length - tail.length));
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const checksum = hash.digest('hex');
  if (head.toString('latin1', 0, 4) !== 'PACK' || checksum !== tail.toString('hex')) {
    throw gitError('the pack from the server is cut short or damaged');
  }
  return { objects: head.readUInt32BE(8), checksum };
}

function formatCommands(updates: readonly RefUpdate[]): Buffer[] {
  const lines = updates.map(({ ref, from, to }, index) =>
    formatPacket(`${from ?? ZERO_ID} ${to ?? ZERO_ID} ${ref}${index === 0 ? CAPABILITIES : ''}\n`),
  );
  return [...lines, FLUSH];
}

async function readReport(
  updates: readonly RefUpdate[],
  response: GitHttpResponse,
): Promise<readonly UpdateResult[]> {
  const lines: string[] = [];
  for await (const packet of readPackets(response.body ?? empty())) {
    if (packet !== null) lines.push(packet.toString('utf8').trim());
  }
  const unpack = lines.find((line) => line.startsWith('unpack '));
  return updates.map(({ ref }) => {
    if (unpack !== 'unpack ok') return judgeRejection(ref, unpack ?? 'the server did not report');
    if (lines.includes(`ok ${ref}`)) return { ref, outcome: 'done', reason: '' };
    const rejected = lines.find((line) => line.startsWith(`ng ${ref} `));
    return judgeRejection(ref, rejected?.slice(`ng ${ref} `.length) ?? 'the server did not report');
  });
}

async function* empty(): AsyncGenerator<Uint8Array> {}
