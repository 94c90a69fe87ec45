import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CircleX } from 'lucide';
import type { ApiError } from '../client/request.ts';
import { toApiError } from '../client/request.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';

interface ConfirmProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Words on the button: what it does. */
  readonly action: string;
  /** Text that has to be typed before the button counts. Left out: nothing. */
  readonly typed?: string;
  readonly isDangerous?: boolean;
  /** False while something has to be known or chosen first. Default true. */
  readonly canConfirm?: boolean;
  /** Does it. What it throws is shown, and the question stays with everything that was typed. */
  readonly onConfirm: () => Promise<void> | void;
  readonly onClose: () => void;
}

/** Asks for a yes, in words that say what it is given to. */
export function Confirm(props: ConfirmProps) {
  const { title, children, action, typed, isDangerous, canConfirm = true, onConfirm, onClose } = props;
  const [text, setText] = useState('');
  const { isBusy, error, run } = useAnswer(onConfirm, onClose);
  const isReady = canConfirm && (typed === undefined || text.trim() === typed);
  return (
    <Dialog title={title} isBusy={isBusy} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) void run();
        }}
      >
        {children}
        {typed !== undefined && (
          <label class="field">
            <span>
              Type <b>{typed}</b> to go on
            </span>
            <input
              autoFocus
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        )}
        {error !== null && <Refused error={error} />}
        <div class="actions">
          <button type="button" disabled={isBusy} onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous === true ? 'danger' : 'primary'}
            disabled={!isReady}
            aria-disabled={isBusy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Carries a yes out once: closes what it was given in when it went well, and has the error otherwise. */
function useAnswer(onConfirm: ConfirmProps['onConfirm'], onClose: () => void) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      // One that is gone meanwhile closes nothing: another question may be shown.
      if (isShown.current) onClose();
    } catch (problem) {
      setError(toApiError(problem));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}

function Refused({ error }: { error: ApiError }) {
  return (
    <div class="notice tone-bad" role="alert">
      <Icon of={CircleX} />
      <div>
        <p>Not done: {error.message}</p>
        {error.details.length > 0 && (
          <ul>
            {error.details.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
