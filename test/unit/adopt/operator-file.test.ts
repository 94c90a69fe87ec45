import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addToOperatorFile } from '../../../reconciler/index.ts';

const LINES =
  'policy:\n  stacks:\n    wiki:\n      binds:\n        - /srv/wiki/data\n      adopts:\n        - wiki\n';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kombinator-operator-'));
  path = join(directory, 'state', 'operator.yaml');
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is made where there is none, for its owner alone', () => {
  addToOperatorFile(path, LINES);
  expect(readFileSync(path, 'utf8')).toBe(LINES);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it.each([
  {
    what: 'what stands there stays, comments too',
    there: '# mine\nfreeze: []\npolicy:\n  stacks:\n    shop: { devices: [/dev/dri] } # tv\n',
    found: ['# mine\n', 'shop: { devices: [ /dev/dri ] } # tv\n', '    wiki:\n', '- /srv/wiki/data\n'],
  },
  {
    what: 'lists get what they lack, once',
    there: 'policy:\n  stacks:\n    wiki:\n      binds:\n        - /srv/other\n      adopts: [wiki]\n',
    found: ['        - /srv/other\n        - /srv/wiki/data\n', 'adopts: [ wiki ]\n'],
  },
  {
    what: 'a word that allows more stays',
    there: 'policy:\n  stacks: everything\n',
    found: ['stacks: everything\n'],
  },
])('$what', ({ there, found }) => {
  path = join(directory, 'operator.yaml');
  writeFileSync(path, there);
  addToOperatorFile(path, LINES);
  addToOperatorFile(path, LINES);
  const text = readFileSync(path, 'utf8');
  for (const part of found) expect(text).toContain(part);
  expect(text.match(/wiki\/data/g) ?? []).toHaveLength(text.includes('everything') ? 0 : 1);
});

it('is left as it is where it is no YAML', () => {
  path = join(directory, 'operator.yaml');
  writeFileSync(path, 'policy: [\n');
  expect(() => addToOperatorFile(path, LINES)).toThrow(/is no YAML/);
  expect(readFileSync(path, 'utf8')).toBe('policy: [\n');
});
