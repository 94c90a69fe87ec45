import { describe, expect, it } from 'vitest';
import { foldRepeated } from '../../../api/web/client/fold-repeated.ts';
import { cutPage, pageOf } from '../../../api/web/client/pages.ts';

describe('what came again and again', () => {
  interface Entry {
    readonly of: string;
    readonly why: string;
    readonly at: number;
  }
  const entries = (text: string): readonly Entry[] =>
    text.split(' ').map((word, index) => ({ of: word[0] ?? '', why: word.slice(1), at: -index }));
  const isSame = (a: Entry, b: Entry) => a.why === b.why && a.why !== '';
  const tell = (folded: ReturnType<typeof foldRepeated<Entry>>) =>
    folded.map(
      ({ newest, oldest, times }) => `${newest.of}${newest.why} ${newest.at}..${oldest.at} ${times}`,
    );

  it.each([
    ['one after the other', 'ax ax ax', ['ax 0..-2 3']],
    ['with another one between', 'ax ay ax', ['ax 0..0 1', 'ay -1..-1 1', 'ax -2..-2 1']],
    ['of nobody', 'a a', ['a 0..0 1', 'a -1..-1 1']],
  ])('is folded: %s', (_, text, wanted) => {
    expect(tell(foldRepeated(entries(text), { isSame }))).toEqual(wanted);
  });

  it('is folded by kind, each in the place of its newest', () => {
    const folded = foldRepeated(entries('ax bz ax bz a ax'), { kindOf: ({ of }) => of, isSame });

    expect(tell(folded)).toEqual(['ax 0..-2 2', 'bz -1..-3 2', 'a -4..-4 1', 'ax -5..-5 1']);
  });
});

describe('pages of a list', () => {
  it.each([
    [undefined, 1],
    ['', 1],
    ['1', 1],
    ['12', 12],
    ['0', 1],
    ['-3', 1],
    ['2.5', 1],
    ['many', 1],
    ['1e9', 1],
    ['99999999', 1],
  ])('are named by an address: %j is %d', (text, page) => {
    expect(pageOf(text)).toBe(page);
  });

  it.each([
    [1, ['a', 'b'], 1],
    [3, ['e'], 3],
    [9, ['e'], 3],
  ])('are cut: page %d', (page, shown, at) => {
    expect(cutPage(['a', 'b', 'c', 'd', 'e'], page, 2)).toEqual({
      shown,
      pagination: { page: at, per_page: 2, total: 5, total_pages: 3 },
    });
  });

  it('are one of a list that is empty', () => {
    expect(cutPage([], 4, 2)).toEqual({
      shown: [],
      pagination: { page: 1, per_page: 2, total: 0, total_pages: 1 },
    });
  });
});
