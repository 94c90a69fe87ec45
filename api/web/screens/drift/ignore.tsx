import { useLocation } from 'preact-iso';
import { ArrowLeft, Info } from 'lucide';
import type { FilesPreview, Written } from '../../client/history-types.ts';
import { post, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { shortCommit } from '../../client/words.ts';
import { announce, announceError } from '../../app/announce.tsx';
import { CommitForm } from '../../parts/edit/commit-form.tsx';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { EffectView } from '../plan/effect.tsx';
import { readResource } from './differences.tsx';

interface IgnoreProps {
  readonly name: string;
  /** Id of the resource. */
  readonly resource: string;
  /** Path of the field. */
  readonly field: string;
}

/** The commit by which a field may differ from what was deployed, before it is made. */
export function IgnoreView({ name, resource, field }: IgnoreProps) {
  const { route } = useLocation();
  const { kind, title } = readResource(resource);
  const path = `/stacks/${encodeURIComponent(name)}/drift/ignore`;
  const { data, error, reload } = useLoad(`ignore ${name} ${resource} ${field}`, () =>
    post<FilesPreview>(path, { resource, field, preview: true }),
  );
  const commit = async (message: string): Promise<void> => {
    try {
      const { commit: made } = await post<Written>(path, { resource, field, message });
      announce(`Committed as ${shortCommit(made)}: ${field} may differ from now on.`);
      route(stackAddress(name, 'drift'));
    } catch (problem) {
      announceError('Not committed', toApiError(problem));
    }
  };
  return (
    <>
      <p class="filters">
        <a class="button" href={stackAddress(name, 'drift')}>
          <Icon of={ArrowLeft} size={16} /> All that differs
        </a>
      </p>
      <h2 class="drift-title">
        Let <code>{field}</code> of {kind} {title} differ
      </h2>
      <div class="notice">
        <Icon of={Info} />
        <p>
          From then on nobody is told when this field differs, and it is not put back. It is still set when
          the {kind} is made anew.
        </p>
      </div>
      {data !== null ? (
        <>
          <EffectView files={data.diff} effect={data} />
          <CommitForm
            message={`Let ${field} of ${title} differ`}
            action="Commit, and let it differ"
            onCommit={commit}
          />
        </>
      ) : error === null ? (
        <Waiting what="what the commit would change" />
      ) : (
        <Failed error={error} retry={reload} />
      )}
    </>
  );
}
