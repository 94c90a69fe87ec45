import { describe, expect, it } from 'vitest';
import { parseGitModules } from '../../../reconciler/adapters/git/modules/git-modules.ts';
import { editText } from '../../../reconciler/desired/text/document-text.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';

/*
 * Texts at which a regular expression takes time by the square of their length: minutes to an hour for a file of a megabyte, in which nothing
 * else is done. None of these comes to its end otherwise.
 */

const HEAD = 'version: "1.0"\nmeta: { name: s }\n';
const many = (text: string) => text.repeat(900_000 / text.length);

describe('long texts of a repository', () => {
  it.each([
    { what: 'a broken file of empty lines', text: `${many('\n')}x: [`, code: 'YAML_SYNTAX' },
    {
      what: 'a number without end',
      text: `${HEAD}services: { web: { image: a, cpus: "${many('1')}!" } }\n`,
      code: 'INVALID_FORMAT',
    },
    {
      what: 'an address of colons',
      text: `${HEAD}services: { web: { image: a, networks: { default: { ipv6_address: "${many(':')}g" } } } }\n`,
      code: 'INVALID_FORMAT',
    },
  ])('are read in the time that they are worth: $what', async ({ text, code }) => {
    const { push, state } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': text });
    expect(state.diagnostics().map((finding) => finding.code)).toContain(code);
  });

  it('are changed in the time that they are worth', () => {
    const text = `a: 1${'\n'.repeat(200_000)}b: 2\n`;
    expect(editText(text, { a: 3 }).replaceAll('\n', '')).toBe('a: 3b: 2');
    expect(editText('a: 1\n# of a\n\n  \n# of b\nb: 2\n', { a: 3 })).toBe(
      'a: 3\n# of a\n\n  \n# of b\nb: 2\n',
    );
  });

  it('name no modules', () => {
    expect(parseGitModules(`[submodule "a"]\n path = a\n url = ../a\n[x${many(' ')}y\n`)).toEqual([
      { path: 'a', url: '../a' },
    ]);
  });
});
