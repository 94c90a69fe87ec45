import { describe, expect, it } from 'vitest';
import { parseDockerIgnore } from '../../../reconciler/config/kombination/checks/docker-ignore.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';

const FILES = [
  '.dockerignore',
  'Dockerfile',
  'a.log',
  'app/a.log',
  'app/b/c.log',
  'app/main.ts',
  'node_modules/x/y.js',
];

function kept(text: string, files: readonly string[] = FILES): readonly string[] {
  const ignore = parseDockerIgnore(text);
  if (isProblem(ignore)) throw new Error(ignore.problem);
  return files.filter((path) => !ignore(path));
}

describe('.dockerignore', () => {
  it.each([
    { text: '', left: [] },
    { text: '# a.log\n\n', left: [] },
    { text: '*.log', left: ['a.log'] },
    { text: '**/*.log', left: ['a.log', 'app/a.log', 'app/b/c.log'] },
    { text: '*/*.log', left: ['app/a.log'] },
    { text: 'node_modules', left: ['node_modules/x/y.js'] },
    { text: '/node_modules/', left: ['node_modules/x/y.js'] },
    { text: './app/./b', left: ['app/b/c.log'] },
    { text: 'app/../a.log', left: ['a.log'] },
    { text: '**/b', left: ['app/b/c.log'] },
    { text: 'app/**', left: ['app/a.log', 'app/b/c.log', 'app/main.ts'] },
    { text: 'app\n!app/main.ts', left: ['app/a.log', 'app/b/c.log'] },
    { text: '!a.log\n*.log', left: ['a.log'] },
    {
      text: '*\n!app\n**/*.log',
      left: ['.dockerignore', 'Dockerfile', 'a.log', 'app/a.log', 'app/b/c.log', 'node_modules/x/y.js'],
    },
    { text: '?.log\r\n', left: ['a.log'] },
    { text: '[a-b].log', left: ['a.log'] },
    { text: '[^a].log', left: [] },
    { text: 'a\\.log', left: ['a.log'] },
    { text: '\uFEFFa.log', left: ['a.log'] },
    { text: 'a.lo', left: [] },
    { text: 'aXlog', left: [] },
  ])('leaves out $left with "$text"', ({ text, left }) => {
    expect(kept(text)).toEqual(FILES.filter((path) => !left.includes(path)));
  });

  it('takes no longer for many stars than for one', () => {
    const ignore = parseDockerIgnore(`${'*a'.repeat(100)}*b\n${'**/'.repeat(100)}x\n${'**a'.repeat(100)}b`);
    if (isProblem(ignore)) throw new Error(ignore.problem);
    expect(ignore('a'.repeat(255))).toBe(false);
    expect(ignore(`${'a/'.repeat(500)}a`)).toBe(false);
    // The parts of the patterns times the characters; ways to spread the stars there are more than atoms.
    expect(ignore.work.steps).toBeLessThan(2_000_000);
  });

  it.each(['x\n'.repeat(1_001), 'y'.repeat(1_001)])('refuses more than anybody writes', (text) => {
    expect(parseDockerIgnore(text)).toHaveProperty('problem');
  });

  it.each(['!', 'a\n[b'])('refuses "%s"', (text) => {
    expect(parseDockerIgnore(text)).toMatchObject({ problem: expect.stringContaining('is not a pattern') });
  });
});
