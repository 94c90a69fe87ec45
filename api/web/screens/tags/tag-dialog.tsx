import { useState } from 'preact/hooks';
import { CircleCheck, CircleDashed } from 'lucide';
import type { TagStatus, TagView } from '../../client/fleet-types.ts';
import { tellAfterCommit } from '../../client/after-commit.ts';
import { get, post, remove } from '../../client/request.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { agree, count, shortCommit } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { Badge } from '../../parts/state.tsx';
import { CommitLink, SourceLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';

interface TagDialogProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

const DEPLOYED = {
  label: 'Deployed',
  tone: 'good',
  meaning: 'The last deployment is what the tag says.',
} as const;
const NOT_DEPLOYED = {
  label: 'Not deployed',
  tone: 'calm',
  meaning: 'The last deployment is not what the tag says.',
} as const;

/** Tells whether a release tag is deployed, and what can be done with it. */
export function TagDialog({ name, onClose, onChanged }: TagDialogProps) {
  const { data, error, reload } = useLoad(`tag ${name}`, (signal) =>
    get<TagStatus>(`/tags/${encodeURIComponent(name)}`, signal),
  );
  const [asks, ask] = useState<'deploy' | 'move' | 'delete' | null>(null);
  const close = (): void => ask(null);
  const changed = (): void => {
    onChanged();
    reload();
  };
  if (data !== null && asks === 'deploy') return <Deploy status={data} onClose={onClose} />;
  if (data !== null && asks === 'move') return <Move tag={data.tag} onClose={close} onMoved={changed} />;
  if (data !== null && asks === 'delete')
    return <Delete tag={data.tag} onClose={onClose} onDeleted={onChanged} />;
  return (
    <Dialog title={name} onClose={onClose}>
      {data !== null ? (
        <>
          <Status of={data} />
          {may('deployer') && (
            <div class="actions">
              <button type="button" onClick={() => ask('delete')}>
                Delete …
              </button>
              <button type="button" onClick={() => ask('move')}>
                Move …
              </button>
              <button type="button" class="primary" onClick={() => ask('deploy')}>
                Deploy {data.stack} from this tag …
              </button>
            </div>
          )}
        </>
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what="the tag" />
      )}
    </Dialog>
  );
}

function Status({ of: { tag, stack, deployed, deployment, differs } }: { of: TagStatus }) {
  return (
    <>
      <p>
        <Badge words={deployed ? DEPLOYED : NOT_DEPLOYED} icon={deployed ? CircleCheck : CircleDashed} />{' '}
        <a href={stackAddress(stack)}>{stack}</a>{' '}
        {deployment === null ? 'has not been deployed yet.' : `was deployed last as ${deployment}.`}
      </p>
      <dl class="facts tag-facts">
        <div>
          <dt>On commit</dt>
          <dd>
            <CommitLink commit={tag.commit} />
          </dd>
        </div>
        <div>
          <dt>Put on</dt>
          <dd>
            <Time at={tag.time} />
          </dd>
        </div>
      </dl>
      <p class="tag-message">{tag.message}</p>
      {differs.length > 0 && (
        <>
          <h3>
            {count(differs.length, 'file')} of the stack {agree(differs.length, 'differs', 'differ')} from
            what was deployed last
          </h3>
          <ul>
            {differs.map((file) => (
              <li key={file}>
                <SourceLink file={file} commit={tag.commit} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

interface DeployAnswer {
  readonly stack: string;
  readonly commit: string | null;
  readonly job_id: string | null;
}

function Deploy({ status: { tag, stack, differs }, onClose }: { status: TagStatus; onClose: () => void }) {
  const deploy = async (): Promise<void> => {
    const { commit, job_id: job } = await post<DeployAnswer>(`/tags/${encodeURIComponent(tag.name)}/deploy`);
    if (job !== null) announce(`${stack} is being applied.`, { href: jobAddress(job), text: 'Watch it' });
    else {
      const made = commit === null ? 'A commit' : `Commit ${shortCommit(commit)}`;
      announce(`${made} brings ${stack} to ${tag.name}; ${tellAfterCommit(null)}.`, {
        href: stackAddress(stack),
        text: `See ${stack}`,
      });
    }
  };
  return (
    <Confirm
      title={`Deploy ${stack} as it is at ${tag.name}?`}
      action={`Deploy ${stack} from ${tag.name}`}
      onConfirm={deploy}
      onClose={onClose}
    >
      <p>
        One commit by you brings the files of <b>{stack}</b> to what they are at{' '}
        <code>{shortCommit(tag.commit)}</code>; Kombinator then applies them, unless the stack is held. Where
        they are so already, no commit is made, and they are applied again.
      </p>
      {differs.length > 0 && (
        <>
          <p>Different from what was deployed last:</p>
          <ul class="small">
            {differs.map((file) => (
              <li key={file}>
                <code>{file}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </Confirm>
  );
}

function Move({ tag, onClose, onMoved }: { tag: TagView; onClose: () => void; onMoved: () => void }) {
  const [commit, setCommit] = useState('');
  const move = async (): Promise<void> => {
    const moved = await post<TagView>(`/tags/${encodeURIComponent(tag.name)}/move`, {
      commit: commit.trim(),
    });
    onMoved();
    announce(`${tag.name} is on ${shortCommit(moved.commit)} now. Nothing is deployed by that.`);
  };
  return (
    <Confirm
      title={`Move ${tag.name}`}
      action={commit.trim() === '' ? 'Move it' : `Move it to ${commit.trim().slice(0, 20)}`}
      canConfirm={commit.trim() !== ''}
      onConfirm={move}
      onClose={onClose}
    >
      <p>
        It is on <CommitLink commit={tag.commit} /> now. What runs stays as it is.
      </p>
      <label class="field">
        <span>To which commit, branch or tag?</span>
        <input
          autoFocus
          autocomplete="off"
          spellcheck={false}
          value={commit}
          onInput={(event) => setCommit(event.currentTarget.value)}
        />
      </label>
    </Confirm>
  );
}

function Delete({ tag, onClose, onDeleted }: { tag: TagView; onClose: () => void; onDeleted: () => void }) {
  const deleteTag = async (): Promise<void> => {
    await remove(`/tags/${encodeURIComponent(tag.name)}`);
    onDeleted();
    announce(`${tag.name} is deleted.`);
  };
  return (
    <Confirm
      title={`Delete ${tag.name}?`}
      action={`Delete ${tag.name}`}
      isDangerous
      onConfirm={deleteTag}
      onClose={onClose}
    >
      <p>The name is gone, also at the Git host; the commit and what runs stay as they are.</p>
    </Confirm>
  );
}
