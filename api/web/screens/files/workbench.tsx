import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { ArrowDown } from 'lucide';
import type { StackDetail } from '../../client/api-types.ts';
import type { FilesPreview, StackFile, StackFiles, Written } from '../../client/history-types.ts';
import { tellAfterCommit, whyKept } from '../../client/after-commit.ts';
import { query, request, toApiError } from '../../client/request.ts';
import type { Tried } from '../../client/use-tried.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count, shortCommit } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { CommitForm } from '../../parts/edit/commit-form.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { Jump } from '../../parts/edit/editor.tsx';
import { EffectView } from '../plan/effect.tsx';
import { CheckState, whyBarred } from '../../parts/edit/check-state.tsx';
import { Conflict } from './conflict.tsx';
import { FileList } from './file-list.tsx';
import { FileView } from './file-view.tsx';
import type { Edits } from './use-edits.ts';
import { toFileEdits, useEdits, usePreview } from './use-edits.ts';

interface WorkbenchProps {
  readonly stack: StackDetail;
  readonly files: StackFiles;
  /** Reads the files anew; ends when that was answered. */
  readonly refresh: () => Promise<void>;
}

/** The files beside each other, the chosen one open, and under it what committing the edits would do. */
export function Workbench({ stack, files, refresh }: WorkbenchProps) {
  const { name } = stack;
  const { query: address, route } = useLocation();
  const all = useEdits(name, files);
  const { edits } = all;
  const previewed = usePreview(name, edits);
  const [jump, setJump] = useState<Jump | null>(() => firstJump(address['line']));
  const shown = withAdded(files.files, edits);
  const chosen = shown.find(({ path }) => path === address['file']) ?? shown[0];
  const open = (path: string, line?: number): void => {
    route(`${stackAddress(name, 'files')}${query({ file: path })}`, true);
    setJump((before) => (line === undefined ? null : { line, turn: (before?.turn ?? 0) + 1 }));
  };
  const commit = async (message: string): Promise<void> => {
    try {
      const body = { files: toFileEdits(edits), base: edits.base, message };
      const written = await request<Written>('PUT', `/stacks/${encodeURIComponent(name)}/files`, { body });
      await refresh();
      all.settle(edits, written);
      announce(`Committed as ${shortCommit(written.commit)}; ${tellAfterCommit(stack)}.`, {
        href: stackAddress(name),
        text: `See ${name}`,
      });
    } catch (problem) {
      announceError('Not committed', toApiError(problem));
      previewed.again();
    }
  };
  if (chosen === undefined) return null;
  return (
    <>
      <div class="workbench">
        <FileList
          files={shown}
          omitted={files.omitted}
          edits={edits}
          chosen={chosen.path}
          open={open}
          add={may('deployer') ? (path) => all.write(path, '') : null}
        />
        <FileView
          key={chosen.path}
          file={chosen}
          edited={edits.texts.get(chosen.path)}
          findings={findingsOf(chosen, previewed)}
          jump={jump}
          open={open}
          write={may('deployer') ? (text) => all.write(chosen.path, text) : null}
          undo={() => all.undo([chosen.path])}
        />
      </div>
      <Outcome stack={stack} openFile={chosen.path} all={all} previewed={previewed} commit={commit} />
    </>
  );
}

interface OutcomeProps {
  readonly stack: StackDetail;
  readonly openFile: string;
  readonly all: ReturnType<typeof useEdits>;
  readonly previewed: ReturnType<typeof usePreview>;
  readonly commit: (message: string) => Promise<void>;
}

/** Effect of committing the edits, or the reason why they cannot be. */
function Outcome({ stack, openFile, all, previewed, commit }: OutcomeProps) {
  const { edits, overtaken, rebase, undo } = all;
  const { data: preview, error, again } = previewed;
  const isEdited = edits.texts.size > 0;
  const form = useRef<HTMLDivElement>(null);
  const goToCommit = (): void => {
    form.current?.scrollIntoView({ block: 'center' });
    form.current?.querySelector('textarea')?.focus({ preventScroll: true });
  };
  const files = count(edits.texts.size, 'file');
  return (
    <>
      <CheckState of={previewed} />
      {error !== null && (
        <Conflict
          error={error}
          files={overtaken}
          rebase={rebase}
          discard={() => undo(overtaken)}
          again={again}
        />
      )}
      {isEdited && preview !== null && (
        <>
          <EffectView files={preview.diff} effect={preview} openFile={openFile} />
          <div ref={form}>
            <CommitForm
              message={`Edit ${stack.name}`}
              action={whyKept(stack) === null ? `Commit ${files} and deploy` : `Commit ${files}`}
              barred={whyBarred(previewed)}
              onCommit={commit}
            />
          </div>
        </>
      )}
      {isEdited && (
        <p class="changed-bar">
          <span>{count(edits.texts.size, 'changed file')}</span>
          <button type="button" disabled={preview === null} onClick={goToCommit}>
            <Icon of={ArrowDown} size={16} /> Go to commit
          </button>
        </p>
      )}
    </>
  );
}

function firstJump(line: string | undefined): Jump | null {
  return line !== undefined && /^\d+$/.test(line) ? { line: Number(line), turn: 0 } : null;
}

/** Files that are there, and those that the edits add. */
function withAdded(files: readonly StackFile[], { texts }: Edits): readonly StackFile[] {
  const known = new Set(files.map(({ path }) => path));
  const added = [...texts.keys()].filter((path) => !known.has(path));
  return [
    ...files,
    ...added.map((path) => ({
      path,
      text: null,
      size: null,
      main: false,
      encrypted: false,
      masked: false,
      link: null,
      diagnostics: [],
    })),
  ];
}

function findingsOf({ path, diagnostics }: StackFile, { data: preview }: Tried<FilesPreview>) {
  return preview === null ? diagnostics : preview.diagnostics.filter(({ file }) => file === path);
}
