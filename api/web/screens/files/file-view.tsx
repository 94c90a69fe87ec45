import { RotateCcw, Trash2 } from 'lucide';
import type { Diagnostic } from '../../client/api-types.ts';
import type { StackFile } from '../../client/history-types.ts';
import type { Jump } from '../../parts/edit/editor.tsx';
import { Editor } from '../../parts/edit/editor.tsx';
import { Icon } from '../../parts/icon.tsx';
import { LineFindings } from '../../parts/edit/line-findings.tsx';
import { SourceLink } from '../../parts/source-link.tsx';

interface FileViewProps {
  readonly file: StackFile;
  /** Its text as edited; `null`: it goes away; `undefined`: it was not touched. */
  readonly edited: string | null | undefined;
  readonly findings: readonly Diagnostic[];
  readonly jump: Jump | null;
  readonly open: (path: string, line?: number) => void;
  /** `null`: whoever looks may not. */
  readonly write: ((text: string | null) => void) | null;
  readonly undo: () => void;
}

/** One file, with what was found in it. */
export function FileView({ file, edited, findings, jump, open, write, undo }: FileViewProps) {
  const { path, text, main, size } = file;
  const shown = edited === undefined ? text : edited;
  return (
    <section class="file-view" aria-label={path}>
      <header>
        <h2>
          <SourceLink file={path} />
        </h2>
        <div class="file-actions">
          {edited !== undefined && write !== null && (
            <button type="button" onClick={undo}>
              <Icon of={RotateCcw} size={15} />
              {edited === null ? 'Keep this file' : size === null ? 'Do not add it' : 'Undo my changes here'}
            </button>
          )}
          {!main && write !== null && text !== null && edited !== null && (
            <button type="button" onClick={() => write(null)}>
              <Icon of={Trash2} size={15} /> Take this file away
            </button>
          )}
        </div>
      </header>
      {shown === null ? (
        <p class="notice">{edited === null ? 'The commit takes this file away.' : tellHidden(file)}</p>
      ) : (
        <>
          <Editor
            label={`Text of ${path}`}
            value={shown}
            findings={findings}
            jump={jump}
            {...(write !== null && !file.masked && { onInput: write })}
          />
          {file.masked && <p class="small muted">Values that look like secrets are shown as ***.</p>}
        </>
      )}
      <LineFindings of={findings} go={(line) => open(path, line)} />
    </section>
  );
}

function tellHidden({ encrypted, link, size }: StackFile): string {
  if (link !== null) return `It is a link that leads to ${link}.`;
  if (encrypted)
    return 'It holds secrets, so its content is never shown here. Change it where its key is, with: kombinator secret set';
  const bytes = size === null ? '' : ` It has ${size.toLocaleString('en')} bytes.`;
  return `It is no text, or too large to be shown here.${bytes} Change it in a clone of the repository.`;
}
