import { useState } from 'preact/hooks';
import { CircleCheck, CirclePause, CircleX, LoaderCircle, Trash2 } from 'lucide';
import type { InstanceView } from '../../client/fleet-types.ts';
import { tellBytes, tellCpu } from '../../client/quantities.ts';
import { get, remove } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import type { Words } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Badge } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';

const STATUS: Readonly<Record<InstanceView['status'], Words & { readonly icon: typeof CircleX }>> = {
  creating: { label: 'Starting', tone: 'busy', meaning: 'Not all of it runs yet.', icon: LoaderCircle },
  running: { label: 'Running', tone: 'good', meaning: 'All of it runs.', icon: CircleCheck },
  stopped: { label: 'Ended', tone: 'calm', meaning: 'It has ended by itself.', icon: CirclePause },
  failed: { label: 'Failed', tone: 'bad', meaning: 'It did not start, or ended badly.', icon: CircleX },
  node_deleted: {
    label: 'Node gone',
    tone: 'bad',
    meaning: 'The machine that it ran on is not there any more.',
    icon: CircleX,
  },
};

/** One instance: what runs, where it answers, and until when. */
export function InstanceCard({ instance, onDeleted }: { instance: InstanceView; onDeleted: () => void }) {
  const { id, status, message, images, node } = instance;
  const { icon, ...words } = STATUS[status];
  const [shown, show] = useState<'log' | 'delete' | null>(null);
  const close = (): void => show(null);
  return (
    <section class="card" aria-label={id}>
      <div class="card-head">
        <div class="instance-name">
          <h2>{images.join(', ')}</h2>
          <Badge words={words} icon={icon} />
        </div>
        <div class="page-actions">
          <button type="button" onClick={() => show('log')}>
            Show its log
          </button>
          {may('deployer') && (
            <button type="button" onClick={() => show('delete')}>
              <Icon of={Trash2} size={16} /> Delete …
            </button>
          )}
        </div>
      </div>
      <div class="card-body">
        {message !== null && <p class="instance-message">{message}</p>}
        <Facts of={instance} />
      </div>
      {shown === 'log' && <Log id={id} title={images.join(', ')} onClose={close} />}
      {shown === 'delete' && (
        <Confirm
          title="Delete this instance?"
          action={`Delete ${id}`}
          isDangerous
          onConfirm={() => deleteInstance(id, onDeleted)}
          onClose={close}
        >
          <p>
            <b>{images.join(', ')}</b> on {node} ends at once, and everything in it is lost.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function Facts({ of }: { of: InstanceView }) {
  const {
    id,
    node,
    urls,
    ports,
    cpu_millis: cpu,
    memory_bytes: memory,
    created_at: from,
    expires_at: to,
  } = of;
  return (
    <dl class="facts">
      <div>
        <dt>Answers at</dt>
        <dd>
          {urls.length > 0
            ? urls.map((url) => (
                <p key={url}>
                  <code>{url}</code>
                </p>
              ))
            : ports.map(({ protocol, node_port: port }) => (
                <p key={port}>
                  port {port} ({protocol}) of {node}
                </p>
              ))}
        </dd>
      </div>
      <div>
        <dt>Ends by itself</dt>
        <dd>
          <Time at={to} isAhead />
        </dd>
      </div>
      <div>
        <dt>Asked for</dt>
        <dd>
          <Time at={from} />
        </dd>
      </div>
      <div>
        <dt>Runs on</dt>
        <dd>{node}</dd>
      </div>
      <div>
        <dt>May use</dt>
        <dd>
          {tellCpu(cpu)}, {tellBytes(memory)}
        </dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </div>
    </dl>
  );
}

interface LogLine {
  readonly container: string;
  readonly time: string;
  readonly text: string;
}

function Log({ id, title, onClose }: { id: string; title: string; onClose: () => void }) {
  const { data, error, reload } = useLoad(`log ${id}`, (signal) =>
    get<{ lines: readonly LogLine[] }>(`/instances/${encodeURIComponent(id)}/logs`, signal),
  );
  return (
    <Dialog title={`Log of ${title}`} onClose={onClose} wide>
      {data === null ? (
        error === null ? (
          <Waiting what="the log" />
        ) : (
          <Failed error={error} retry={reload} />
        )
      ) : data.lines.length === 0 ? (
        <p>It has written nothing so far.</p>
      ) : (
        <pre class="code instance-log" tabIndex={0} aria-label="Last lines">
          {data.lines.map(({ container, time, text }, index) => (
            // Lines have no other name than their place.
            <div key={index} class="line" title={time}>
              <span class="muted">{container} </span>
              {text}
            </div>
          ))}
        </pre>
      )}
    </Dialog>
  );
}

async function deleteInstance(id: string, onDeleted: () => void): Promise<void> {
  await remove(`/instances/${encodeURIComponent(id)}`);
  announce(`${id} is deleted.`);
  onDeleted();
}
