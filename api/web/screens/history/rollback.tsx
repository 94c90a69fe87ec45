import { useLocation } from 'preact-iso';
import { Info } from 'lucide';
import type { StackDetail } from '../../client/api-types.ts';
import type { RollbackPreview, Written } from '../../client/history-types.ts';
import { tellAfterCommit, whyKept } from '../../client/after-commit.ts';
import { post, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { shortCommit } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { CommitForm } from '../../parts/edit/commit-form.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { EffectView } from '../plan/effect.tsx';
import { BackToHistory } from './compare.tsx';

/** The way back to an earlier deployment: what it changes, and the commit that does it. */
export function RollbackView({ stack, to }: { stack: StackDetail; to: number }) {
  return (
    <>
      <BackToHistory name={stack.name} />
      <h2 class="part-title">Roll back to #{to}</h2>
      {may('deployer') ? (
        <Preview stack={stack} to={to} />
      ) : (
        <Empty title="You may look, but not roll back.">
          <p>Rolling back needs the role deployer.</p>
        </Empty>
      )}
    </>
  );
}

function Preview({ stack, to }: { stack: StackDetail; to: number }) {
  const { name } = stack;
  const { route } = useLocation();
  const path = `/stacks/${encodeURIComponent(name)}/rollback`;
  const { data, error, reload } = useLoad(`rollback ${name} ${to}`, () =>
    post<RollbackPreview>(path, { to, preview: true }),
  );
  if (data === null)
    return error === null ? (
      <Waiting what="what it would change: its machines are asked now" />
    ) : (
      <Failed error={error} retry={reload} />
    );
  const commit = async (message: string): Promise<void> => {
    try {
      const written = await post<Written>(path, { to, message });
      announce(`Committed as ${shortCommit(written.commit)}; ${tellAfterCommit(stack)}.`);
      route(stackAddress(name));
    } catch (problem) {
      announceError('Not rolled back', toApiError(problem));
    }
  };
  const isNothing = data.files.length === 0;
  return (
    <>
      <div class="notice">
        <Icon of={Info} />
        <p>
          A new commit puts the files back to what #{to} had; {tellThen(stack)}. The commits since then stay
          in Git. Data in volumes stays as it is.
        </p>
      </div>
      <EffectView files={data.files} effect={data} />
      <CommitForm
        message={`Roll back ${name} to #${to}`}
        action={`Commit, and go back to #${to}`}
        barred={isNothing ? `The files are already what #${to} had.` : null}
        onCommit={commit}
      />
    </>
  );
}

function tellThen(stack: StackDetail): string {
  return whyKept(stack) === null ? 'Kombinator then applies them, as shown below' : tellAfterCommit(stack);
}
