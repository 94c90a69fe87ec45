import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFINITIONS } from '../../support/compose/compose-definitions.ts';
import { FULL } from '../../support/full-kombination.ts';
import { yamlBlocks } from '../grammar/samples.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Texts that people have written: the examples, what the documentation shows, and what tests say of every key. */
export function readCorpus(): readonly string[] {
  const files = (pattern: string) => globSync(pattern, { cwd: ROOT }).sort();
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  return [
    ...Object.values(DEFINITIONS),
    FULL,
    ...files('examples/kombinations/**/*.{yaml,yml}').map(read),
    ...files('schemas/kits/*/stackkit.json').map(read),
    ...files('docs/**/*.md').flatMap((file) => yamlBlocks(read(file))),
  ];
}
