import { useEffect, useState } from 'preact/hooks';
import { TriangleAlert } from 'lucide';
import type { StackDetail } from '../../client/api-types.ts';
import type { ApiError } from '../../client/request.ts';
import { tellAfterCommit, whyKept } from '../../client/after-commit.ts';
import { post, request, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count, enumerate, shortCommit } from '../../client/words.ts';
import type { FilesPreview } from '../../client/workflow-types.ts';
import { announce } from '../../app/announce.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Diff } from '../../parts/diff.tsx';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { countChanges, targetsOf, tellSummary } from '../plan/plan-words.ts';
import type { Editor } from './edit/editor.ts';
import { useWork } from './work.ts';

interface SaveProps {
  readonly reloadFiles: () => Promise<void>;
  readonly keepSaved: (text: string, commit: string) => void;
  readonly onClose: () => void;
}

/** Values of secrets may come with the next run: without them it is saved, and waits. */
const COMES_LATER = 'SECRET_NOT_FOUND';

function bodyOf({ path, text, revision }: Editor) {
  const file = { path, text: text.peek() };
  return { files: [file] as const, base: revision.peek() };
}

/** Effect of saving, asked for anew once somebody else was faster. */
function usePreview(path: string, editor: Editor, reloadFiles: () => Promise<void>) {
  const [preview, setPreview] = useState<FilesPreview | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isRebased, setRebased] = useState(false);
  const [turn, setTurn] = useState(0);
  const again = (): void => setTurn((before) => before + 1);
  const refuse = async (problem: unknown): Promise<void> => {
    const found = toApiError(problem);
    if (found.status !== 409) return setError(found);
    // Somebody else was faster: own changes go on top of theirs, and are shown again.
    const before = editor.revision.peek();
    try {
      await reloadFiles();
    } catch (unread) {
      return setError(toApiError(unread));
    }
    if (editor.revision.peek() === before) return setError(found);
    setRebased(true);
    setPreview(null);
    again();
  };
  useEffect(() => {
    setError(null);
    post<FilesPreview>(`${path}/preview`, bodyOf(editor)).then(setPreview, refuse);
  }, [turn]);
  return { preview, error, isRebased, again, refuse };
}

/** Shows what saving changes, in the file and on the cluster, and asks for the message of the commit. */
export function SaveDialog({ reloadFiles, keepSaved, onClose }: SaveProps) {
  const { stack, editor } = useWork();
  const path = `/stacks/${encodeURIComponent(stack.name)}/files`;
  const { preview, error, isRebased, again, refuse } = usePreview(path, editor, reloadFiles);
  // The message stays while what it is about is shown anew.
  const [message, setMessage] = useState(`Change the workflow ${stack.name}`);
  const [isBusy, setBusy] = useState(false);
  const isPublished = editor.document.value['status'] === 'published';
  const save = async (): Promise<void> => {
    const body = { ...bodyOf(editor), message: message.trim() };
    const [{ text }] = body.files;
    let saved: StackDetail & { readonly commit: string };
    try {
      saved = await request<typeof saved>('PUT', path, { body });
    } catch (problem) {
      return await refuse(problem);
    }
    keepSaved(text, saved.commit);
    onClose();
    const then = isPublished ? `; ${tellAfterCommit(stack)}` : '';
    announce(`Saved as commit ${shortCommit(saved.commit)}${then}.`, {
      href: stackAddress(stack.name),
      text: `See how ${stack.name} is`,
    });
  };
  return (
    <Dialog title={`Save ${stack.name}`} isBusy={isBusy} onClose={onClose} wide>
      {isRebased && (
        <p class="notice tone-warn">
          Somebody else has saved it meanwhile. Your changes stand on top of theirs now; look at them again.
        </p>
      )}
      {error !== null ? (
        <Failed error={error} retry={again} />
      ) : preview === null ? (
        <Waiting what="what saving would change" />
      ) : preview.diff.length === 0 ? (
        <p>Nothing differs from what is saved.</p>
      ) : (
        <Ask
          preview={preview}
          isPublished={isPublished}
          isBusy={isBusy}
          message={message}
          setMessage={setMessage}
          save={() => {
            setBusy(true);
            void save().finally(() => setBusy(false));
          }}
        />
      )}
    </Dialog>
  );
}

/** Says what waits for a yes once it is saved. */
function Needed({ plan }: { plan: FilesPreview['plan'] }) {
  if (plan === null || plan.confirmations.length === 0) return null;
  return (
    <div class="notice tone-warn">
      <Icon of={TriangleAlert} />
      <div>
        <p>Once it is saved, it waits for your yes to this:</p>
        {plan.confirmations.map(({ message }) => (
          <p key={message}>{message}</p>
        ))}
      </div>
    </div>
  );
}

interface AskProps {
  readonly preview: FilesPreview;
  readonly isPublished: boolean;
  readonly isBusy: boolean;
  readonly message: string;
  readonly setMessage: (message: string) => void;
  readonly save: () => void;
}

function Ask({ preview, isPublished, isBusy, message, setMessage, save }: AskProps) {
  const { stack } = useWork();
  const errors = preview.diagnostics.filter(
    ({ severity, code }) => severity === 'error' && code !== COMES_LATER,
  );
  const changes = preview.plan === null ? 0 : countChanges(preview.plan);
  const where = preview.plan === null ? '' : enumerate(targetsOf(preview.plan));
  const waits = (preview.plan?.confirmations.length ?? 0) > 0 || whyKept(stack) !== null;
  const action =
    changes > 0 && !waits ? `Commit, and apply ${count(changes, 'change')} to ${where}` : 'Commit 1 file';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (message.trim() !== '' && !isBusy && errors.length === 0) save();
      }}
    >
      {preview.diff.map(({ path, diff }) => (
        <section key={path}>
          <h3>
            <code>{path}</code>
          </h3>
          <Diff lines={diff.trimEnd().split('\n').slice(2)} label={`Lines of ${path} that change`} />
        </section>
      ))}
      {preview.diagnostics.length > 0 && <Findings of={preview.diagnostics} />}
      <p class="muted">
        {!isPublished
          ? 'It is not published, so nothing is applied.'
          : preview.plan === null
            ? errors.length > 0
              ? 'It has errors, so it cannot be saved as it is.'
              : 'What would change on the cluster is not known yet; it is applied once it can be.'
            : `On the cluster: ${tellSummary(preview.plan)}`}
      </p>
      <Needed plan={preview.plan} />
      <label class="field">
        <span>Message of the commit</span>
        <input value={message} maxLength={500} onInput={(event) => setMessage(event.currentTarget.value)} />
      </label>
      <div class="actions">
        <button type="submit" class="primary" disabled={message.trim() === '' || isBusy || errors.length > 0}>
          {action}
        </button>
      </div>
    </form>
  );
}
