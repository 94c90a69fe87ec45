import { CircleCheck, CircleX, GitMerge, LoaderCircle, TriangleAlert } from 'lucide';
import type { ApiError } from '../../client/request.ts';
import { count } from '../../client/words.ts';
import { Icon } from '../../parts/icon.tsx';
import type { Previewed } from './use-edits.ts';

/** Says how the check of the edits went, also to those who only hear it. */
export function CheckState({ previewed, isEdited }: { previewed: Previewed; isEdited: boolean }) {
  return (
    <p class="check-state" role="status">
      {isEdited && <Outcome of={previewed} />}
    </p>
  );
}

function Outcome({ of: { preview, error, isChecking } }: { of: Previewed }) {
  if (isChecking)
    return (
      <span class="muted">
        <Icon of={LoaderCircle} size={16} /> Checking …
      </span>
    );
  if (error !== null || preview === null) return null;
  const errors = preview.diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = preview.diagnostics.filter(({ severity }) => severity === 'warning').length;
  if (errors > 0)
    return (
      <span class="bad">
        <Icon of={CircleX} size={16} /> {count(errors, 'error')}: it cannot be committed yet.
      </span>
    );
  if (warnings > 0)
    return (
      <span class="warn">
        <Icon of={TriangleAlert} size={16} /> It can be committed; {count(warnings, 'warning')} to look at.
      </span>
    );
  return (
    <span class="good">
      <Icon of={CircleCheck} size={16} /> Checked: it can be committed.
    </span>
  );
}

interface ConflictProps {
  readonly error: ApiError;
  readonly rebase: () => void;
  readonly discard: () => void;
  readonly again: () => void;
}

/** Reason why the edits were not even tried; where somebody was faster, the two ways on. */
export function Conflict({ error, rebase, discard, again }: ConflictProps) {
  const isConflict = error.status === 409;
  return (
    <div class={`notice tone-${isConflict ? 'warn' : 'bad'}`} role="alert">
      <Icon of={isConflict ? GitMerge : CircleX} />
      <div>
        {isConflict ? (
          <>
            <p>
              <b>Somebody else has committed to the same file while you were writing.</b> {error.message}.
            </p>
            <p>
              Nothing of yours is lost. Go on with your text, and the difference below shows what of theirs it
              takes away; or take theirs, and your text is gone.
            </p>
            <div class="conflict-ways">
              <button type="button" onClick={rebase}>
                Go on with my text
              </button>
              <button type="button" onClick={discard}>
                Take theirs
              </button>
            </div>
          </>
        ) : (
          <>
            {error.message.split('\n').map((line) => (
              <p key={line}>{line}</p>
            ))}
            <div class="conflict-ways">
              <button type="button" onClick={again}>
                Check again
              </button>
            </div>
          </>
        )}
      </div>
    </div>
  );
}
