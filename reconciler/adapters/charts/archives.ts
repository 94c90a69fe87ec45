import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import type { ChartArchive } from '../../model/kubernetes/chart-archive.ts';
import type { AllowedAddresses } from './allowed-addresses.ts';
import type { FetchOptions } from './fetch-bytes.ts';
import { fetchFromHttp } from './http-repository.ts';
import { fetchFromOci } from './oci-registry.ts';

/** Archives of charts on this machine, by digest. */
export interface Archives {
  /** Returns the path of an archive that has this digest, fetched if it is not there. Throws only when the signal aborts. */
  get(archive: ChartArchive, signal: AbortSignal): Promise<string | Problem>;
}

export interface ArchivesOptions {
  /** Made when it is missing. */
  readonly directory: string;
  readonly allowed: AllowedAddresses;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Default: that of the process. */
  readonly fetch?: typeof fetch;
}

/** Archives beyond this number go, those that were used longest ago first. */
const MAX_KEPT = 200;

export function createArchives(options: ArchivesOptions): Archives {
  return { get: (archive, signal) => getArchive(options, archive, signal) };
}

async function getArchive(
  options: ArchivesOptions,
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
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Two stacks may fetch the same one.
  const draft = `${path}.${randomUUID()}.part`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, path);
  await forgetOldest(directory);
  return path;
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

function fetchArchive(
  { allowed, timeoutMs, maxBytes, fetch: send = fetch }: ArchivesOptions,
  archive: ChartArchive,
  signal: AbortSignal,
): Promise<Buffer | Problem> {
  const whyNot = (url: string) => (allowed.has(url) ? null : allowed.refusal(url));
  const options: FetchOptions = { fetch: send, whyNot, timeoutMs, maxBytes, signal };
  return archive.address.startsWith('oci://')
    ? fetchFromOci(archive, options)
    : fetchFromHttp(archive, options);
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
