import { describe, expect, it } from 'vitest';
import type { Sample } from '../../chaos/soak/slopes.ts';
import { formatSlopes, judgeSamples, lowestOf, slopeOf } from '../../chaos/soak/slopes.ts';

function samples(minutes: number, heapAt: (minute: number) => number): Sample[] {
  return Array.from({ length: minutes }, (_, minute) => ({
    minutes: minute,
    figures: {
      residentMiB: 100,
      heapMiB: heapAt(minute),
      buffersMiB: 2,
      descriptors: 40,
      handles: 5,
      timers: 5,
      listeners: 100,
      databaseMiB: 4,
    },
  }));
}

describe('a slope', () => {
  it('is that of the nearest line', () => {
    expect(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBeCloseTo(2);
    expect(
      slopeOf([
        [0, 1],
        [1, 4],
        [2, 1],
      ]),
    ).toBeCloseTo(0);
    expect(slopeOf([[1, 7]])).toBe(0);
  });
});

describe('what a process holds on to', () => {
  it('is flat when it goes up and down', () => {
    const slopes = judgeSamples(samples(120, (minute) => 50 + (minute % 2)));

    expect(slopes.every(({ isFlat }) => isFlat)).toBe(true);
    expect(formatSlopes(slopes)).toContain('soak: everything is flat');
  });

  it('rises when it leaks, and is named', () => {
    const text = formatSlopes(judgeSamples(samples(120, (minute) => 50 + minute)));

    expect(text).toMatch(/heap after collection .* 60\.0 MiB an hour .* RISES/);
    expect(text).toContain('soak: 1 of 8 rise');
  });

  it('may rise at first, while caches fill up', () => {
    const slopes = judgeSamples(samples(120, (minute) => Math.min(80, 50 + 2 * minute)));

    expect(slopes.find(({ figure }) => figure === 'heapMiB')).toMatchObject({ isFlat: true, first: 80 });
  });

  it('is not judged by a few minutes', () => {
    expect(judgeSamples(samples(3, (minute) => 50 + minute)).every(({ isFlat }) => isFlat)).toBe(true);
  });

  it('is the lowest of several looks: work that is under way holds more for a while', () => {
    const [calm, busy] = [samples(1, () => 50)[0]!, samples(1, () => 90)[0]!];
    const looks = { calm, busy: { ...busy, minutes: 1 } };

    expect(lowestOf([looks.calm, looks.busy])).toEqual({ minutes: 1, figures: calm.figures });
    expect(lowestOf([looks.busy, looks.calm]).figures).toEqual(calm.figures);
  });
});
