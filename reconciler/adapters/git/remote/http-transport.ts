import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../../ports/clock.ts';
import { asGitError, notFound, PassingError, RemoteError } from '../errors.ts';
import type { Credentials } from '../location.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { createRefs } from '../repository/refs.ts';
import type { Deadline } from './deadline.ts';
import type { HttpResponse } from './http-client.ts';
import { createHttpClient, failedResponse } from './http-client.ts';
import { packBytes, storePack } from './incoming-pack.ts';
import { FLUSH, formatPacket, NotPackets, readPackets } from './pkt-line.ts';
import { formatCommands, readReport } from './push-report.ts';
import type { Advertisement } from './ref-listing.ts';
import { formatLsRefs, readAdvertisement, readLsRefs } from './ref-listing.ts';
import { createRetries } from './retries.ts';
import type { PushRequest, RefUpdate, RemoteRefs, Transport, UpdateResult, WantedRef } from './transport.ts';
import { judgeRejection } from './transport.ts';

export interface HttpTransportOptions {
  readonly address: string;
  readonly credentials: Credentials | undefined;
  readonly git: GitCommand;
  readonly clock: Clock;
  /** Default 2 GiB. */
  readonly maxPackBytes?: number | undefined;
}

/** Commits we name as known; the newest of each ref is enough for the server to send only what is new. */
const MAX_HAVES_SENT = 256;
/** Requests that are longer are packed, as Git does it. */
const GZIP_FROM_BYTES = 1_024;
const VERSION_2 = { 'git-protocol': 'version=2' };

const gzipAsync = promisify(gzip);

/**
 * Git's smart HTTP protocol, stateless: refs are listed with version 2 where the server knows it, fetched and pushed with version 0, which every
 * server knows. Indexing is isomorphic-git's where there is no git; the requests are our own, because its `fetch` cannot ask for one branch and some
 * tags at once, and its `push` walks every tree of the repository and has no compare-and-swap.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { address, git, clock } = options;
  const ask = createRetries(address, clock);
  const requests = createRequests(options);
  const listing = createListing(address, requests);
  const listRefs: Transport['listRefs'] = (prefixes, deadline) =>
    ask(() => listing(prefixes, deadline), deadline);
  return {
    listRefs,
    fetch: async (mirrorDir, wanted, deadline) => {
      const body = await buildFetchRequest(mirrorDir, wanted);
      const work = async (): Promise<void> => {
        const response = await requests.post('git-upload-pack', { body: [body] }, deadline);
        const bytes = packBytes(response.body, address);
        await storePack(git, { mirrorDir, place: address, bytes }, deadline);
      };
      await ask(work, deadline).catch((error: unknown) => {
        throw asGitError(error, address, deadline.signal);
      });
    },
    push: async (request, deadline) => {
      const { refs } = await listRefs(
        request.updates.map(({ ref }) => ref),
        deadline,
      );
      const late = request.updates.filter(({ ref, from }) => (refs.get(ref) ?? null) !== from);
      const updates = request.updates.filter((update) => !late.includes(update));
      const results = late.map(({ ref }) => judgeRejection(ref, 'non-fast-forward'));
      if (updates.length === 0) return results;
      const work = (): Promise<readonly UpdateResult[]> => send(updates, request, deadline);
      return [...results, ...(await ask(work, deadline, true))];
    },
  };

  /** The list of `git-receive-pack` is not asked for: it has every ref there is, and says nothing that has to be known. */
  async function send(
    updates: readonly RefUpdate[],
    { pack }: PushRequest,
    deadline: Deadline,
  ): Promise<readonly UpdateResult[]> {
    // A pack goes along only where something is to be stored.
    const content = updates.some(({ to }) => to !== null) ? [await pack()] : [];
    const body = [...formatCommands(updates), ...content];
    try {
      const response = await requests.post('git-receive-pack', { body }, deadline);
      return await readReport(updates, response.body, address);
    } catch (error) {
      if (!(error instanceof PassingError) || error.pauseMs !== null || deadline.signal.aborted) throw error;
      // It may have been done, and only the answer did not come.
      const { refs } = await listRefs(
        updates.map(({ ref }) => ref),
        deadline,
      );
      if (updates.some(({ ref, to }) => (refs.get(ref) ?? null) !== to)) throw error;
      return updates.map(({ ref }) => ({ ref, outcome: 'done', reason: '' }));
    }
  }
}

interface Requests {
  /** Asks what the server says first: with version 2, or without. */
  discover(deadline: Deadline, version: 0 | 2): Promise<Advertisement>;
  /** Throws unless the answer is 200. */
  post(service: string, message: Message, deadline: Deadline): Promise<HttpResponse>;
}

interface Message {
  readonly body: readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
}

function createRequests({ address, credentials, maxPackBytes, clock }: HttpTransportOptions): Requests {
  const client = createHttpClient(credentials, maxPackBytes);
  const anonymous = credentials === undefined;
  const need = (response: HttpResponse): HttpResponse => {
    if (response.statusCode === 200) return response;
    throw failedResponse(address, response, { anonymous, now: clock.now() });
  };
  return {
    discover: async (deadline, version) => {
      const url = `${address}/info/refs?service=git-upload-pack`;
      const headers = version === 2 ? VERSION_2 : {};
      const response = need(await client(deadline).request({ method: 'GET', url, headers }));
      const packets = readPackets(response.body, address);
      const found = await readAdvertisement(packets, address).catch(unlessNotPackets);
      if (found === null)
        throw notFound(address, 'the server does not answer as a Git server at this address');
      await drain(packets);
      return found;
    },
    post: async (service, { body, headers = {} }, deadline) =>
      need(
        await client(deadline).request({
          method: 'POST',
          url: `${address}/${service}`,
          headers: {
            'content-type': `application/x-${service}-request`,
            accept: `application/x-${service}-result`,
            ...headers,
          },
          body,
          isRepeatable: service === 'git-upload-pack',
        }),
      ),
  };
}

/** Lists refs: a server that has spoken version 2 once is asked for them at once from then on. */
function createListing(address: string, { discover, post }: Requests) {
  let version: 0 | 2 | null = null;
  const listSome = async (prefixes: readonly string[], deadline: Deadline): Promise<RemoteRefs> => {
    const request = formatLsRefs(prefixes);
    const isLong = request.length > GZIP_FROM_BYTES;
    const body = [isLong ? await gzipAsync(request) : request];
    const headers = { ...VERSION_2, ...(isLong ? { 'content-encoding': 'gzip' } : {}) };
    const response = await post('git-upload-pack', { body, headers }, deadline);
    const packets = readPackets(response.body, address);
    const listed = await readLsRefs(packets, { prefixes, place: address });
    await drain(packets);
    return listed;
  };
  return async (prefixes: readonly string[], deadline: Deadline): Promise<RemoteRefs> => {
    if (version === 2) {
      try {
        return await listSome(prefixes, deadline);
      } catch (error) {
        // Another server may stand at the address now.
        version = null;
        if (!(error instanceof RemoteError)) throw error;
      }
    }
    const found = await discover(deadline, version ?? 2);
    if (found.version === 0) return found.listed;
    try {
      const listed = await listSome(prefixes, deadline);
      version = 2;
      return listed;
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      // Something on the way takes the header off the one request and leaves it on the other.
      version = 0;
      const whole = await discover(deadline, 0);
      if (whole.version === 0) return whole.listed;
      throw error;
    }
  };
}

function unlessNotPackets(error: unknown): null {
  if (error instanceof NotPackets) return null;
  throw error;
}

/** Reads an answer to its end, so that its connection can be used again. */
async function drain(packets: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of packets) continue;
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
