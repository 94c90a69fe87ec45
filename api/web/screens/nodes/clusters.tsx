import { CircleCheck, CircleHelp, CircleX } from 'lucide';
import type { ClusterView } from '../../client/fleet-types.ts';
import { get, post } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import type { Words } from '../../client/words.ts';
import { count } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Failed } from '../../parts/empty.tsx';
import { Time } from '../../parts/time.tsx';
import { PlaceCard } from './place-card.tsx';

const STATUS: Readonly<Record<ClusterView['status'], Words & { readonly icon: typeof CircleX }>> = {
  connected: { label: 'Connected', tone: 'good', meaning: 'It answers.', icon: CircleCheck },
  disconnected: { label: 'Offline', tone: 'bad', meaning: 'It does not answer.', icon: CircleX },
  error: {
    label: 'Refuses',
    tone: 'bad',
    meaning: 'It answers, and refuses what it is asked.',
    icon: CircleX,
  },
  unknown: { label: 'Not asked yet', tone: 'calm', meaning: 'Nobody has asked it so far.', icon: CircleHelp },
};

/** Kubernetes clusters that the repository and the operator name. */
export function Clusters() {
  const { data, error, reload, set } = useLoad('clusters', (signal) =>
    get<{ clusters: readonly ClusterView[] }>('/clusters', signal),
  );
  const soon = useCalmly(reload, 300, 2_000);
  useEvent('node', soon);
  useMissed(reload);
  if (error !== null) return <Failed error={error} retry={reload} />;
  if (data === null || data.clusters.length === 0) return null;
  const replace = (cluster: ClusterView): void =>
    set(({ clusters }) => ({ clusters: clusters.map((one) => (one.name === cluster.name ? cluster : one)) }));
  return (
    <>
      <h2 class="section">{count(data.clusters.length, 'cluster')}</h2>
      <div class="nodes">
        {data.clusters.map((one) => (
          <Cluster key={one.name} cluster={one} onLooked={replace} onFailed={reload} />
        ))}
      </div>
    </>
  );
}

interface ClusterProps {
  readonly cluster: ClusterView;
  readonly onLooked: (cluster: ClusterView) => void;
  readonly onFailed: () => void;
}

function Cluster({ cluster, onLooked, onFailed }: ClusterProps) {
  const { name, display_name: title, status, message } = cluster;
  const look = useDeed(`${title} does not answer`, async () => {
    try {
      onLooked(await post<ClusterView>(`/clusters/${encodeURIComponent(name)}/test`));
    } catch (error) {
      onFailed();
      throw error;
    }
    announce(`${title} answers.`);
  });
  const aside = may('deployer') && (
    <DeedButton of={look}>{look.isBusy ? 'Asking …' : `Ask ${title} now`}</DeedButton>
  );
  return (
    <PlaceCard title={title} status={STATUS[status]} message={message} aside={aside}>
      <ClusterFacts of={cluster} />
    </PlaceCard>
  );
}

function ClusterFacts({ of }: { of: ClusterView }) {
  const { server, version, nodes, last_check: seen, default: isDefault } = of;
  return (
    <dl class="facts">
      <div>
        <dt>Address</dt>
        <dd>{server}</dd>
      </div>
      {version !== null && (
        <div>
          <dt>Kubernetes</dt>
          <dd>{version}</dd>
        </div>
      )}
      {nodes !== null && (
        <div>
          <dt>Machines in it</dt>
          <dd>{nodes}</dd>
        </div>
      )}
      <div>
        <dt>Asked last</dt>
        <dd>
          <Time at={seen} />
        </dd>
      </div>
      {isDefault && (
        <div>
          <dt>Default</dt>
          <dd>stacks that name no cluster run here</dd>
        </div>
      )}
    </dl>
  );
}
