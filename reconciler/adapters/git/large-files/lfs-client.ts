import { isReconcilerError } from '../../../base/errors.ts';
import { asFields, asList, asString, toRecord, asText } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { LargeFile } from '../../../ports/source.ts';
import { gitError } from '../errors.ts';
import type { Credentials } from '../location.ts';
import { parseModuleLocation } from '../modules/places.ts';
import type { Deadline } from '../remote/deadline.ts';
import { createHttpClient, failedConnection, failedResponse } from '../remote/http-client.ts';

/** A repository over http(s) whose server keeps large files. */
export interface LfsServer {
  /** Address of the repository, without credentials. */
  readonly address: string;
  readonly credentials: Credentials | undefined;
  /** Tells whether the operator lets contents be fetched from an address. */
  isAllowed(address: string): Promise<boolean>;
}

/** Content of a file, or the reason why it is not had. */
export type Outcome = Uint8Array | string;

/** Called with each outcome as it comes, so that no two contents are held at a time. */
export type TakeOutcome = (file: LargeFile, outcome: Outcome) => Promise<void>;

const MEDIA_TYPE = 'application/vnd.git-lfs+json';
/** Longest answer to a batch. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Fetches contents with the batch API of Git LFS, "basic" transfers only. What comes is not checked yet. `.lfsconfig` is not asked: the server is
 * that of the repository.
 *
 * @throws as `Source` does where the server does not answer the batch
 */
export async function fetchLargeFiles(
  server: LfsServer,
  files: readonly LargeFile[],
  take: TakeOutcome,
  deadline: Deadline,
): Promise<void> {
  const answers = await askBatch(server, files, deadline);
  for (const file of files) {
    const answer = answers.get(file.oid);
    const action = asFields(asFields(answer?.['actions'])?.['download']);
    await take(file, action ? await download(server, file, { answer, action }, deadline) : refusalOf(answer));
  }
}

async function askBatch(
  { address, credentials }: LfsServer,
  files: readonly LargeFile[],
  deadline: Deadline,
): Promise<ReadonlyMap<string, Fields>> {
  const url = `${address.replace(/(\.git)?\/*$/, '.git')}/info/lfs/objects/batch`;
  const objects = files.map(({ oid, size }) => ({ oid, size }));
  const request = { operation: 'download', transfers: ['basic'], objects, hash_algo: 'sha256' };
  const body = [Buffer.from(JSON.stringify(request))];
  const headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE };
  try {
    const response = await createHttpClient(credentials)(deadline).request({
      url,
      method: 'POST',
      headers,
      body,
    });
    if (response.statusCode !== 200)
      throw failedResponse(url, response, { anonymous: credentials === undefined });
    const answer = asFields(
      JSON.parse(Buffer.from(await collect(response.body, MAX_ANSWER_BYTES)).toString()),
    );
    const listed = (asList(answer?.['objects']) ?? []).map((one): Fields => asFields(one) ?? {});
    return new Map(listed.map((one) => [asString(one['oid']) ?? '', one]));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw gitError(`${url}: the server does not answer as one of Git LFS`, error);
    throw failedConnection(url, error, deadline.signal);
  }
}

function refusalOf(answer: Fields | undefined): string {
  const error = asFields(answer?.['error']);
  if (error === undefined) return 'its server does not say where it is';
  return `its server says ${asText(error['code'])}: ${asString(error['message']) ?? 'no reason'}`;
}

interface Download {
  readonly answer: Fields | undefined;
  readonly action: Fields;
}

async function download(
  server: LfsServer,
  { size }: LargeFile,
  { answer, action }: Download,
  deadline: Deadline,
): Promise<Outcome> {
  const href = asString(action['href']) ?? '';
  const place = URL.canParse(href) ? new URL(href) : null;
  if (place === null || parseModuleLocation(href)?.kind !== 'http')
    return 'its server names no http(s) address for it';
  const isOwn = place.origin === new URL(server.address).origin;
  if (!isOwn && !(await server.isAllowed(`${place.origin}${place.pathname}`)))
    return `its server keeps it at ${place.origin}, which is not below a place that large files are fetched from`;
  const headers = headersOf(action['header']);
  const isSigned = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  // Only its own server is told what the repository is read with.
  const credentials =
    isOwn && !isSigned && answer?.['authenticated'] !== true ? server.credentials : undefined;
  try {
    const response = await createHttpClient(credentials)(deadline).request({
      url: href,
      method: 'GET',
      headers,
    });
    if (response.statusCode !== 200)
      return `${place.origin} answers ${response.statusCode} ${response.statusMessage}`;
    return await collect(response.body, size);
  } catch (error) {
    const failed = failedConnection(place.origin, error, deadline.signal);
    if (deadline.signal.aborted || !isReconcilerError(failed)) throw failed;
    return failed.message;
  }
}

/** Headers that say whom a request is for, or how it comes: a server has others sent along, and does not choose these. */
const OURS =
  /^(host|connection|content-length|expect|forwarded|te|trailer|transfer-encoding|upgrade|proxy-.*|x-forwarded-.*)$/i;

function headersOf(value: unknown): Record<string, string> {
  const entries = Object.entries(asFields(value) ?? {});
  return toRecord(
    entries.flatMap(([name, text]) =>
      typeof text === 'string' && !OURS.test(name.trim()) ? [[name, text] as const] : [],
    ),
  );
}

async function collect(body: AsyncIterable<Uint8Array> | undefined, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw gitError(`the server sends more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
