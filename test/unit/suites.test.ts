import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isWanted, suiteOf } from '../support/suites/suites.ts';
import packageJson from '../../package.json' with { type: 'json' };

const FILES = globSync('test/{contract,integration,e2e,unit}/**/*.test.ts');

describe('commands that run tests', () => {
  it('have each file in one of them, and all of them are run for each commit', () => {
    const script = readFileSync('.ci/run', 'utf8');
    for (const command of ['test', 'test:more', 'test:bounds'])
      expect(script).toMatch(new RegExp(`^suite \\d+ ${command}$`, 'm'));
    expect(packageJson.scripts.test).toContain('KOMBINATOR_TESTS=main ');
    expect(packageJson.scripts['test:more']).toContain('KOMBINATOR_TESTS=more ');
    const found = new Set(FILES.map(suiteOf));
    expect(found).toEqual(new Set(['main', 'more', 'bounds']));
  });

  it('name files that there are', () => {
    const named = packageJson.scripts['test:bounds'].split(' ').filter((word) => word.startsWith('test/'));
    expect(named.filter((file) => !FILES.includes(file))).toEqual([]);
  });

  it('take everything where nobody asks for a part', () => {
    expect(FILES.filter((file) => !isWanted(file, undefined))).toEqual([]);
    expect(isWanted('test/e2e/page/run-screens.test.ts', 'main')).toBe(false);
    expect(isWanted('test/e2e/page/run-screens.test.ts', 'main,more')).toBe(true);
  });
});
