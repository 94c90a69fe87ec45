import { describe, expect, it } from 'vitest';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { parseGlob } from '../../../reconciler/config/glob.ts';

function matching(glob: string, paths: readonly string[]): readonly string[] {
  const match = parseGlob(glob);
  if (isProblem(match)) throw new Error(match.problem);
  return paths.filter((path) => match(path, { steps: 0 }));
}

const PATHS = ['a', 'a/b', 'a/b/c', 'a/.b', 'b.yaml', 'ab', 'drafts', 'drafts/x/kombination.yaml'];

describe('a glob', () => {
  it.each([
    ['**', PATHS],
    ['*', ['a', 'b.yaml', 'ab', 'drafts']],
    ['a/*', ['a/b', 'a/.b']],
    ['a/**', ['a', 'a/b', 'a/b/c', 'a/.b']],
    ['**/b', ['a/b']],
    ['a/**/c', ['a/b/c']],
    ['**/*.yaml', ['b.yaml', 'drafts/x/kombination.yaml']],
    ['./a', ['a']],
    ['{a,drafts}/**', ['a', 'a/b', 'a/b/c', 'a/.b', 'drafts', 'drafts/x/kombination.yaml']],
    ['a{,b}', ['a', 'ab']],
    ['?', ['a']],
    ['[a-c]b', ['ab']],
    ['[!a]*', ['b.yaml', 'drafts']],
    ['!{a,drafts}{,/**}', ['b.yaml', 'ab']],
    ['\\*', []],
    ['a**', ['a', 'ab']],
  ])('%s matches %j', (glob, expected) => {
    expect(matching(glob, PATHS)).toEqual(expected);
  });

  it.each(['+(a|b)', '!(a)', '(a|b)', '[a', '{a', 'a\\', '{a,b}'.repeat(7), 'x'.repeat(501)])(
    'is refused where it is another form, or too much: %s',
    (glob) => {
      expect(parseGlob(glob)).toMatchObject({ hint: expect.stringContaining('understood') as string });
    },
  );

  it('takes no longer for many stars than for one', () => {
    const work = { steps: 0 };
    const match = parseGlob(`${'*a'.repeat(100)}*b`);
    if (isProblem(match)) throw new Error(match.problem);
    expect(match('a'.repeat(255), work)).toBe(false);
    expect(work.steps).toBeLessThan(100_000);
  });
});
