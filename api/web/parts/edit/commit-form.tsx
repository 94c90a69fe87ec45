import { useState } from 'preact/hooks';
import { GitCommitHorizontal } from 'lucide';
import { Icon } from '../icon.tsx';
import './changes.css';

interface CommitFormProps {
  /** Message that the commit has when nobody writes another one. */
  readonly message: string;
  /** Words on the button: what is committed, and where that leads. */
  readonly action: string;
  /** Reason why nothing can be committed now, in words. */
  readonly barred?: string | null;
  readonly onCommit: (message: string) => Promise<void>;
}

/** Asks for the message of a commit, and makes it. */
export function CommitForm({ message, action, barred = null, onCommit }: CommitFormProps) {
  const [text, setText] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  return (
    <form
      class="card commit-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isBusy || barred !== null) return;
        setBusy(true);
        const written = (text ?? '').trim();
        void onCommit(written === '' ? message : written).finally(() => setBusy(false));
      }}
    >
      <label class="field">
        <span>Message of the commit</span>
        <textarea
          rows={2}
          maxLength={10_000}
          value={text ?? message}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div class="actions">
        {barred !== null && <span class="muted small">{barred}</span>}
        <button type="submit" class="primary" disabled={isBusy || barred !== null}>
          <Icon of={GitCommitHorizontal} size={16} /> {action}
        </button>
      </div>
    </form>
  );
}
