import { parseJsonWithin, readLines } from '../../../base/bytes.ts';
import type { Json } from '../../../base/json.ts';

/** Told again only when it has moved on by this many percent. */
const STEP_PERCENT = 10;
/** Longest event, in characters: an object with all its labels. */
const MAX_LINE_LENGTH = 8 * 1024 ** 2;
const MAX_VALUES = 100_000;

/**
 * Reads a pull's progress (JSON lines): yields the percentage downloaded when it has moved on, `null` for every other
 * sign of life. Throws an `Error` with the engine's words when the pull has failed.
 */
export async function* readPullProgress(chunks: AsyncIterable<Buffer>): AsyncGenerator<number | null> {
  const layers = new Map<string, { current: number; total: number }>();
  let told = 0;
  for await (const line of readJsonLines(chunks)) {
    const { error, id, progressDetail, status } = line as Readonly<Record<string, Json>>;
    if (typeof error === 'string') throw new Error(error);
    if (typeof id === 'string' && status === 'Downloading') layers.set(id, readDetail(progressDetail));
    const percent = percentOf([...layers.values()]);
    if (percent >= told + STEP_PERCENT) {
      told = percent;
      yield percent;
    } else {
      yield null;
    }
  }
}

/** Splits a stream of JSON values, one a line. A line that is no JSON object is passed over. */
export async function* readJsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<object> {
  for await (const line of readLines(chunks, MAX_LINE_LENGTH)) {
    const value = parse(line);
    if (value) yield value;
  }
}

function parse(line: string): object | null {
  try {
    const value = parseJsonWithin(line, MAX_VALUES);
    return value !== null && typeof value === 'object' ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function readDetail(detail: Json | undefined): { current: number; total: number } {
  const { current, total } = (detail ?? {}) as Readonly<Record<string, unknown>>;
  return { current: typeof current === 'number' ? current : 0, total: typeof total === 'number' ? total : 0 };
}

function percentOf(layers: readonly { readonly current: number; readonly total: number }[]): number {
  const total = layers.reduce((sum, layer) => sum + layer.total, 0);
  const current = layers.reduce((sum, layer) => sum + layer.current, 0);
  return total > 0 ? Math.floor((100 * current) / total) : 0;
}
