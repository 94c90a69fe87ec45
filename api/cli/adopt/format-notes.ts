import type { AdoptionPreview } from '../../../reconciler/index.ts';
import type { Style } from '../terminal/terminal.ts';

const KINDS = ['content', 'secret', 'data', 'left out'] as const;
const TITLES = {
  content: 'Committed',
  secret: 'Committed, encrypted',
  data: 'Data, which stays where it is',
  'left out': 'Left out',
} as const;

/** @param placeOf shown place of data, from its path in the directory of the project */
export function formatNotes(
  style: Style,
  notes: AdoptionPreview['notes'],
  placeOf: (path: string) => string,
): readonly string[] {
  return KINDS.flatMap((kind) => {
    const found = notes.filter((note) => note.kind === kind);
    if (found.length === 0) return [];
    const rows = found.map(({ path, message }) => {
      const place = kind === 'data' ? placeOf(path) : path;
      return `    ${place}${message === '' ? '' : style.dim(`  ${message}`)}`;
    });
    return [`  ${TITLES[kind]}:`, ...rows];
  });
}
