import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import type { ChartArchive } from '../../model/kubernetes/chart-archive.ts';
import type { AllowedAddresses } from './allowed-addresses.ts';
import type { ChartCredentials } from './chart-credentials.ts';
import type { FetchOptions } from './fetch-bytes.ts';
import { hostOf, SILENT } from './fetch-bytes.ts';
import { fetchFromHttp } from './http-repository.ts';
import { fetchFromOci } from './oci-registry.ts';

/** Archives of charts on this machine, by digest. */
export interface Archives {
  /** Returns the path of an archive that has this digest, fetched if it is not there. Throws only when the signal aborts. */
  get(archive: ChartArchive, signal: AbortSignal): Promise<string | Problem>;
}

interface Silence {
  /** Moment as `performance.now` counts. */
  readonly until: number;
  readonly problem: Problem;
}

type Parts = ArchivesOptions & {
  /** Servers that did not answer, by host. */
  readonly silent: Map<string, Silence>;
};

export interface ArchivesOptions {
  /** Made when it is missing. */
  readonly directory: string;
  readonly allowed: AllowedAddresses;
  readonly credentials: ChartCredentials;
  /** Time for one archive, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Default: that of the process. */
  readonly fetch?: typeof fetch;
}

/** Archives beyond this number go, those that were used longest ago first. */
const MAX_KEPT = 200;
const DRAFT = '.part';

export function createArchives(options: ArchivesOptions): Archives {
  const parts: Parts = { ...options, silent: new Map() };
  return { get: (archive, signal) => getArchive(parts, archive, signal) };
}

async function getArchive(
  options: Parts,
  archive: ChartArchive,
  signal: AbortSignal,
): Promise<string | Problem> {
  const { directory } = options;
  const path = join(directory, `${archive.digest.replace('sha256:', '')}.tgz`);
  if (await isWhole(path, archive.digest)) return path;
  const bytes = await fetchArchive(options, archive, signal);
  if (isProblem(bytes)) return bytes;
  const found = digestOf(bytes);
  if (found !== archive.digest) {
    return {
      problem: `${archive.address} has another archive for ${archive.version}: ${found}`,
      hint: 'look what has changed there, and write this digest if you want it',
    };
  }
  try {
    await keep(path, bytes);
  } catch (error) {
    return { problem: `it cannot be kept in the state directory: ${errorMessage(error)}` };
  }
  return path;
}

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Two stacks may fetch the same one.
  const draft = `${path}.${randomUUID()}${DRAFT}`;
  try {
    await writeFile(draft, bytes, { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await forgetOldest(directory);
}

/** Takes away what a process that was killed has not finished writing. */
export async function sweepArchives(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (name.endsWith(DRAFT)) await rm(join(directory, name), { force: true });
}

/** A file that was cut short, or changed, is fetched again. */
async function isWhole(path: string, digest: string): Promise<boolean> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || digestOf(bytes) !== digest) return false;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
  return true;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A server that was silent is not waited for again for so many times its time: others may wait behind it. */
const SILENCE = 2;

async function fetchArchive(
  { allowed, credentials, timeoutMs, maxBytes, silent, fetch: send = fetch }: Parts,
  archive: ChartArchive,
  signal: AbortSignal,
): Promise<Buffer | Problem> {
  const whyNot = (url: string) => (allowed.has(url) ? null : allowed.refusal(url));
  const begun = performance.now();
  const host = hostOf(archive.address);
  const known = silent.get(host);
  if (known !== undefined && known.until > begun) return known.problem;
  const time = { limitMs: timeoutMs, endsAt: begun + timeoutMs };
  const options: FetchOptions = { fetch: send, whyNot, time, maxBytes, signal };
  const fetched = archive.address.startsWith('oci://')
    ? await fetchFromOci(archive, options, credentials)
    : await fetchFromHttp(archive, { ...options, authorize: (url) => credentials.basicFor(url) });
  silent.delete(host);
  if (!isProblem(fetched) || fetched.code !== SILENT) return fetched;
  const { code: _, ...problem } = fetched;
  silent.set(host, { until: performance.now() + SILENCE * timeoutMs, problem });
  return problem;
}

async function forgetOldest(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
  if (names.length <= MAX_KEPT) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const used = await stat(path).catch(() => null);
      return { path, used: used?.mtimeMs ?? 0 };
    }),
  );
  files.sort((a, b) => b.used - a.used);
  for (const { path } of files.slice(MAX_KEPT)) await rm(path, { force: true });
}
