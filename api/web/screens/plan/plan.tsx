import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { Clock, Play, RefreshCw } from 'lucide';
import type { JobView, PlanAnswer, StackDetail } from '../../client/api-types.ts';
import type { ApiError } from '../../client/request.ts';
import { post, toApiError } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { announceError } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { StackFrame, useStack } from '../stack/stack-frame.tsx';
import { Confirmations, PlanView } from './plan-view.tsx';
import { countChanges, tellApply } from './plan-words.ts';

type Mode = 'apply' | 'destroy';

/** A plan that is made when the screen is opened, and again when it is asked for. */
function usePlan(name: string, mode: Mode) {
  const [plan, setPlan] = useState<PlanAnswer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    setPlan(null);
    setError(null);
    post<PlanAnswer>(`/stacks/${encodeURIComponent(name)}/plan`, { mode }).then(
      (answer) => isWanted && setPlan(answer),
      (problem: unknown) => isWanted && setError(toApiError(problem)),
    );
    return () => {
      isWanted = false;
    };
  }, [name, mode, turn]);
  const isMade = plan !== null || error !== null;
  return {
    plan,
    error,
    isMade,
    /** Makes it anew, unless it is being made. */
    again(): void {
      if (isMade) setTurn((before) => before + 1);
    },
  };
}

/** Effects of applying the stack now, and the button that does it. */
export function PlanScreen() {
  const stack = useStack();
  const { query } = useLocation();
  const mode: Mode = query['mode'] === 'destroy' ? 'destroy' : 'apply';
  return (
    <StackFrame stack={stack}>
      {(data) =>
        may('deployer') ? (
          <Planned stack={data} mode={mode} />
        ) : (
          <Empty title="You may look, but not plan.">
            <p>Making a plan needs the role deployer. The history shows what was deployed.</p>
          </Empty>
        )
      }
    </StackFrame>
  );
}

function Planned({ stack, mode }: { stack: StackDetail; mode: Mode }) {
  const { plan, error, isMade, again } = usePlan(stack.name, mode);
  const isOld = plan !== null && stack.revision !== null && stack.state === 'applying';
  useKeys({ r: ['Plan again', again] });
  return (
    <>
      <div class="filters">
        <button type="button" onClick={again} disabled={!isMade}>
          <Icon of={RefreshCw} size={16} /> Plan again
        </button>
        {isOld && <span class="muted">A change is being made now; plan again when it has ended.</span>}
      </div>
      <Kept stack={stack} />
      {error !== null ? (
        <Failed error={error} retry={again} />
      ) : plan === null ? (
        <Waiting what="the plan: its machines are asked now" />
      ) : (
        <>
          <PlanView plan={plan} unwell={tellUnwell(stack)} />
          <Apply plan={plan} again={again} />
        </>
      )}
    </>
  );
}

/** `api is not well: health check: no answer`, for each service that is not. */
function tellUnwell({ services }: StackDetail): readonly string[] {
  return services
    .filter(({ status }) => status === 'unhealthy' || status === 'failed')
    .map(({ name, message }) => `${name} is not well${message === null ? '' : `: ${message}`}`);
}

/** Says what keeps the stack from being changed by itself. */
function Kept({ stack: { waits } }: { stack: StackDetail }) {
  if (waits === null || waits === undefined) return null;
  return (
    <div class="notice tone-busy">
      <Icon of={Clock} />
      <p>{waits.message}</p>
    </div>
  );
}

function Apply({ plan, again }: { plan: PlanAnswer; again: () => void }) {
  const { route } = useLocation();
  const [given, give] = useState<ReadonlySet<string>>(new Set());
  const [asks, ask] = useState(false);
  const hasErrors = plan.diagnostics.some(({ severity }) => severity === 'error');
  const apply = async (): Promise<void> => {
    try {
      const body = { plan_id: plan.plan_id, confirm: plan.confirmations.length > 0 };
      const job = await post<JobView>(`/stacks/${encodeURIComponent(plan.stack)}/apply`, body);
      route(jobAddress(job.id));
    } catch (problem) {
      const error = toApiError(problem);
      if (error.status !== 409) throw error;
      // The plan is old, and so is what was asked about it.
      announceError('Not applied', error);
      again();
    }
  };
  const deed = useDeed('Not applied', apply);
  if (countChanges(plan) === 0 || hasErrors) return null;
  const isReady = plan.confirmations.every(({ message }) => given.has(message));
  const words = (
    <>
      <Icon of={Play} size={16} /> {tellApply(plan)}
    </>
  );
  return (
    <div class="apply-bar">
      <Confirmations plan={plan} given={given} give={give} />
      {plan.mode === 'destroy' ? (
        <button type="button" class="danger" disabled={!isReady} onClick={() => ask(true)}>
          {words}
        </button>
      ) : (
        <DeedButton of={deed} class="primary" disabled={!isReady}>
          {words}
        </DeedButton>
      )}
      {!isReady && <span class="muted small">Tick what you agree to first.</span>}
      {asks && (
        <Confirm
          title={`Remove ${plan.stack}?`}
          action={tellApply(plan)}
          typed={plan.stack}
          isDangerous
          onConfirm={apply}
          onClose={() => ask(false)}
        >
          <p>Everything that this plan deletes is removed from its machines now.</p>
        </Confirm>
      )}
    </div>
  );
}
