import { describe, expect, it } from 'vitest';
import { chooseFolds, splitFolds } from '../../../reconciler/adapters/git/fold-tags.ts';
import type { Repository } from '../../../reconciler/adapters/git/repository/repository.ts';
import type { FoldOptions } from '../../../reconciler/ports/source.ts';

/** Chooses among tags of these names below `refs/tags/deploy/`. */
async function choose(names: readonly string[], options: Partial<FoldOptions>) {
  const refs = { list: async () => names.map((name) => ({ name: `refs/tags/deploy/${name}`, id: name })) };
  const folds = await chooseFolds({ refs } as unknown as Pick<Repository, 'refs'>, {
    keep: 1,
    above: 2,
    except: [],
    ...options,
  });
  return folds.map(({ stack, tags }) => [stack, ...tags.map(({ id }) => id)]);
}

describe('tags that are folded', () => {
  it.each([
    { when: 'none of a stack that has few', names: ['web/1', 'web/2'], folded: [] },
    {
      when: 'the older ones by their numbers',
      names: ['web/1', 'web/10', 'web/9', 'web/11', 'db/1'],
      folded: [['web', 'web/1', 'web/9', 'web/10']],
    },
    {
      when: 'none that have no number of a deployment',
      names: ['web/1', 'web/2', 'web/old', 'web/07', 'web/3/x'],
      folded: [],
    },
  ])('are $when', async ({ names, folded }) => {
    expect(await choose(names, {})).toEqual(folded);
  });

  it('are none that wait to be pushed', async () => {
    const names = ['web/1', 'web/2', 'web/3', 'web/4'];
    expect(await choose(names, { except: ['deploy/web/2'] })).toEqual([['web', 'web/1', 'web/3']]);
  });

  it('are a thousand at a time', () => {
    const tags = (count: number, name: string) =>
      Array.from({ length: count }, (_, index) => ({ name: `${name}${index}`, id: '' }));
    const parts = splitFolds([
      { stack: 'a', tags: tags(1_500, 'a') },
      { stack: 'b', tags: tags(400, 'b') },
      { stack: 'c', tags: tags(200, 'c') },
    ]);
    const sizes = parts.map((part) => part.map((fold) => `${fold.stack} ${fold.tags.length}`));
    expect(sizes).toEqual([['a 1000'], ['a 500', 'b 400', 'c 100'], ['c 100']]);
    expect(parts[1]?.[0]?.tags[0]?.name).toBe('a1000');
  });
});
