import type { ContentChange } from '../change.ts';
import { diffLines } from './diff-lines.ts';
import { maskLines } from './mask-lines.ts';

/** Lines of one file that a plan tells. */
const MAX_LINES = 200;
const MAX_LINE_LENGTH = 300;
/** Longer lines are no text that a person has written; they are cut before anything is searched in them. */
const MAX_LINE_READ = 4_000;

/**
 * Compares two contents of a file as people do: line by line where both are text.
 *
 * @param before `null`: there is no such file; `undefined`: nobody has it, or it is too large
 * @param maxLines of the difference that are told. Default 200
 */
export function compareContents(
  before: Uint8Array | null | undefined,
  after: Uint8Array | null | undefined,
  maskSecrets: (text: string) => string,
  maxLines = MAX_LINES,
): Pick<ContentChange, 'lines' | 'omitted' | 'binary'> {
  if (before === undefined || after === undefined) return {};
  const old = textOf(before);
  const now = textOf(after);
  if (old === null || now === null) return { binary: true };
  const shown = (lines: readonly string[]) => showLines(lines, maskSecrets);
  const { lines, omitted } = diffLines(old, now, { maxLines, shown });
  return { lines, ...(omitted === 0 ? {} : { omitted }) };
}

function showLines(lines: readonly string[], maskSecrets: (text: string) => string): readonly string[] {
  // A secret may have several lines.
  const masked = maskSecrets(lines.map((line) => line.slice(0, MAX_LINE_READ)).join('\n')).split('\n');
  const same = masked.length === lines.length ? masked : lines.map((line) => maskSecrets(line));
  return maskLines(same).map((line) =>
    line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line,
  );
}

/** Returns the text of a content, `null` for one that is none: a NUL, or no UTF-8. */
function textOf(content: Uint8Array | null): string | null {
  if (content === null) return '';
  if (content.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return null;
  }
}
