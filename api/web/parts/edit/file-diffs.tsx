import { useState } from 'preact/hooks';
import type { FileDiff } from '../../client/history-types.ts';
import { count } from '../../client/words.ts';
import { Diff } from '../diff.tsx';
import './changes.css';

/** Lines of one file that are shown before somebody asks for all of them. */
const MOST_LINES = 300;

/** Differences of files, each under its path; all are open where there are few. */
export function FileDiffs({ of }: { of: readonly FileDiff[] }) {
  return (
    <ul class="file-diffs">
      {of.map((file) => (
        <li key={file.path}>
          <FileDifference file={file} isOpen={of.length <= 6} />
        </li>
      ))}
    </ul>
  );
}

function FileDifference({ file: { path, diff }, isOpen }: { file: FileDiff; isOpen: boolean }) {
  const [all, showAll] = useState(false);
  const { lines, note, what } = readDiff(diff);
  const shown = all ? lines : lines.slice(0, MOST_LINES);
  return (
    <details open={isOpen}>
      <summary>
        <code>{path}</code> <span class="muted small">{what}</span>
      </summary>
      {lines.length > 0 && <Diff lines={shown} label={`Lines of ${path} that differ`} />}
      {note !== null && <p class="muted small">{note}</p>}
      {shown.length < lines.length && (
        <button type="button" onClick={() => showAll(true)}>
          Show {count(lines.length - shown.length, 'further line')}
        </button>
      )}
    </details>
  );
}

interface ReadDiff {
  readonly lines: readonly string[];
  /** Words about what is not shown. */
  readonly note: string | null;
  /** `new file, 3 lines added`. */
  readonly what: string;
}

/** Takes the head and the notes off a difference in the form of `diff -u`, and says in words what it is. */
function readDiff(diff: string): ReadDiff {
  const [from = '', to = '', ...body] = diff.replace(/\n$/, '').split('\n');
  const notes = body.filter((line) => line.startsWith('#'));
  const lines = body.filter((line) => !line.startsWith('#'));
  const added = lines.filter((line) => line.startsWith('+')).length;
  const removed = lines.filter((line) => line.startsWith('-')).length;
  const parts = [
    from.endsWith('/dev/null') ? 'new file' : to.endsWith('/dev/null') ? 'goes away' : null,
    added > 0 ? `${count(added, 'line')} added` : null,
    removed > 0 ? `${count(removed, 'line')} removed` : null,
  ];
  const note = notes.length === 0 ? null : notes.map(tellNote).join(' ');
  return { lines, note, what: parts.filter((part) => part !== null).join(', ') };
}

function tellNote(line: string): string {
  if (line === '# not shown') return 'Its content is not shown: it holds a secret, or is large.';
  if (line === '# not shown: it is no text') return 'Its content is not shown: it is no text.';
  return `${line.slice(2)}.`;
}
