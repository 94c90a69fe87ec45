import { describe, expect, it } from 'vitest';
import type { ImageUpdate } from '../../../../reconciler/model/docker/image-update.ts';
import { chooseTag, createMatchingTime } from '../../../../reconciler/run/upkeep/images/choose-tag.ts';

const TAGS =
  'latest 1 1.28 1.29 1.30 2 2.0 1.29.1 1.29.3 1.30.0-rc.1 1.30.0 v1.30.1 2.0.0 1.29.4-alpine 1.30.2-alpine 1.29-alpine 1.29.3-alpine3.20 edge nightly-20260101 sha-abc'.split(
    ' ',
  );

describe('the newest version that fits', () => {
  it.each([
    ['^1.29', '1.29.1', 'v1.30.1'],
    ['~1.29', '1.29.1', '1.29.3'],
    ['1.29.x', '1.29.3', null],
    ['^1', '1.28', '1.30'],
    ['*', '1', '2'],
    ['>=1', '1.29.1', '2.0.0'],
    ['^1.29', '1.29.1-alpine', '1.30.2-alpine'],
    ['^1.29', '1.28-alpine', '1.29-alpine'],
    ['~1.29', '1.29.1-alpine3.19', null],
    ['^1.29', 'latest', 'v1.30.1'],
    ['^3', '1.29.1', null],
    ['^1', '2.0.0', null],
    ['>=1.30.0-0 <1.30.0', '1.29.3', '1.30.0-rc.1'],
    ['^1.29', '1.30.0-rc.1', 'v1.30.1'],
    ['~1.29', '1.30.0', null],
  ])('of %s from %s is %s', (range, current, expected) => {
    expect(
      chooseTag({ policy: 'semver', range }, { current: current, tags: TAGS }, createMatchingTime()),
    ).toBe(expected);
    expect(
      chooseTag(
        { policy: 'semver', range },
        { current: current, tags: TAGS.toReversed() },
        createMatchingTime(),
      ),
    ).toBe(expected);
  });

  it.each(['4.0.15.2941-ls252', '1.2.3.4', 'v2026.01.02.1'])('of %s cannot be told', (current) => {
    const choice = { current, tags: TAGS };
    expect(() => chooseTag({ policy: 'semver', range: '*' }, choice, createMatchingTime())).toThrow(
      `${current} is no version of one, two or three numbers`,
    );
  });

  it('is written as the one before where it is there in both ways', () => {
    const both = ['v1.2.4', '1.2.4', '1.2.3', 'v1.2.3'];
    expect(
      chooseTag({ policy: 'semver', range: '^1' }, { current: 'v1.2.3', tags: both }, createMatchingTime()),
    ).toBe('v1.2.4');
    expect(
      chooseTag({ policy: 'semver', range: '^1' }, { current: '1.2.3', tags: both }, createMatchingTime()),
    ).toBe('1.2.4');
  });
});

describe('the newest tag of a pattern', () => {
  const tags = [
    'build-9',
    'build-10',
    'build-1000000000000000000000',
    'build-x',
    'main-2026-01-02',
    'main-2025-12-31',
  ];
  it.each<[string, 'numeric' | 'alphabetical', string, string | null]>([
    [String.raw`^build-(\d+)$`, 'numeric', 'build-9', 'build-1000000000000000000000'],
    [String.raw`^build-(\d{1,3})$`, 'numeric', 'build-9', 'build-10'],
    [String.raw`^build-(\d{1,3})$`, 'alphabetical', 'build-10', 'build-9'],
    [String.raw`^build-(\d{1,3})$`, 'numeric', 'build-10', null],
    [String.raw`^build-(\d{1,3})$`, 'numeric', 'build-11', null],
    [String.raw`^build-(\d{1,3})$`, 'numeric', 'latest', 'build-10'],
    ['^main-.*$', 'alphabetical', 'main-2025-12-31', 'main-2026-01-02'],
    ['^main-.*$', 'numeric', 'main-2025-12-31', null],
    ['^none$', 'numeric', 'build-9', null],
  ])('%s, %s, from %s is %s', (pattern, order, current, expected) => {
    expect(
      chooseTag({ policy: 'regex', pattern, order }, { current: current, tags: tags }, createMatchingTime()),
    ).toBe(expected);
  });

  it('is given up for a pattern that takes for ever', () => {
    const update: ImageUpdate = { policy: 'regex', pattern: '^(a+)+$', order: 'alphabetical' };
    expect(() =>
      chooseTag(update, { current: 'a', tags: [`${'a'.repeat(60)}!`] }, createMatchingTime()),
    ).toThrow('timed out');
  });

  it('is looked for as long as all patterns of a look have time together', () => {
    const update: ImageUpdate = { policy: 'regex', pattern: '^(a+)+$', order: 'alphabetical' };
    const choice = { current: 'a', tags: [`${'a'.repeat(60)}!`] };
    const matching = { leftMs: 20 };
    expect(() => chooseTag(update, choice, matching)).toThrow('timed out');
    expect(matching.leftMs).toBeLessThan(1);
    expect(() => chooseTag({ ...update, pattern: '^a$' }, choice, matching)).toThrow(
      'patterns of other services took 5 s',
    );
  });
});
