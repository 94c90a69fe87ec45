import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { StackDetail } from '../../client/api-types.ts';
import { get, post } from '../../client/request.ts';
import { workflowAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { Confirm } from '../../parts/confirm.tsx';

interface ClusterList {
  readonly clusters: readonly { readonly name: string; readonly display_name: string }[];
}

interface ClusterChoiceProps {
  /** `null`: it is not known yet. */
  readonly clusters: ClusterList['clusters'] | null;
  readonly chosen: string;
  readonly choose: (name: string) => void;
}

function ClusterChoice({ clusters, chosen, choose }: ClusterChoiceProps) {
  if (clusters === null) return null;
  if (clusters.length === 0)
    return (
      <p class="muted small">
        There is no cluster yet. It can be drawn, and runs once there is a file{' '}
        <code>clusters/NAME.yaml</code> in the repository.
      </p>
    );
  return (
    <label class="field">
      <span>Cluster that it runs on</span>
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {clusters.map(({ name, display_name: words }) => (
          <option key={name} value={name}>
            {words === '' ? name : words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Asks what a new workflow is called and where it runs; it begins as an empty draft. */
export function NewWorkflow({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const { data } = useLoad('clusters', (signal) => get<ClusterList>('/clusters', signal));
  const [title, setTitle] = useState('');
  const [chosen, choose] = useState<string | null>(null);
  const cluster = chosen ?? data?.clusters[0]?.name ?? '';
  const create = async (): Promise<void> => {
    const body = { title: title.trim(), ...(cluster === '' ? {} : { cluster }) };
    const made = await post<StackDetail>('/workflows', body);
    route(workflowAddress(made.name));
  };
  return (
    <Confirm
      title="New workflow"
      action="Commit the draft"
      canConfirm={title.trim() !== ''}
      onConfirm={create}
      onClose={onClose}
    >
      <label class="field">
        <span>Name</span>
        <input
          autoFocus
          value={title}
          autocomplete="off"
          maxLength={200}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <ClusterChoice clusters={data?.clusters ?? null} chosen={cluster} choose={choose} />
      <p class="muted small">
        This commits a file <code>workflows/….yaml</code> without nodes, a draft. Nothing is applied until you
        publish it.
      </p>
    </Confirm>
  );
}
