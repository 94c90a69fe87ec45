import { parse } from 'yaml';
import type { Piece } from './piece.ts';
import { toPiece } from './piece.ts';

/** Values that people write, by the key that they write them behind. */
export type Samples = ReadonlyMap<string, readonly Piece[]>;

const MAX_SAMPLES_PER_KEY = 40;
/** A sample with more values than this is a document of its own. */
const MAX_SAMPLE_VALUES = 25;

/** Collects values from documents, large ones left out. Items of a list count for its key as well. */
export function collectSamples(texts: readonly string[]): Samples {
  const samples = new Map<string, Piece[]>();
  const add = (key: string, content: unknown): void => {
    const known = samples.get(key) ?? [];
    samples.set(key, known);
    if (known.length < MAX_SAMPLES_PER_KEY && countValues(content) <= MAX_SAMPLE_VALUES)
      known.push(toPiece(content));
  };
  const visit = (content: unknown, key: string | null): void => {
    if (key !== null) add(key, content);
    if (Array.isArray(content)) for (const item of content) visit(item, key);
    else if (typeof content === 'object' && content !== null)
      for (const [name, member] of Object.entries(content)) visit(member, name);
  };
  for (const text of texts) visit(readYaml(text), null);
  return samples;
}

function countValues(content: unknown): number {
  if (typeof content !== 'object' || content === null) return 1;
  return Object.values(content).reduce((sum: number, member) => sum + countValues(member), 1);
}

function readYaml(text: string): unknown {
  try {
    return parse(text, { merge: true, logLevel: 'silent' });
  } catch {
    // A page shows pieces of a document too, which are none by themselves.
    return null;
  }
}

/** The blocks of YAML in a page of the documentation. */
export function yamlBlocks(page: string): readonly string[] {
  return [...page.matchAll(/^```ya?ml\n(.*?)^```/gms)].map(([, block = '']) => block);
}
