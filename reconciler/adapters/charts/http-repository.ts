import { parse } from 'yaml';
import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { suggest } from '../../base/nearest.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { ChartArchive } from '../../model/kubernetes/chart-archive.ts';
import type { FetchOptions } from './fetch-bytes.ts';
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
  if (index.status !== 200)
    return { problem: `${hostOf(address)} answers ${index.status} when asked for its index` };
  const found = findInIndex(index.bytes.toString('utf8'), chart, version);
  if (isProblem(found)) return { ...found, problem: `${hostOf(address)}: ${found.problem}` };
  if (!URL.canParse(found.url, base))
    return { problem: `the index of ${hostOf(address)} has no address of the archive` };
  const archive = await fetchBytes(new URL(found.url, base).href, options);
  if (isProblem(archive)) return archive;
  if (archive.status === 200) return archive.bytes;
  return { problem: `${hostOf(archive.url)} answers ${archive.status} when asked for the archive` };
}

/** Finds where an index says that a version of a chart is. */
export function findInIndex(
  text: string,
  chart: string,
  version: string,
): { readonly url: string } | Problem {
  const versions = versionsOf(text, chart);
  if (isProblem(versions)) return versions;
  const known = versions.flatMap((one) => asString(asFields(one)?.['version']) ?? []);
  const entry = versions.map((one) => asFields(one)).find((one) => one?.['version'] === version);
  if (entry === undefined) {
    const hint = suggest(version, known) ?? (known[0] === undefined ? undefined : `the first is ${known[0]}`);
    return { problem: `there is no version ${version} of ${chart}`, ...(hint === undefined ? {} : { hint }) };
  }
  const [url] = asList(entry['urls']) ?? [];
  return { url: asString(url) ?? '' };
}

/**
 * Returns the entry of a chart. Helm writes an index in one way, so that the part about one chart is found by its indent: to parse all of a large
 * one takes longer than anybody waits.
 */
function versionsOf(text: string, chart: string): readonly unknown[] | Problem {
  try {
    const part = text.trimStart().startsWith('{') ? null : partOf(text, chart);
    if (part === undefined) return { problem: `there is no chart ${chart}` };
    const value: unknown = part === null ? JSON.parse(text) : parse(part, { logLevel: 'silent' });
    const list =
      part === null ? own(asFields(asFields(value)?.['entries']), chart) : own(asFields(value), chart);
    return asList(list) ?? { problem: `there is no chart ${chart}` };
  } catch (error) {
    const [line = ''] = errorMessage(error).split('\n', 1);
    return { problem: `its index cannot be read: ${line.slice(0, 200)}` };
  }
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
