export interface LineDiff {
  /** ` `, `-` or `+` and the line; `@@ -1,3 +1,4 @@` before each part. */
  readonly lines: readonly string[];
  /** Lines left out at the end. */
  readonly omitted: number;
}

export interface DiffOptions {
  /** Default 3. */
  readonly context?: number;
  /** Default 200. */
  readonly maxLines?: number;
  /** Text to show of each side in place of its lines, one for one. Default: the lines. */
  readonly shown?: (lines: readonly string[]) => readonly string[];
}

/** Comparisons that a table of two texts may take; beyond them all that lies between is shown as replaced. */
const MAX_CELLS = 1_000_000;
const NO_END = '\\ No newline at end of file';

/** Differences of two texts by lines, as `diff -u` has them. */
export function diffLines(before: string, after: string, options: DiffOptions = {}): LineDiff {
  const { context = 3, maxLines = 200, shown = (lines) => lines } = options;
  const old = linesOf(before);
  const now = linesOf(after);
  const texts = { old: shown(old), now: shown(now) };
  const all = partsOf(compare(old, now), context).flatMap((part) => writePart(part, texts));
  return { lines: all.slice(0, maxLines), omitted: Math.max(0, all.length - maxLines) };
}

/** The last line of a text that does not end as lines do says so. */
function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') return lines.slice(0, -1);
  return [...lines, NO_END];
}

/** One line: which one of each side, from 0. */
interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly old: number;
  readonly now: number;
}

function compare(old: readonly string[], now: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  const shorter = Math.min(old.length, now.length) - start;
  while (end < shorter && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const edits: Edit[] = [];
  for (let line = 0; line < start; line += 1) edits.push({ sign: ' ', old: line, now: line });
  edits.push(...compareMiddle(old.slice(start, old.length - end), now.slice(start, now.length - end), start));
  for (let line = end; line > 0; line -= 1)
    edits.push({ sign: ' ', old: old.length - line, now: now.length - line });
  return edits;
}

/** Compares by the longest common subsequence. */
function compareMiddle(old: readonly string[], now: readonly string[], start: number): readonly Edit[] {
  const width = now.length + 1;
  const isLarge = old.length * now.length > MAX_CELLS;
  const common = new Uint32Array(isLarge ? 0 : (old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  if (!isLarge) {
    for (let i = old.length - 1; i >= 0; i -= 1)
      for (let j = now.length - 1; j >= 0; j -= 1)
        common[i * width + j] =
          old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const isSame = !isLarge && i < old.length && j < now.length && old[i] === now[j];
    const sign = isSame
      ? ' '
      : i < old.length && (j >= now.length || at(i + 1, j) >= at(i, j + 1))
        ? '-'
        : '+';
    edits.push({ sign, old: start + i, now: start + j });
    if (sign !== '+') i += 1;
    if (sign !== '-') j += 1;
  }
  return edits;
}

/** Edits with so many lines around them; what lies farther apart is a part of its own. */
function partsOf(edits: readonly Edit[], context: number): readonly (readonly Edit[])[] {
  const parts: { from: number; to: number }[] = [];
  for (const [index, { sign }] of edits.entries()) {
    if (sign === ' ') continue;
    const from = Math.max(0, index - context);
    const to = Math.min(edits.length, index + context + 1);
    const last = parts.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else parts.push({ from, to });
  }
  return parts.map(({ from, to }) => edits.slice(from, to));
}

function writePart(
  part: readonly Edit[],
  texts: { readonly old: readonly string[]; readonly now: readonly string[] },
): readonly string[] {
  const first = part[0];
  if (first === undefined) return [];
  const count = (other: Edit['sign']) => part.filter(({ sign }) => sign !== other).length;
  const range = (line: number, lines: number) => `${lines === 0 ? line : line + 1},${lines}`;
  const head = `@@ -${range(first.old, count('+'))} +${range(first.now, count('-'))} @@`;
  return [
    head,
    ...part.map(({ sign, old, now }) => `${sign}${(sign === '+' ? texts.now[now] : texts.old[old]) ?? ''}`),
  ];
}
