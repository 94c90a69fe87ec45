import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';

function read(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-config-'));
  try {
    const path = join(directory, 'operator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, checkSchema).folding;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it.each([
  ['{}', { keep: 20, above: 100 }],
  ['git: { tags: { keep: 5 } }', { keep: 5, above: 100 }],
  ['git: { tags: { keep: 300 } }', { keep: 300, above: 300 }],
  ['git: { tags: { keep: 5, foldAbove: 50 } }', { keep: 5, above: 50 }],
  ['git: { tags: { foldAbove: 10 } }', { keep: 10, above: 10 }],
  ['git: { tags: { foldAbove: never } }', null],
])('tags of %s are folded so', (text, folding) => {
  expect(read(text)).toEqual(folding);
});

it.each([
  ['git: { tags: { keep: 200, foldAbove: 50 } }', /operator\.yaml:1:22: .*200 tags cannot be kept/],
  ['git: { tags: { keep: 0 } }', /operator\.yaml:1:/],
  ['git: { tags: { foldAbove: sometimes } }', /operator\.yaml:1:/],
  ['git: { tags: { fold: 3 } }', /operator\.yaml:1:/],
])('%s is refused with its place', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
