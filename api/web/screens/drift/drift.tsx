import { useLocation } from 'preact-iso';
import { RefreshCw } from 'lucide';
import type { DriftView, StackDetail } from '../../client/api-types.ts';
import { post } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Empty } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Time } from '../../parts/time.tsx';
import { StackFrame, useStack } from '../stack/stack-frame.tsx';
import { Differences } from './differences.tsx';
import { IgnoreView } from './ignore.tsx';
import './drift.css';

/** Everything that somebody changed about what runs, and the three things that can be done about it. */
export function DriftScreen() {
  const stack = useStack();
  return (
    <StackFrame stack={stack}>
      {(data) => <Drift stack={data} found={(drift) => stack.set((before) => ({ ...before, drift }))} />}
    </StackFrame>
  );
}

interface DriftProps {
  readonly stack: StackDetail;
  /** Takes what a check has found. */
  readonly found: (drift: DriftView) => void;
}

function Drift({ stack, found }: DriftProps) {
  const { query } = useLocation();
  const { ignore, field } = query;
  if (ignore !== undefined && field !== undefined)
    return <IgnoreView name={stack.name} resource={ignore} field={field} />;
  return (
    <>
      <Check stack={stack} found={found} />
      {stack.drift.has_drift ? <Differences key={stack.name} stack={stack} /> : <NoDrift stack={stack} />}
    </>
  );
}

function Check({ stack: { name, drift }, found }: DriftProps) {
  const check = useDeed('Not checked', async () => {
    const seen = await post<DriftView>(`/stacks/${encodeURIComponent(name)}/drift/check`);
    found(seen);
    announce(
      seen.has_drift ? `${name} runs otherwise than it was deployed.` : `${name} runs as it was deployed.`,
    );
  });
  useKeys({ r: ['Check for drift now', () => void (may('deployer') && check.run())] });
  return (
    <div class="filters">
      {may('deployer') && (
        <DeedButton of={check}>
          <Icon of={RefreshCw} size={16} /> {check.isBusy ? 'Checking …' : 'Check now'}
        </DeedButton>
      )}
      <span class="muted">
        Last looked at: <Time at={drift.last_check} />
      </span>
    </div>
  );
}

function NoDrift({ stack: { name, drift, deployment } }: { stack: StackDetail }) {
  if (deployment === null)
    return (
      <Empty title="Nothing is deployed, so nothing can have drifted.">
        <p>Drift is what somebody changed by hand about what Kombinator had deployed.</p>
        <a class="button" href={stackAddress(name, 'plan')}>
          See what would be deployed
        </a>
      </Empty>
    );
  if (drift.last_check === null)
    return (
      <Empty title="Nobody has looked yet.">
        <p>It is looked at by itself from time to time. You can also check now.</p>
      </Empty>
    );
  return (
    <Empty title={`What runs is what deployment #${deployment.number} made.`}>
      <p>If somebody changes it by hand, every field that differs is shown here.</p>
    </Empty>
  );
}
