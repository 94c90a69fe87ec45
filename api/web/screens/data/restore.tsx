import { useState } from 'preact/hooks';
import { Minus, Pencil, Plus } from 'lucide';
import type { JobView } from '../../client/api-types.ts';
import type { BackupView, RestoreLook } from '../../client/fleet-types.ts';
import { tellBytes } from '../../client/quantities.ts';
import { post, request } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Failed } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Time } from '../../parts/time.tsx';
import { tellService } from './holdings.ts';

/** Looks at what a restore would change, and restores when the name of the stack is typed. */
export function RestoreDialog({ backup, onClose }: { backup: BackupView; onClose: () => void }) {
  const { stack, service, file, time } = backup;
  const name = tellService(service);
  const [backsUpFirst, setBacksUpFirst] = useState(true);
  const { data, error, reload } = useLoad(`look ${stack} ${service} ${file}`, (signal) =>
    request<RestoreLook>('POST', `/stacks/${encodeURIComponent(stack)}/restore/look`, {
      signal,
      body: { service, file },
    }),
  );
  const restore = async (): Promise<void> => {
    const job = await post<JobView>(`/stacks/${encodeURIComponent(stack)}/restore`, {
      service,
      file,
      backup_first: backsUpFirst,
      confirm: true,
    });
    announce(`${stack} / ${name} is being restored.`, { href: jobAddress(job.id), text: 'Watch it' });
  };
  return (
    <Confirm
      title={`Restore ${name} of ${stack}?`}
      action={`Replace ${name} by this backup`}
      typed={stack}
      isDangerous
      canConfirm={data !== null}
      onConfirm={restore}
      onClose={onClose}
    >
      <p>
        What <b>{name}</b> holds now is replaced by the backup made <Time at={time} />.
      </p>
      {data !== null ? (
        <Look of={data} />
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <p role="status">The backup is read to its end and compared with what is there …</p>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={backsUpFirst}
          onChange={(event) => setBacksUpFirst(event.currentTarget.checked)}
        />
        <span>
          Back up what is there now first
          {!backsUpFirst && <b> – without it, what is there now is lost for good</b>}
        </span>
      </label>
    </Confirm>
  );
}

function Look({ of: { stops, note, data } }: { of: RestoreLook }) {
  return (
    <div role="status">
      {note !== null && <p>{note}</p>}
      {stops.length > 0 && (
        <p>
          Stopped meanwhile, and started again: <b>{stops.join(', ')}</b>
        </p>
      )}
      {data !== null && <Differences of={data} />}
    </div>
  );
}

const SIGNS = {
  added: [Plus, 'comes back'],
  changed: [Pencil, 'changes'],
  removed: [Minus, 'goes'],
} as const;

function Differences({ of }: { of: NonNullable<RestoreLook['data']> }) {
  const { added, changed, removed, same, bytes_before: before, bytes_after: after, changes } = of;
  const total = added + changed + removed;
  if (total === 0) return <p>Nothing would change: what is there is what was backed up.</p>;
  return (
    <>
      <p>
        {tellChanges([
          [added, 'come back'],
          [changed, 'change'],
          [removed, 'go'],
          [same, 'stay as they are'],
        ])}{' '}
        {tellBytes(before)} now, {tellBytes(after)} afterwards.
      </p>
      <ul class="differences small">
        {changes.map(({ path, change, before: from, after: to }) => (
          <li key={path}>
            <Icon of={SIGNS[change][0]} label={SIGNS[change][1]} size={14} />
            <code>{path}</code>
            <span class="muted nowrap">
              {from !== null && tellBytes(from)}
              {from !== null && to !== null && ' → '}
              {to !== null && tellBytes(to)}
            </span>
          </li>
        ))}
      </ul>
      {total > changes.length && (
        <p class="muted small">and {(total - changes.length).toLocaleString('en')} more</p>
      )}
    </>
  );
}

/** `2 files would change, 1 file would go.` of numbers with what becomes of so many. */
function tellChanges(changes: readonly (readonly [number: number, becomes: string])[]): string {
  const told = changes.filter(([number]) => number > 0);
  return `${told.map(([number, becomes]) => `${count(number, 'file')} would ${becomes}`).join(', ')}.`;
}
