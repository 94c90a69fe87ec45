import { useState } from 'preact/hooks';
import type { JobView } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { ApiError, post, toApiError } from '../../client/request.ts';
import { count } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { Confirm } from '../../parts/confirm.tsx';

interface BatchActionsProps {
  readonly selected: ReadonlySet<string>;
  readonly select: (names: ReadonlySet<string>) => void;
}

/** Things that can be done with all stacks that are selected. */
export function BatchActions({ selected, select }: BatchActionsProps) {
  const [asks, ask] = useState<'apply' | 'delete' | null>(null);
  if (selected.size === 0) return null;
  const names = [...selected].toSorted();
  const close = (): void => ask(null);
  const clear = (): void => select(new Set());
  return (
    <div class="batch" role="region" aria-label="Selected stacks">
      <b>{count(names.length, 'stack')} selected</b>
      {may('deployer') && (
        <>
          <button type="button" onClick={() => ask('apply')}>
            Apply {count(names.length, 'stack')}
          </button>
          <button type="button" onClick={() => ask('delete')}>
            Delete {count(names.length, 'stack')} …
          </button>
        </>
      )}
      <button type="button" onClick={clear}>
        Clear the selection
      </button>
      {asks === 'apply' && (
        <Confirm
          title={`Apply ${count(names.length, 'stack')}?`}
          action={`Apply ${count(names.length, 'stack')}`}
          onConfirm={() => applyAll(names, select)}
          onClose={close}
        >
          <p>Each is brought to what Git says. What needs a yes of its own is left as it is, and said.</p>
          <Names of={names} />
        </Confirm>
      )}
      {asks === 'delete' && (
        <Confirm
          title={`Delete ${count(names.length, 'stack')}?`}
          action={`Delete ${count(names.length, 'stack')}`}
          typed={names.length === 1 ? (names[0] ?? '') : `delete ${names.length}`}
          isDangerous
          onConfirm={() => deleteAll(names, clear)}
          onClose={close}
        >
          <p>
            One commit takes their files out of the config repository, and what they run is removed. Data in
            volumes stays.
          </p>
          <Names of={names} />
        </Confirm>
      )}
    </div>
  );
}

function Names({ of }: { of: readonly string[] }) {
  return (
    <p class="small">
      {of.slice(0, 12).join(', ')}
      {of.length > 12 && ` and ${of.length - 12} more`}
    </p>
  );
}

/** Has each applied; those that were refused stay selected. */
async function applyAll(
  names: readonly string[],
  select: (names: ReadonlySet<string>) => void,
): Promise<void> {
  const refused = new Map<string, string>();
  for (const name of names) {
    try {
      await post<JobView>(`/stacks/${encodeURIComponent(name)}/apply`);
    } catch (error) {
      refused.set(name, toApiError(error).message);
    }
  }
  select(new Set(refused.keys()));
  const begun = names.length - refused.size;
  if (begun > 0) announce(`${count(begun, 'stack')} will be applied.`, { href: `${UI}/jobs`, text: 'Jobs' });
  if (refused.size === 0) return;
  const reasons = [...refused].map(([name, reason]) => `${name}: ${reason}`);
  announceError('Not applied', new ApiError(409, 'CONFLICT', count(refused.size, 'stack'), reasons));
}

async function deleteAll(names: readonly string[], clear: () => void): Promise<void> {
  await post('/stacks/batch-delete', { stacks: names });
  clear();
  announce(`${count(names.length, 'stack')} will be removed.`, { href: `${UI}/jobs`, text: 'Jobs' });
}
