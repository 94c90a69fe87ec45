import { useState } from 'preact/hooks';
import type { JobView } from '../../client/api-types.ts';
import { repository } from '../../client/repository.ts';
import { post } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { announce } from '../../app/announce.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { tellService } from './holdings.ts';

/** Backs up one thing of a stack, or all that the stack has backed up. */
export async function backUp(stack: string, service?: string): Promise<void> {
  const what = service === undefined ? stack : `${stack} / ${tellService(service)}`;
  const job = await post<JobView>(`/stacks/${encodeURIComponent(stack)}/backup`, {
    ...(service !== undefined && { service }),
  });
  announce(`${what} is being backed up.`, { href: jobAddress(job.id), text: 'Watch it' });
}

/** Asks which stack to back up: also one of which there is no backup yet. */
export function BackUpDialog({ onClose }: { onClose: () => void }) {
  const stacks = (repository.value?.stacks ?? []).toSorted();
  const [stack, choose] = useState('');
  return (
    <Confirm
      title="Back up a stack"
      action={stack === '' ? 'Back up' : `Back up ${stack} now`}
      canConfirm={stacks.includes(stack)}
      onConfirm={() => backUp(stack)}
      onClose={onClose}
    >
      <p>
        Its databases are backed up, and the volumes and directories that <code>backup</code> in its file
        names.
      </p>
      <label class="field">
        <span>Stack</span>
        <input
          autoFocus
          list="stacks-to-back-up"
          autocomplete="off"
          spellcheck={false}
          value={stack}
          onInput={(event) => choose(event.currentTarget.value.trim())}
        />
        <datalist id="stacks-to-back-up">
          {stacks.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
    </Confirm>
  );
}
