import { breakWord, partsOfWord, showText } from '../../reconciler/index.ts';
import { RESET, showCell, splitPainted, widthOf, withoutColours } from './paint.ts';

const GAP = 2;
/** A last column of sentences that would be narrower than this stands below its row. */
const MIN_SENTENCE = 28;
const BELOW = 4;

type Row = readonly string[];

/**
 * Rows as aligned columns, two spaces apart, no trailing white space. Colour codes count for nothing, so painted cells
 * stay aligned. An empty list of rows gives the header alone.
 *
 * @param width columns of the terminal: cells are broken between words so that no line is longer. Where that leaves too little for sentences in
 * the last column, they stand below their rows; where it leaves too little for words, each row is a list. Default: lines are as long as they are
 */
export function formatTable(header: Row, rows: readonly Row[], width = Number.POSITIVE_INFINITY): string {
  const shown = [header, ...rows].map((line) => line.map(showCell));
  const lines = shown.map((line) => header.map((_, column) => line[column] ?? ''));
  const columns = header.map((_, column) => measure(lines.map((line) => line[column] ?? '')));
  const widths = fit(columns, width);
  const last = columns.at(-1);
  const lastWidth = widths?.at(-1) ?? 0;
  const isCramped = last !== undefined && lastWidth < Math.min(last.natural, MIN_SENTENCE);
  if (isCramped && last.hasSentences && header.length > 1) {
    const others = fit(columns.slice(0, -1), width);
    if (others !== null) return withSentencesBelow(lines, others, width);
  }
  return widths === null ? asLists(lines, width) : layOut(lines, widths).join('\n');
}

interface Column {
  /** Columns of the widest cell. */
  readonly natural: number;
  /** The same of the widest word. */
  readonly word: number;
  /** The same of the widest part of a word that may be broken. */
  readonly part: number;
  readonly hasSentences: boolean;
}

function measure(cells: readonly string[]): Column {
  const texts = cells.map(plainText);
  const most = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), 0);
  const words = texts.flatMap((text) => text.split(' '));
  return {
    natural: most(texts.map((text) => text.length)),
    word: most(words.map((word) => word.length)),
    part: most(words.flatMap(partsOfWord).map((part) => part.length)),
    hasSentences: texts.some((text) => text.trim().includes(' ')),
  };
}

function plainText(cell: string): string {
  return splitPainted(cell)
    .filter(({ isCode }) => !isCode)
    .map(({ text }) => text)
    .join('');
}

/** Widths of columns that fit beside each other: words stay whole if that can be. `null`: they do not. */
function fit(columns: readonly Column[], width: number): readonly number[] | null {
  const room = width - GAP * (columns.length - 1);
  const total = (widths: readonly number[]) => widths.reduce((sum, one) => sum + one, 0);
  const natural = columns.map((column) => column.natural);
  if (total(natural) <= room) return natural;
  for (const least of [columns.map(({ word }) => word), columns.map(({ part }) => part)]) {
    if (total(least) > room) continue;
    const at = (level: number) =>
      natural.map((most, column) => Math.max(least[column] ?? 0, Math.min(most, level)));
    let level = natural.reduce((a, b) => Math.max(a, b), 0);
    while (level > 1 && total(at(level)) > room) level -= 1;
    return at(level);
  }
  return null;
}

function layOut(lines: readonly Row[], widths: readonly number[]): readonly string[] {
  return lines.flatMap((line) => {
    const cells = widths.map((width, column) => breakCell(line[column] ?? '', width));
    const height = cells.reduce((most, cell) => Math.max(most, cell.length), 1);
    return Array.from({ length: height }, (_, row) =>
      cells
        .map((cell, column) => pad(cell[row] ?? '', widths[column] ?? 0))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  });
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}

function withSentencesBelow(lines: readonly Row[], widths: readonly number[], width: number): string {
  return lines
    .flatMap((line, index) => {
      const row = layOut([line.slice(0, -1)], widths);
      const sentence = line.at(-1) ?? '';
      if (index === 0 || widthOf(sentence) === 0) return row;
      const below = breakCell(sentence, width - BELOW).map((text) => ' '.repeat(BELOW) + text);
      return [...row, ...below];
    })
    .join('\n');
}

/** One row after the other, each cell on a line of its own behind the head of its column. */
function asLists([header = [], ...rows]: readonly Row[], width: number): string {
  const room = header.reduce((most, name) => Math.max(most, widthOf(name)), 0) + GAP;
  if (rows.length === 0) return header.filter((name) => widthOf(name) > 0).join('\n');
  return rows
    .map((row) =>
      row
        .flatMap((cell, column) => {
          if (widthOf(cell) === 0) return [];
          const texts = breakCell(cell, Math.max(1, width - room));
          return texts.map((text, line) => pad(line === 0 ? (header[column] ?? '') : '', room) + text);
        })
        .join('\n'),
    )
    .join('\n\n');
}

/** Breaks a painted text between words, and words that are too wide; colours end with each line and go on in the next. */
export function breakCell(cell: string, width: number): readonly string[] {
  if (widthOf(cell) <= width) return [cell];
  const lines = [''];
  let used = 0;
  let codes = '';
  for (const { isCode, text } of splitPainted(cell)) {
    if (isCode) {
      codes += text;
      lines[lines.length - 1] += text;
      continue;
    }
    for (const piece of (text.match(/\s+|\S+/g) ?? []).flatMap((word) => breakWord(word, width))) {
      const isSpace = piece.trim() === '';
      if (used > 0 && used + piece.length > width) {
        lines[lines.length - 1] = endLine(lines.at(-1) ?? '', codes);
        lines.push(codes);
        used = 0;
      }
      if (isSpace && used === 0 && lines.length > 1) continue;
      lines[lines.length - 1] += piece;
      used += piece.length;
    }
  }
  return lines.map((line) => line.trimEnd());
}

function endLine(line: string, codes: string): string {
  return codes === '' ? line.trimEnd() : line.trimEnd() + RESET;
}

/** Text as it may stand in an answer: no colours, and all other control characters but tab and line end written out. */
export function toPlainText(text: string): string {
  return showText(withoutColours(text));
}
