import { showText } from '../../reconciler/index.ts';
import { showCell, widthOf, withoutColours } from './paint.ts';

/**
 * Rows as aligned columns, two spaces apart, no trailing white space. Colour codes count for nothing, so painted cells
 * stay aligned. An empty list of rows gives the header alone.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((line) => line.map(showCell));
  const widths = header.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, widthOf(line[column] ?? '')), 0),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text as it may stand in an answer: no colours, and all other control characters but tab and line end written out. */
export function toPlainText(text: string): string {
  return showText(withoutColours(text));
}
