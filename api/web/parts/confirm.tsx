import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

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
  readonly onConfirm: () => Promise<void> | void;
  readonly onClose: () => void;
}

/** Asks for a yes, in words that say what it is given to. */
export function Confirm(props: ConfirmProps) {
  const { title, children, action, typed, isDangerous, canConfirm = true, onConfirm, onClose } = props;
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isReady = canConfirm && (typed === undefined || text.trim() === typed);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isReady || isBusy) return;
          setBusy(true);
          void Promise.resolve(onConfirm()).finally(() => {
            setBusy(false);
            onClose();
          });
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
        <div class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous === true ? 'danger' : 'primary'}
            disabled={!isReady || isBusy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
