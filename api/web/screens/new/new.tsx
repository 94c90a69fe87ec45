import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { Eraser } from 'lucide';
import { UI } from '../../client/home.ts';
import type { Written } from '../../client/history-types.ts';
import { tellAfterCommit } from '../../client/after-commit.ts';
import { post, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count, shortCommit } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { CheckState, whyBarred } from '../../parts/edit/check-state.tsx';
import { CommitForm } from '../../parts/edit/commit-form.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Empty, Failed } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { ThenRuns } from '../plan/effect.tsx';
import { BeginningForm } from './beginning-form.tsx';
import { DraftFiles } from './draft-files.tsx';
import { forgetDraft, isDraftBegun, tellMissing, useDraft } from './use-draft.ts';
import './new.css';

/** A new stack: how it begins, its files, what then runs, and the commit that makes it. */
export function NewStack() {
  return (
    <>
      <PageHead title="New stack" up={[`${UI}/stacks`, 'All stacks']}>
        {isDraftBegun() && <Forget />}
      </PageHead>
      {may('deployer') ? (
        <Drafting />
      ) : (
        <Empty title="You may look, but not make stacks.">
          <p>Making one needs the role deployer.</p>
        </Empty>
      )}
    </>
  );
}

/** Lets somebody begin anew: the draft stays otherwise, wherever they go meanwhile. */
function Forget() {
  const [asks, ask] = useState(false);
  return (
    <>
      <button type="button" onClick={() => ask(true)}>
        <Icon of={Eraser} size={16} /> Begin anew …
      </button>
      {asks && (
        <Confirm
          title="Begin anew?"
          action="Forget this draft"
          isDangerous
          onConfirm={forgetDraft}
          onClose={() => ask(false)}
        >
          <p>What you have written for the new stack is gone then. Nothing of it is in Git.</p>
        </Confirm>
      )}
    </>
  );
}

function Drafting() {
  const { route } = useLocation();
  const draft = useDraft();
  const { beginning, body, tried, files } = draft;
  const name = beginning.name.trim();
  const commit = async (message: string): Promise<void> => {
    try {
      const written = await post<Written>('/drafts/commit', { ...body, message });
      draft.settle(body);
      announce(`Committed as ${shortCommit(written.commit)}; ${tellAfterCommit(null)}.`);
      route(stackAddress(name));
    } catch (problem) {
      announceError('Not committed', toApiError(problem));
      tried.again();
    }
  };
  const missing = tellMissing(beginning);
  return (
    <>
      <BeginningForm draft={draft} />
      <CheckState of={tried} />
      {body === null && missing !== null && <p class="muted">{missing}</p>}
      {tried.error !== null && <Failed error={tried.error} />}
      {body !== null && tried.data !== null && tried.error === null && (
        <>
          <DraftFiles draft={draft} />
          <ThenRuns effect={{ ...tried.data, others: [] }} />
          <CommitForm
            message={`Add ${name}`}
            action={`Commit ${count(files.length, 'file')}: add ${name}`}
            barred={whyBarred(tried)}
            onCommit={commit}
          />
        </>
      )}
    </>
  );
}
