/** Meaning of a piece of text, which a terminal shows as a colour. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warn' | 'replace' | 'accent';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** Sign before a line: `!` marks a risk, a space nothing. */
export type Sign = '+' | '-' | '~' | '±' | '!' | ' ';

/** One line of a plan before it is laid out for a terminal or a page. */
export interface PlanLine {
  readonly sign: Sign;
  /** 0: a change; 1: one thing about it; 2: a line of a file. */
  readonly depth: 0 | 1 | 2;
  readonly spans: readonly Span[];
  /** Column at which the line goes on when it has to be broken, from its first character. */
  readonly hang?: number;
}

const CODES: Readonly<Record<Tone, number | null>> = {
  plain: null,
  strong: 1,
  dim: 90,
  good: 32,
  bad: 31,
  warn: 33,
  replace: 35,
  accent: 36,
};
const TONES: Readonly<Record<Sign, Tone>> = {
  '+': 'good',
  '-': 'bad',
  '~': 'warn',
  '±': 'replace',
  '!': 'bad',
  ' ': 'dim',
};
/** Columns before the sign, by depth. */
const INDENT = [2, 4, 8] as const;
/** A narrower text is not broken any further. */
const MIN_COLUMNS = 20;

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

/** One thing about a change. */
export function about(sign: Sign, spans: readonly Span[] | string): PlanLine {
  return { sign, depth: 1, spans: typeof spans === 'string' ? [span(spans)] : spans, hang: 2 };
}

export function textOf({ spans }: Pick<PlanLine, 'spans'>): string {
  return spans.map(({ text }) => text).join('');
}

export interface Layout {
  /** ANSI colours. */
  readonly color: boolean;
  /** Columns of the terminal; left out: lines are as long as they are. */
  readonly width?: number | undefined;
}

/** The line as a terminal shows it, broken between words where it is too long. */
export function layOut({ sign, depth, spans, hang = 0 }: PlanLine, layout: Layout): readonly string[] {
  const indent = INDENT[depth];
  const start = [span(' '.repeat(indent)), span(`${sign} `, TONES[sign]), ...spans];
  return breakSpans(start, indent + 2 + hang, layout.width).map((line) => paintSpans(line, layout.color));
}

export function paintSpans(spans: readonly Span[], color: boolean): string {
  return spans
    .map(({ text, tone }) => {
      const code = color ? CODES[tone] : null;
      return code === null || text === '' ? text : `\u001B[${code}m${text}\u001B[0m`;
    })
    .join('')
    .trimEnd();
}

/**
 * Breaks a line between words, and a word that is wider than the terminal after signs such as `/` and `:`.
 *
 * @param hang columns of white space before what goes on
 */
export function breakSpans(
  spans: readonly Span[],
  hang: number,
  width: number | undefined,
): readonly (readonly Span[])[] {
  if (width === undefined || textOf({ spans }).trimEnd().length <= width) return [spans];
  const room = Math.max(MIN_COLUMNS, width - hang);
  const lines: Span[][] = [[]];
  let used = 0;
  for (const piece of wordsOf(spans, room)) {
    const isSpace = piece.text.trim() === '';
    const limit = lines.length === 1 ? Math.max(width, hang + MIN_COLUMNS) : room;
    if (!isSpace && used > 0 && used + piece.text.length > limit) {
      lines[lines.length - 1] = withoutSpaces(lines.at(-1) ?? []);
      lines.push([]);
      used = 0;
    }
    // White space at the beginning of what goes on is the break itself.
    if (isSpace && used === 0 && lines.length > 1) continue;
    lines.at(-1)?.push(piece);
    used += piece.text.length;
  }
  return lines.map((line, index) => (index === 0 ? line : [span(' '.repeat(hang)), ...line]));
}

function withoutSpaces(line: readonly Span[]): Span[] {
  return line.slice(0, line.findLastIndex(({ text }) => text.trim() !== '') + 1);
}

/** Words and the white space between them; words wider than `room` in pieces. */
function wordsOf(spans: readonly Span[], room: number): readonly Span[] {
  return spans.flatMap(({ text, tone }) =>
    (text.match(/\s+|\S+/g) ?? []).flatMap((word) => breakWord(word, room).map((piece) => span(piece, tone))),
  );
}

/** The parts of a word between which it may be broken. */
export function partsOfWord(word: string): readonly string[] {
  return word.split(/(?<=[/:@,;=&?._-])/);
}

/** Breaks a word so that no piece is wider than `room`. */
export function breakWord(word: string, room: number): readonly string[] {
  if (word.length <= room || word.trim() === '') return [word];
  const pieces: string[] = [];
  for (const part of partsOfWord(word)) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + part.length <= room) pieces[pieces.length - 1] = last + part;
    else for (let at = 0; at < part.length; at += room) pieces.push(part.slice(at, at + room));
  }
  return pieces;
}
