import { Pencil, RotateCcw } from 'lucide';
import { agree, count } from '../../client/words.ts';
import { Editor } from '../../parts/edit/editor.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { useDraft } from './use-draft.ts';

/** The files that are committed. They follow what the stack begins with, until somebody edits them. */
export function DraftFiles({ draft }: { draft: ReturnType<typeof useDraft> }) {
  const { files, isEdited, edit, write, startOver, tried } = draft;
  const diagnostics = tried.data?.diagnostics ?? [];
  return (
    <section class="effect draft-files">
      <div class="draft-head">
        <h2>{count(files.length, 'file')} in the commit</h2>
        {isEdited ? (
          <button type="button" onClick={startOver}>
            <Icon of={RotateCcw} size={15} /> Undo my edits, begin again
          </button>
        ) : (
          <button type="button" onClick={edit}>
            <Icon of={Pencil} size={15} /> Edit {agree(files.length, 'it', 'them')} before
          </button>
        )}
      </div>
      {files.map(({ path, text }) => (
        <details key={path} open={isEdited || path.endsWith('/kombination.yaml')}>
          <summary>
            <code>{path}</code>
          </summary>
          {isEdited ? (
            <Editor
              label={`Text of ${path}`}
              value={text}
              findings={diagnostics.filter(({ file }) => file === path)}
              onInput={(next) => write(path, next)}
            />
          ) : (
            <pre class="code" tabIndex={0} aria-label={`Text of ${path}`}>
              {text}
            </pre>
          )}
        </details>
      ))}
    </section>
  );
}
