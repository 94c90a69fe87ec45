import { CircleX, GitMerge } from 'lucide';
import type { ApiError } from '../../client/request.ts';
import { count } from '../../client/words.ts';
import { Icon } from '../../parts/icon.tsx';

interface ConflictProps {
  readonly error: ApiError;
  /** Files of which theirs can be taken. */
  readonly files: readonly string[];
  readonly rebase: () => void;
  readonly discard: () => void;
  readonly again: () => void;
}

/** Reason why the edits were not even tried; where somebody was faster, the two ways on. */
export function Conflict({ error, files, rebase, discard, again }: ConflictProps) {
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
              takes away; or take theirs, and your text of{' '}
              {files.length === 0 ? 'that file' : files.join(', ')} is gone.
            </p>
            <div class="conflict-ways">
              <button type="button" onClick={rebase}>
                Go on with my text
              </button>
              {files.length > 0 && (
                <button type="button" onClick={discard}>
                  Take theirs of {count(files.length, 'file')}
                </button>
              )}
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
