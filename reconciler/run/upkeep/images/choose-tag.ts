import { runInNewContext } from 'node:vm';
import type { SemVer } from 'semver';
import { compare, parse, satisfies } from 'semver';
import type { ImageUpdate } from '../../../model/docker/image-update.ts';

/** A tag that is a version. */
interface Version {
  readonly tag: string;
  readonly version: SemVer;
  /** Numbers that are written: 2 of `1.29`. */
  readonly parts: number;
  /** Build of an image beside others of the version, `alpine`; `''`: none. */
  readonly variant: string;
  readonly hasV: boolean;
}

/** Ends of tags that are versions before a version, and no variants of it. */
const PRERELEASE = /^(?:alpha|beta|rc|pre|preview|dev|next|canary|nightly|snapshot|m)[.-]?\d*(?:[.-]\d+)*$/i;
/** Time for a pattern on all tags, in milliseconds: one that is slow by its nature holds up everything else. */
const MATCHING_MS = 500;

/**
 * The newest tag that fits, `null` where none is newer than the one that is written. Of versions those count that have as many numbers and the same variant
 * (`-alpine`) as the one that is written; those before a version only where the range names such. Pure, but for the time of a pattern: throws an Error
 * when it takes too long.
 *
 * @param current the tag that is written
 */
export function chooseTag(
  update: Exclude<ImageUpdate, { policy: 'digest' }>,
  current: string,
  tags: readonly string[],
): string | null {
  return update.policy === 'semver'
    ? chooseVersion(update.range, current, tags)
    : chooseMatch(update, current, tags);
}

function chooseVersion(range: string, current: string, tags: readonly string[]): string | null {
  const written = readVersion(current);
  const fitting = tags
    .map(readVersion)
    .filter((one) => one !== null)
    .filter((one) => one.variant === (written?.variant ?? ''))
    .filter((one) => written === null || one.parts === written.parts)
    .filter((one) => satisfies(one.version, range))
    .sort((a, b) => order(a, b, written?.hasV === true));
  const newest = fitting.at(-1);
  if (newest === undefined) return null;
  return written !== null && compare(newest.version, written.version) <= 0 ? null : newest.tag;
}

/** The greater version last; of the same one the more exact tag, then the one that is written like the current one. */
function order(a: Version, b: Version, hasV: boolean): number {
  return (
    compare(a.version, b.version) || a.parts - b.parts || Number(a.hasV === hasV) - Number(b.hasV === hasV)
  );
}

function readVersion(tag: string): Version | null {
  const match = /^(v?)(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-(.+))?$/.exec(tag);
  if (match === null) return null;
  const [, v = '', major = '0', minor, patch, end = ''] = match;
  const prerelease = PRERELEASE.test(end) ? `-${end}` : '';
  const numbers = [major, minor ?? '0', patch ?? '0'].map(Number).join('.');
  const version = parse(`${numbers}${prerelease}`) ?? parse(numbers);
  const parts = 1 + Number(minor !== undefined) + Number(patch !== undefined);
  return version && { tag, version, parts, variant: prerelease === '' ? end : '', hasV: v !== '' };
}

function chooseMatch(
  { pattern, order: by }: Extract<ImageUpdate, { policy: 'regex' }>,
  current: string,
  tags: readonly string[],
): string | null {
  const keys = keysOf(pattern, [current, ...tags]);
  const compareKeys = (a: string, b: string) =>
    by === 'numeric' ? Number(toNumber(a) - toNumber(b)) : a < b ? -1 : Number(a > b);
  const found = tags.flatMap((tag, index) => {
    const key = keys[index + 1] ?? null;
    return key === null || (by === 'numeric' && !/^\d{1,30}$/.test(key)) ? [] : [{ tag, key }];
  });
  const newest = found.sort((a, b) => compareKeys(a.key, b.key)).at(-1);
  const written = keys[0] ?? null;
  if (newest === undefined || newest.tag === current) return null;
  const isComparable = written !== null && (by === 'alphabetical' || /^\d{1,30}$/.test(written));
  return isComparable && compareKeys(newest.key, written) <= 0 ? null : newest.tag;
}

function toNumber(digits: string): bigint {
  return BigInt(digits);
}

/** The first group of a pattern, or all that it matches, by tag; in a world of its own, which can be stopped. */
function keysOf(pattern: string, tags: readonly string[]): readonly (string | null)[] {
  const script =
    'const expression = new RegExp(pattern, "u"); JSON.stringify(JSON.parse(tags).map((tag) => { const match = expression.exec(tag); return match === null ? null : (match[1] ?? match[0]); }))';
  const found: unknown = runInNewContext(
    script,
    { pattern, tags: JSON.stringify(tags) },
    { timeout: MATCHING_MS },
  );
  const keys: unknown = typeof found === 'string' ? JSON.parse(found) : [];
  return Array.isArray(keys) ? keys.map((key: unknown) => (typeof key === 'string' ? key : null)) : [];
}
