import { useLocation } from 'preact-iso';
import type { Written } from '../../client/history-types.ts';
import { post, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count, shortCommit } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { CheckState, whyBarred } from '../../parts/edit/check-state.tsx';
import { CommitForm } from '../../parts/edit/commit-form.tsx';
import { Empty, Failed } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { ThenRuns } from '../plan/effect.tsx';
import { BeginningForm } from './beginning-form.tsx';
import { DraftFiles } from './draft-files.tsx';
import { tellMissing, useDraft } from './use-draft.ts';
import './new.css';

/** A new stack: how it begins, its files, what then runs, and the commit that makes it. */
export function NewStack() {
  return (
    <>
      <PageHead title="New stack" up={['/ui/stacks', 'All stacks']} />
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

function Drafting() {
  const { route } = useLocation();
  const draft = useDraft();
  const { beginning, body, tried, files } = draft;
  const name = beginning.name.trim();
  const commit = async (message: string): Promise<void> => {
    try {
      const written = await post<Written>('/drafts/commit', { ...body, message });
      announce(`Committed as ${shortCommit(written.commit)}; it is being deployed now.`);
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
