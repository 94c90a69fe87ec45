import type { FolderDraft } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { formatNotes } from '../format-notes.ts';

/** The files of each project by what becomes of them, and those that are written. */
export function formatFolder({ style }: Invocation, { projects, writes }: FolderDraft): string {
  const lines = projects.flatMap(({ directory, stack, notes }) => [
    style.bold(`${directory === '' ? '.' : directory} as the stack ${stack}`),
    ...formatNotes(style, notes, (path) => path),
  ]);
  return [...lines, style.bold('New files'), ...writes.map(({ path }) => `  ${path}`), ''].join('\n');
}
