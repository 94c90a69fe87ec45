import type { BuildLine } from './build-line.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { BuildTrace } from './build-trace.ts';
import { readJsonLines } from './pull-progress.ts';

/** Reason why a build ended. */
export class BuildFailure extends Error {
  /** `2/4 : RUN make`, `null` when no step had begun. */
  readonly step: string | null;
  /** Lines that the step printed last, oldest first. */
  readonly lines: readonly string[];

  constructor(message: string, step: string | null, lines: readonly string[]) {
    super(message);
    this.step = step;
    this.lines = lines;
  }
}

/** Lines in which the engine tells about its own doings. */
const ENGINE_WORDS = /^( ---> |Removing intermediate container )/;
const MAX_LINES_KEPT = 15;
const MAX_LINE_LENGTH = 500;

/** A line without an end is kept so far, in characters: longer than any secret that it is looked through for. */
export const MAX_REST = 65_536;

/**
 * Reads the output of a build (JSON lines) line by line, of BuildKit or of the engine's own builder. Throws `BuildFailure` when the engine
 * says that it has failed.
 *
 * @param mask takes secrets out of a line; it is asked before lines are cut, which would leave a half of one
 */
export async function* readBuildOutput(
  chunks: AsyncIterable<Buffer>,
  mask: (text: string) => string,
): AsyncGenerator<BuildLine> {
  const clean = (text: string) => shorten(mask(withoutColours(text)));
  let rest = '';
  let step: string | null = null;
  let last: string[] = [];
  let trace: BuildTrace | null = null;
  const take = (text: string): BuildLine | null => {
    const line = clean(text);
    if (line === '') return null;
    const [, number, words] = /^Step (\d+\/\d+) : (.*)$/.exec(line) ?? [];
    if (words?.startsWith('LABEL io.kombinator.')) return null;
    if (number !== undefined) {
      step = `${number} : ${words ?? ''}`;
      last = [];
      return { text: line, step: number };
    }
    if (ENGINE_WORDS.test(line)) return null;
    last = [...last, line].slice(-MAX_LINES_KEPT);
    return { text: line, step: null };
  };
  for await (const message of readJsonLines(chunks)) {
    const { stream, status, id, aux, error, errorDetail } = message as JsonObject;
    if (id === TRACE && typeof aux === 'string') {
      trace ??= await openTrace(clean);
      yield* trace.read(aux);
      continue;
    }
    if (typeof error === 'string') {
      const found: Pick<BuildFailure, 'step' | 'lines'> = trace?.failed() ?? { step, lines: last };
      throw new BuildFailure(wordsOf(error, errorDetail, mask), found.step, found.lines);
    }
    const text = typeof stream === 'string' ? stream : '';
    // Progress of single layers would drown everything else.
    if (typeof status === 'string' && id === undefined) yield { text: clean(status), step: null };
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '').slice(0, MAX_REST);
    for (const line of lines) {
      const taken = take(line);
      if (taken) yield taken;
    }
  }
  const taken = take(rest);
  if (taken) yield taken;
}

/** Name of BuildKit's messages in the output of an engine. */
const TRACE = 'moby.buildkit.trace';

/** Its decoder takes a while to load. */
async function openTrace(clean: (text: string) => string): Promise<BuildTrace> {
  const { createBuildTrace } = await import('./build-trace.ts');
  return createBuildTrace({ clean, maxLines: MAX_LINES_KEPT, maxRest: MAX_REST });
}

function shorten(text: string): string {
  const line = text.trimEnd().slice(0, MAX_LINE_LENGTH);
  return line.trim() === '' ? '' : line;
}

function wordsOf(
  error: string,
  detail: JsonObject[string] | undefined,
  mask: (text: string) => string,
): string {
  const message =
    detail !== null && typeof detail === 'object' && 'message' in detail ? detail['message'] : error;
  return mask(withoutColours(typeof message === 'string' ? message : error))
    .replace(/\s+/g, ' ')
    .trim();
}

function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- colours of terminals start with an escape character
  return text.replace(/\u001B\[[\d;]*[A-Za-z]/g, '');
}
