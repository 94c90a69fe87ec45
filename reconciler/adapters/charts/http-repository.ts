import { parse } from 'yaml';
import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { suggest } from '../../base/nearest.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { ChartArchive } from '../../model/kubernetes/chart-archive.ts';
import { hintOnAccess } from './chart-credentials.ts';
import type { FetchedBytes, FetchOptions } from './fetch-bytes.ts';
import { fetchBytes, hostOf } from './fetch-bytes.ts';

/** Indexes of large repositories have some ten megabytes. */
const MAX_INDEX_BYTES = 64 * 1024 ** 2;
/** The part of an index about one chart. */
const MAX_ENTRY_CHARACTERS = 8 * 1024 ** 2;

/** Gets a chart of an HTTP repository (https://helm.sh/docs/topics/chart_repository/): its index leads to the archive. */
export async function fetchFromHttp(
  { address, chart, version }: ChartArchive,
  options: FetchOptions,
): Promise<Buffer | Problem> {
  const base = address.endsWith('/') ? address : `${address}/`;
  const index = await fetchBytes(`${base}index.yaml`, { ...options, maxBytes: MAX_INDEX_BYTES });
  if (isProblem(index)) return index;
  if (index.status !== 200) return refusedBy(index, 'its index', options);
  const found = findInIndex(index.bytes.toString('utf8'), chart, version);
  if (isProblem(found)) return { ...found, problem: `${hostOf(address)}: ${found.problem}` };
  if (!URL.canParse(found.url, base))
    return { problem: `the index of ${hostOf(address)} has no address of the archive` };
  const archive = await fetchBytes(new URL(found.url, base).href, options);
  if (isProblem(archive)) return archive;
  if (archive.status === 200) return archive.bytes;
  return refusedBy(archive, 'the archive', options);
}

function refusedBy(
  { url, status }: Pick<FetchedBytes, 'url' | 'status'>,
  what: string,
  { authorize }: FetchOptions,
): Problem {
  const problem = `${hostOf(url)} answers ${status} when asked for ${what}`;
  const isClosed = status === 401 || status === 403;
  return { problem, ...(isClosed ? { hint: hintOnAccess(url, authorize?.(url) !== undefined) } : {}) };
}

/** Finds where an index says that a version of a chart is. */
export function findInIndex(
  text: string,
  chart: string,
  version: string,
): { readonly url: string } | Problem {
  const found = versionsOf(text, chart, version);
  if (isProblem(found)) return found;
  const { versions, known } = found;
  const entry = versions.map((one) => asFields(one)).find((one) => one?.['version'] === version);
  if (entry === undefined) {
    const hint = suggest(version, known) ?? (known[0] === undefined ? undefined : `the first is ${known[0]}`);
    return { problem: `there is no version ${version} of ${chart}`, ...(hint === undefined ? {} : { hint }) };
  }
  const [url] = asList(entry['urls']) ?? [];
  return { url: asString(url) ?? '' };
}

interface FoundVersions {
  /** Entries that may be the version. */
  readonly versions: readonly unknown[];
  /** Versions that there are. */
  readonly known: readonly string[];
}

/**
 * Returns the entries of a chart. Helm writes an index in one way, so that the part about one chart, and in it about one version, is found by its
 * indent: to parse all of a large one takes longer than anybody waits.
 */
function versionsOf(text: string, chart: string, version: string): FoundVersions | Problem {
  try {
    const part = text.trimStart().startsWith('{') ? null : partOf(text, chart);
    if (part === undefined) return { problem: `there is no chart ${chart}` };
    const items = part === null ? null : itemsOf(part);
    if (items !== null) {
      const wanted = items.filter((item) => versionIn(item) === version);
      const known = items.flatMap((item) => versionIn(item) ?? []);
      return { versions: wanted.flatMap((item) => asList(parse(item, { logLevel: 'silent' })) ?? []), known };
    }
    const value: unknown = part === null ? JSON.parse(text) : parse(part, { logLevel: 'silent' });
    const list =
      part === null ? own(asFields(asFields(value)?.['entries']), chart) : own(asFields(value), chart);
    const versions = asList(list);
    if (versions === undefined) return { problem: `there is no chart ${chart}` };
    return { versions, known: versions.flatMap((one) => asString(asFields(one)?.['version']) ?? []) };
  } catch (error) {
    const [line = ''] = errorMessage(error).split('\n', 1);
    return { problem: `its index cannot be read: ${line.slice(0, 200)}` };
  }
}

/** Takes a part apart into its items, each as a list of one; `null` where it is not written line by line. */
function itemsOf(part: string): readonly string[] | null {
  const [, indent] = /^[^\n]*:[ \t]*\n( *)- /.exec(part) ?? [];
  if (indent === undefined) return null;
  const items = part.split(new RegExp(`\n(?=${indent}- )`)).slice(1);
  return items.every((item) => versionIn(item) !== undefined) ? items : null;
}

/** The version that an item says, by its indent: those of its dependencies stand deeper. */
function versionIn(item: string): string | undefined {
  const indent = /^ *- /.exec(item)?.[0].length ?? 0;
  const written = new RegExp(
    `(?:^ *- |\n {${indent}})version:[ \t]*(["']?)([0-9A-Za-z.+_-]+)\\1[ \t]*(?=\n|$)`,
  );
  return written.exec(item)?.[2];
}

function partOf(text: string, chart: string): string | undefined {
  const start = /^entries:[ \t]*$/m.exec(text)?.index;
  if (start === undefined) return undefined;
  const names = [chart, `"${chart}"`, `'${chart}'`].map((name) => `\n  ${name}:`);
  const at = names.map((name) => text.indexOf(name, start)).find((index) => index >= 0);
  if (at === undefined) return undefined;
  const rest = text.slice(at + 1, at + MAX_ENTRY_CHARACTERS);
  // The next key of the same indent, or of less; items of a list may have the indent of their key.
  const end = /\n(?! {2}-| {3}|\n)/.exec(rest)?.index ?? rest.length;
  return rest.slice(0, end + 1);
}
