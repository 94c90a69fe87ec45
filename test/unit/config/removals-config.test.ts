import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function read(text: string): number | null {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-removals-'));
  directories.push(directory);
  const path = join(directory, 'operator.yaml');
  writeFileSync(path, text);
  return readDaemonConfig(path, createSchemaCheck()).maxRemovals;
}

it.each([
  ['{}', null],
  ['removals: {}', null],
  ['removals: { stacks: 0 }', 0],
  ['removals: { stacks: 3 }', 3],
])('%s lets %s stacks go at once', (text, stacks) => expect(read(text)).toBe(stacks));

it.each([
  'removals: { stacks: -1 }',
  'removals: { stacks: 1.5 }',
  'removals: { stacks: all }',
  'removals: 3',
])('%s is refused with its place', (text) =>
  expect(() => read(text)).toThrow(/operator\.yaml:1:\d+: error: /),
);
