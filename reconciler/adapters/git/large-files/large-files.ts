import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { LargeFile } from '../../../ports/source.ts';
import { isMissing } from '../errors.ts';
import type { Credentials, Location } from '../location.ts';
import { findPlace, parseModuleLocation } from '../modules/places.ts';
import type { Place } from '../modules/places.ts';
import { withDeadline } from '../remote/deadline.ts';
import type { TakeOutcome } from './lfs-client.ts';
import { fetchLargeFiles } from './lfs-client.ts';

/** Repository that pointers stand in, and what it is read with. */
export interface Origin {
  readonly location: Location;
  readonly credentials: Credentials | undefined;
  /** Its directory on this machine. */
  readonly commonDir: string;
}

/** Contents that Git LFS keeps, by the blobs of their pointers. */
export interface LargeFiles {
  /** Makes contents readable. Resolves to those that cannot be had, with the reason; `null`: nobody lets them be fetched. */
  fetch(
    origin: Origin,
    files: readonly LargeFile[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string | null>>;
  /** Size of a content that can be read, in bytes; `undefined`: the blob is no pointer, or its content is not here. */
  sizeOf(blob: string): number | undefined;
  read(blob: string): Promise<Uint8Array>;
  /** Tells whether something could not be had, and it is time to try again. */
  isDue(): boolean;
  /** Forgets what is due: whoever still wants it asks. */
  forgetDue(): void;
}

export interface LargeFilesOptions {
  readonly cacheDir: string;
  /** Places that the operator allows. None: pointers stay what they are. */
  readonly places: readonly Place[];
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Milliseconds until something that could not be fetched is asked for again. */
const RETRY_MS = 60_000;
/** Files that a server is asked for at a time. */
const BATCH = 100;

export function createLargeFiles(options: LargeFilesOptions): LargeFiles {
  const { places, clock } = options;
  const known = new Map<string, LargeFile>();
  const failed = new Map<string, { readonly reason: string; readonly retryAt: number }>();
  const due = () => [...failed].filter(([, { retryAt }]) => retryAt <= clock.elapsed());
  return {
    async fetch(origin, files, maxBytes, signal) {
      if (places.length === 0) return new Map(files.map(({ blob }) => [blob, null]));
      const wanted = files.filter(({ oid }) => !failed.has(oid));
      const reasons = await fetchAll(options, origin, { files: wanted, maxBytes }, signal);
      for (const { oid } of wanted) {
        const reason = reasons.get(oid);
        if (reason !== undefined) failed.set(oid, { reason, retryAt: clock.elapsed() + RETRY_MS });
      }
      const missing = new Map<string, string>();
      for (const file of files) {
        const reason = failed.get(file.oid)?.reason;
        if (reason === undefined) known.set(file.blob, file);
        else missing.set(file.blob, reason);
      }
      return missing;
    },
    sizeOf: (blob) => known.get(blob)?.size,
    read: (blob) => readFile(pathOf(options, known.get(blob)?.oid ?? '')),
    isDue: () => due().length > 0,
    forgetDue: () => due().forEach(([oid]) => failed.delete(oid)),
  };
}

interface Request {
  readonly files: readonly LargeFile[];
  readonly maxBytes: number;
}

/** Brings files into the cache. Resolves to the reasons why some are not there, by oid. */
async function fetchAll(
  options: LargeFilesOptions,
  origin: Origin,
  { files, maxBytes }: Request,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  const absent: LargeFile[] = [];
  for (const file of new Map(files.map((one) => [one.oid, one])).values()) {
    if (file.size > maxBytes)
      reasons.set(file.oid, `it has ${file.size} bytes, and a file may have no more than ${maxBytes}`);
    else if ((await readChecked(pathOf(options, file.oid), file)) === null) absent.push(file);
  }
  for (let start = 0; start < absent.length; start += BATCH) {
    const batch = absent.slice(start, start + BATCH);
    const left = new Set(batch.map(({ oid }) => oid));
    const take: TakeOutcome = async (file, outcome) => {
      left.delete(file.oid);
      const reason = typeof outcome === 'string' ? outcome : await keep(options, file, outcome);
      if (reason !== null) reasons.set(file.oid, reason);
    };
    try {
      await getFiles(options, { origin, files: batch, take }, signal);
    } catch (error) {
      signal.throwIfAborted();
      for (const oid of left) reasons.set(oid, `it cannot be fetched: ${errorMessage(error)}`);
    }
  }
  return reasons;
}

interface Batch {
  readonly origin: Origin;
  readonly files: readonly LargeFile[];
  readonly take: TakeOutcome;
}

/** Gets files from the server of a repository, or out of the repository itself where that is on this machine. */
async function getFiles(
  { places, timeoutMs }: LargeFilesOptions,
  { origin, files, take }: Batch,
  signal: AbortSignal,
): Promise<void> {
  const { location, credentials, commonDir } = origin;
  const { kind, address } = location;
  const isAllowed = async (text: string) => {
    const written = parseModuleLocation(text);
    return written !== null && (await findPlace(places, written)) !== null;
  };
  const refusal = !(await isAllowed(address))
    ? `${address} is not below a place that large files are fetched from`
    : kind === 'ssh'
      ? 'large files are fetched over http(s), and the repository is read over ssh'
      : null;
  if (refusal !== null) {
    for (const file of files) await take(file, refusal);
  } else if (kind === 'http') {
    const server = { address, credentials, isAllowed };
    await withDeadline({ location: address, timeoutMs, signal }, (deadline) =>
      fetchLargeFiles(server, files, take, deadline),
    );
  } else {
    for (const file of files) {
      const path = join(commonDir, 'lfs', 'objects', file.oid.slice(0, 2), file.oid.slice(2, 4), file.oid);
      await take(file, (await readChecked(path, file)) ?? `${address} does not have it either`);
    }
  }
}

/** Writes a content that is what its pointer says; else returns what is wrong with it. */
async function keep(
  options: LargeFilesOptions,
  file: LargeFile,
  content: Uint8Array,
): Promise<string | null> {
  if (!isContent(content, file)) return 'the server sends something else than what the pointer names';
  const path = pathOf(options, file.oid);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Another name comes first, so that nobody reads half of it.
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
  return null;
}

function pathOf({ cacheDir }: Pick<LargeFilesOptions, 'cacheDir'>, oid: string): string {
  return join(cacheDir, 'lfs', oid.slice(0, 2), oid);
}

async function readChecked(path: string, file: LargeFile): Promise<Uint8Array | null> {
  try {
    const content = await readFile(path);
    return isContent(content, file) ? content : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isContent(content: Uint8Array, { oid, size }: LargeFile): boolean {
  return content.byteLength === size && createHash('sha256').update(content).digest('hex') === oid;
}
