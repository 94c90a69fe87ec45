import { describe, expect, it } from 'vitest';
import { tellDuration } from '../../../api/web/parts/duration.ts';

describe('a duration in words', () => {
  it.each([
    [null, ''],
    [0, '1 ms'],
    [949, '949 ms'],
    [950, '1.0 s'],
    [1_240, '1.2 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [80_000, '1 min 20 s'],
    [119_499, '1 min 59 s'],
    [119_600, '2 min 0 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_600, '1 h 0 min'],
    [7_199_600, '2 h 0 min'],
    [93_600_000, '26 h 0 min'],
  ])('is of %s ms: %s', (milliseconds, words) => {
    expect(tellDuration(milliseconds)).toBe(words);
  });
});
