import { isReconcilerError } from '../../base/errors.ts';
import type { Planned, Situation } from './state-of.ts';

/**
 * Says why the state of a stack is as it is, for programs: the code of an error or a finding, or the word for what holds it; `null` when nothing is
 * the matter. What is shown for people may have numbers and times in it, this has none. Pure.
 */
export function codeOf(situation: Situation): string | null {
  switch (situation.at) {
    case 'pushed':
    case 'working':
    case 'applied':
      return null;
    case 'invalid':
      return situation.errors[0]?.code ?? null;
    case 'planned':
      return codePlanned(situation);
    case 'failed':
      return isReconcilerError(situation.error) ? situation.error.code : 'TARGET_ERROR';
    default:
      return situation satisfies never;
  }
}

function codePlanned({ decision, drifted, lastRun }: Planned): string | null {
  switch (decision.kind) {
    case 'in-sync':
      return null;
    case 'unwell':
      return 'UNHEALTHY';
    case 'unreachable':
      return 'TARGET_UNREACHABLE';
    case 'report-drift':
      return 'DRIFT';
    case 'apply':
      return drifted ? 'DRIFT' : (lastRun?.error?.code ?? null);
    case 'held':
      // It is still the failure of before.
      return lastRun?.error?.code ?? 'TARGET_ERROR';
    default:
      return 'code' in decision ? decision.code : decision.kind;
  }
}
