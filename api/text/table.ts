import { stripVTControlCharacters } from 'node:util';

/**
 * Rows as aligned columns, two spaces apart, no trailing white space. Colour codes count for nothing, so painted cells
 * stay aligned. An empty list of rows gives the header alone.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text as it may stand in an answer: no colour codes and no other control characters but tab and line end. */
export function toPlainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\t\n]/gu, '');
}

function displayWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
