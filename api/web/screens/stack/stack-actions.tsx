import { useState } from 'preact/hooks';
import { CirclePause, Lock, LockOpen, Pencil, Play, RotateCw, Trash2 } from 'lucide';
import type { JobView, StackDetail } from '../../client/api-types.ts';
import { whyKept } from '../../client/after-commit.ts';
import { UI } from '../../client/home.ts';
import { post, remove, request } from '../../client/request.ts';
import { jobAddress, stackAddress, workflowAddress } from '../../client/stack-address.ts';
import { agree, count } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Icon } from '../../parts/icon.tsx';

type Question = 'stop' | 'restart' | 'hold' | 'release' | 'delete';

/** Buttons for a stack as a whole, apart from what its plan does. */
export function StackActions({ stack, reload }: { stack: StackDetail; reload: () => void }) {
  const [asked, ask] = useState<Question | null>(null);
  const { name, state, kind, services, hold, file } = stack;
  const what = count(services.length, 'service');
  const start = useDeed(`${name} is not started`, () => control(name, 'start', `start ${what}`));
  if (!may('deployer')) return null;
  const hasControl = kind === 'kombination' && state !== 'removed' && services.length > 0;
  return (
    <>
      {file !== '' && (
        <a
          class="button primary"
          href={kind === 'workflow' ? workflowAddress(name) : stackAddress(name, 'files')}
        >
          <Icon of={Pencil} size={16} /> Edit
        </a>
      )}
      {hasControl && state === 'stopped' && (
        <DeedButton of={start}>
          <Icon of={Play} size={16} /> Start {what}
        </DeedButton>
      )}
      {hasControl && state !== 'stopped' && (
        <>
          <button type="button" onClick={() => ask('restart')}>
            <Icon of={RotateCw} size={16} /> Restart {what}
          </button>
          <button type="button" onClick={() => ask('stop')}>
            <Icon of={CirclePause} size={16} /> Stop {what}
          </button>
        </>
      )}
      {hold !== undefined && (
        <button type="button" onClick={() => ask(hold === null ? 'hold' : 'release')}>
          <Icon of={hold === null ? Lock : LockOpen} size={16} />{' '}
          {hold === null ? 'Hold as it is' : `Release ${name}`}
        </button>
      )}
      <button type="button" onClick={() => ask('delete')}>
        <Icon of={Trash2} size={16} /> Delete …
      </button>
      {asked !== null && (
        <Ask key={asked} question={asked} stack={stack} reload={reload} onClose={() => ask(null)} />
      )}
    </>
  );
}

interface AskProps {
  readonly question: Question;
  readonly stack: StackDetail;
  readonly reload: () => void;
  readonly onClose: () => void;
}

function Ask({ question, stack, reload, onClose }: AskProps) {
  switch (question) {
    case 'stop':
    case 'restart':
      return <AskControl action={question} stack={stack} onClose={onClose} />;
    case 'hold':
      return <AskHold stack={stack} reload={reload} onClose={onClose} />;
    case 'release':
      return (
        <Confirm
          title={`Release ${stack.name}?`}
          action={`Release ${stack.name}`}
          onConfirm={() => release(stack.name, reload)}
          onClose={onClose}
        >
          <p>It follows Git again: what was pushed meanwhile is applied now.</p>
        </Confirm>
      );
    case 'delete':
      return (
        <Confirm
          title={`Delete ${stack.name}?`}
          action={`Delete ${stack.name}`}
          typed={stack.name}
          isDangerous
          onConfirm={() => deleteStack(stack)}
          onClose={onClose}
        >
          <p>
            One commit takes its files out of the config repository, and {tellRemoval(stack)}. Data in volumes
            stays until you agree to remove it as well.
          </p>
        </Confirm>
      );
    default:
      return question satisfies never;
  }
}

function AskControl({
  action,
  stack,
  onClose,
}: {
  action: 'stop' | 'restart';
  stack: StackDetail;
  onClose: () => void;
}) {
  const { name, services } = stack;
  const what = `${action} ${count(services.length, 'service')}`;
  const text = what.charAt(0).toUpperCase() + what.slice(1);
  return (
    <Confirm
      title={`${text} of ${name}?`}
      action={text}
      isDangerous={action === 'stop'}
      onConfirm={() => control(name, action, what)}
      onClose={onClose}
    >
      <p>
        {action === 'stop'
          ? 'Nobody can use it until it is started or applied again. Git stays as it is, and so does the data.'
          : 'It cannot be used for a moment. Git stays as it is, and so does the data.'}
      </p>
      <p class="muted small">{services.map((service) => service.name).join(', ')}</p>
    </Confirm>
  );
}

function AskHold({ stack: { name }, reload, onClose }: Omit<AskProps, 'question'>) {
  const [reason, setReason] = useState('');
  return (
    <Confirm
      title={`Hold ${name} as it is?`}
      action={`Hold ${name}`}
      onConfirm={() => hold(name, reason, reload)}
      onClose={onClose}
    >
      <p>Nothing is applied to it by itself, whatever is pushed, until somebody releases it.</p>
      <label class="field">
        <span>Why? (everybody sees it; may stay empty)</span>
        <input
          autoFocus
          value={reason}
          maxLength={200}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </Confirm>
  );
}

const pathOf = (name: string): string => `/stacks/${encodeURIComponent(name)}`;

async function control(name: string, action: 'start' | 'stop' | 'restart', what: string): Promise<void> {
  const job = await post<JobView>(`${pathOf(name)}/${action}`);
  announce(`${name}: to ${what} has begun.`, { href: jobAddress(job.id), text: 'Watch it' });
}

async function hold(name: string, reason: string, reload: () => void): Promise<void> {
  const body = reason.trim() === '' ? {} : { reason: reason.trim() };
  await request('PUT', `${pathOf(name)}/hold`, { body });
  announce(`${name} is held as it is.`);
  reload();
}

async function release(name: string, reload: () => void): Promise<void> {
  await remove(`${pathOf(name)}/hold`);
  announce(`${name} follows Git again.`);
  reload();
}

/** `2 services that run for it are removed`, or what keeps them. */
function tellRemoval(stack: StackDetail): string {
  const { services } = stack;
  const why = whyKept(stack);
  const runs = `${count(services.length, 'service')} that ${agree(services.length, 'runs', 'run')} for it`;
  if (why !== null) return `${runs} ${agree(services.length, 'stays', 'stay')} for now, since ${why}`;
  return `${runs} ${agree(services.length, 'is', 'are')} removed`;
}

async function deleteStack(stack: StackDetail): Promise<void> {
  const { name } = stack;
  await remove(pathOf(name));
  const why = whyKept(stack);
  const then = why === null ? 'and will be removed' : `and what it runs stays for now, since ${why}`;
  announce(`${name} is taken out of Git, ${then}.`, { href: `${UI}/jobs`, text: 'Jobs' });
}
