import { useState } from 'preact/hooks';
import { CircleX, FilePlus2, Lock, TriangleAlert } from 'lucide';
import type { StackFile } from '../../client/history-types.ts';
import { count } from '../../client/words.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { Edits } from './use-edits.ts';

interface FileListProps {
  readonly files: readonly StackFile[];
  readonly omitted: number;
  readonly edits: Edits;
  readonly chosen: string;
  readonly open: (path: string) => void;
  /** `null`: whoever looks may not. */
  readonly add: ((path: string) => void) | null;
}

/** The files of a stack, by the part of their paths that they do not share. */
export function FileList({ files, omitted, edits, chosen, open, add }: FileListProps) {
  const [asks, ask] = useState(false);
  const directory = directoryOf(files[0]?.path ?? '');
  return (
    <nav class="file-list" aria-label="Files">
      <p class="small muted">{directory === '' ? 'The root of the repository' : directory}</p>
      <ul>
        {files.map((file) => (
          <li key={file.path}>
            <button
              type="button"
              class="file"
              aria-current={file.path === chosen ? 'true' : undefined}
              title={file.path}
              onClick={() => open(file.path)}
            >
              <span>{file.path.startsWith(directory) ? file.path.slice(directory.length) : file.path}</span>
              <Signs file={file} edited={edits.texts.get(file.path)} />
            </button>
          </li>
        ))}
      </ul>
      {omitted > 0 && <p class="small muted">and {count(omitted, 'further file')}</p>}
      {add !== null && (
        <button type="button" class="add-file" onClick={() => ask(true)}>
          <Icon of={FilePlus2} size={16} /> Add a file
        </button>
      )}
      {asks && add !== null && (
        <AddFile
          directory={directory}
          taken={files.map(({ path }) => path)}
          onAdd={(path) => {
            add(path);
            open(path);
          }}
          onClose={() => ask(false)}
        />
      )}
    </nav>
  );
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function Signs({ file, edited }: { file: StackFile; edited: string | null | undefined }) {
  const worst = file.diagnostics.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
  return (
    <span class="signs">
      {edited !== undefined && (
        <b>{edited === null ? 'goes away' : file.size === null ? 'new' : 'changed'}</b>
      )}
      {file.encrypted && <Icon of={Lock} size={14} label="holds secrets" />}
      {file.diagnostics.length > 0 && (
        <Icon of={worst === 'error' ? CircleX : TriangleAlert} size={14} label={`has ${worst}s`} />
      )}
    </span>
  );
}

interface AddFileProps {
  readonly directory: string;
  readonly taken: readonly string[];
  readonly onAdd: (path: string) => void;
  readonly onClose: () => void;
}

function AddFile({ directory, taken, onAdd, onClose }: AddFileProps) {
  const [name, setName] = useState('');
  const path = directory + name.trim().replace(/^\/+/, '');
  const isTaken = taken.includes(path);
  return (
    <Dialog title="Add a file" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (path === directory || isTaken) return;
          onAdd(path);
          onClose();
        }}
      >
        <label class="field">
          <span>Name, below {directory === '' ? 'the root of the repository' : directory}</span>
          <input
            autoFocus
            autocomplete="off"
            spellcheck={false}
            placeholder="settings.ini"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {isTaken && <p class="small">There is such a file already.</p>}
        <div class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={path === directory || isTaken}>
            Add the file
          </button>
        </div>
      </form>
    </Dialog>
  );
}
