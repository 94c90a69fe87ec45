import { showLine, showText } from '../../reconciler/index.ts';

/** Stands for the escape character of our own codes until a text goes out. Nobody outside of this process can write it. */
const MARK = `\u{F0000}${crypto.randomUUID()}`;
const OWN_CODE = new RegExp(`${MARK}\\[[\\d;]*m`, 'g');
const ESCAPE = '\u001B';
/** Codes for colours and the like, and for nothing else. */
const COLOURS = new RegExp(`${ESCAPE}\\[[\\d;:]*m`, 'g');

/** Makes codes in a text of ours pass: all others that come to a terminal are written out. */
export function markCodes(text: string): string {
  return text.replaceAll(ESCAPE, MARK);
}

/** Makes colours in a text of others pass, and ends them with it. */
export function markColours(text: string): string {
  const marked = text.replace(COLOURS, markCodes);
  return marked === text ? text : `${marked}${MARK}[0m`;
}

/** Takes colours out of a text of others. */
export function withoutColours(text: string): string {
  return text.replace(COLOURS, '');
}

/** The text as it goes out: with our codes, and everything else that a terminal would obey written out. */
export function showPainted(text: string): string {
  return text.split(MARK).map(showText).join(ESCAPE);
}

/** The same within one line or cell, before it goes out. */
export function showCell(text: string): string {
  return text.split(MARK).map(showLine).join(MARK);
}

/** Columns that a painted text takes. */
export function widthOf(text: string): number {
  return text.replace(OWN_CODE, '').length;
}

/** A piece of a painted text: one of our codes, or what stands between two. */
export interface PaintedPiece {
  readonly isCode: boolean;
  readonly text: string;
}

export function splitPainted(text: string): readonly PaintedPiece[] {
  const pieces: PaintedPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(OWN_CODE)) {
    if (match.index > end) pieces.push({ isCode: false, text: text.slice(end, match.index) });
    pieces.push({ isCode: true, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ isCode: false, text: text.slice(end) });
  return pieces;
}

/** Ends all colours. */
export const RESET = `${MARK}[0m`;
