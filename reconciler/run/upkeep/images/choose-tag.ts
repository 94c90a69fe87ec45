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
/** The same for all patterns of a look together. */
const ALL_MATCHING_MS = 5_000;

/** Time that patterns have left, of all services of a look. */
export interface MatchingTime {
  leftMs: number;
}

export function createMatchingTime(): MatchingTime {
  return { leftMs: ALL_MATCHING_MS };
}

/** Tags that there are, and the one that is written. */
export interface TagChoice {
  readonly current: string;
  readonly tags: readonly string[];
}

/**
 * The newest tag that fits, `null` where none is newer than the one that is written. Of versions those count that have as many numbers and the same variant
 * (`-alpine`) as the one that is written; those before a version only where the range names such. Pure, but for the time of patterns: throws an Error
 * when one takes too long, and when the one that is written is a version of another form, whose place among the others nobody can tell.
 */
export function chooseTag(
  update: Exclude<ImageUpdate, { policy: 'digest' }>,
  choice: TagChoice,
  matching: MatchingTime,
): string | null {
  return update.policy === 'semver'
    ? chooseVersion(update.range, choice)
    : chooseMatch(update, choice, matching);
}

/** A number with dots: a version, in whatever form. */
const NUMBERS = /^v?\d+(?:\.\d+)+/;

function chooseVersion(range: string, { current, tags }: TagChoice): string | null {
  const written = readVersion(current);
  if (written === null && NUMBERS.test(current))
    throw new Error(
      `${current} is no version of one, two or three numbers: order its tags by a pattern (policy: regex)`,
    );
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
  { current, tags }: TagChoice,
  matching: MatchingTime,
): string | null {
  const keys = keysOf(pattern, [current, ...tags], matching);
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
function keysOf(
  pattern: string,
  tags: readonly string[],
  matching: MatchingTime,
): readonly (string | null)[] {
  if (matching.leftMs < 1)
    throw new Error(`patterns of other services took ${ALL_MATCHING_MS / 1_000} s: write simpler ones`);
  const begun = performance.now();
  try {
    return matchAll(pattern, tags, Math.ceil(Math.min(MATCHING_MS, matching.leftMs)));
  } finally {
    matching.leftMs -= performance.now() - begun;
  }
}

function matchAll(pattern: string, tags: readonly string[], timeout: number): readonly (string | null)[] {
  const script =
    'const expression = new RegExp(pattern, "u"); JSON.stringify(JSON.parse(tags).map((tag) => { const match = expression.exec(tag); return match === null ? null : (match[1] ?? match[0]); }))';
  const found: unknown = runInNewContext(script, { pattern, tags: JSON.stringify(tags) }, { timeout });
  const keys: unknown = typeof found === 'string' ? JSON.parse(found) : [];
  return Array.isArray(keys) ? keys.map((key: unknown) => (typeof key === 'string' ? key : null)) : [];
}
