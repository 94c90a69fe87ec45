import { CircleCheck, CircleX, LoaderCircle, TriangleAlert } from 'lucide';
import type { Diagnostic } from '../../client/api-types.ts';
import type { Tried } from '../../client/use-tried.ts';
import { count } from '../../client/words.ts';
import { Icon } from '../icon.tsx';
import './changes.css';

interface CheckStateProps {
  readonly of: Tried<{ readonly diagnostics: readonly Diagnostic[] }>;
}

/** Says how the check of something that is being written went, also to those who only hear it. */
export function CheckState({ of }: CheckStateProps) {
  return (
    <p class="check-state" role="status">
      <Outcome of={of} />
    </p>
  );
}

function Outcome({ of: { data, error, isChecking } }: CheckStateProps) {
  if (isChecking)
    return (
      <span class="muted">
        <Icon of={LoaderCircle} size={16} /> Checking …
      </span>
    );
  if (error !== null || data === null) return null;
  const errors = data.diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = data.diagnostics.filter(({ severity }) => severity === 'warning').length;
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

/** Reason why it cannot be committed now; `null`: it can be. */
export function whyBarred({ data, error, isChecking }: CheckStateProps['of']): string | null {
  if (error !== null) return 'See above why it cannot be committed now.';
  if (isChecking) return 'It is being checked.';
  const errors = data?.diagnostics.filter(({ severity }) => severity === 'error').length ?? 0;
  return errors === 0 ? null : `Mend ${count(errors, 'error')} first.`;
}
