import { ReconcilerError } from '../../base/errors.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import type { RunContext } from '../context.ts';
import { isDrift } from './decide.ts';
import type { Gate } from './decide.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { Plan } from '../../plan/plan.ts';
import { givesUpPorts } from './ports-in-the-way.ts';
import { deployedDigest } from '../record/deployed.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

export interface GateOptions {
  /** Somebody who may has said so. */
  readonly overrideFreeze: boolean;
  /** Somebody asked for it by name. */
  readonly requested: boolean;
}

/** Timers of the machine do not reach much further than some weeks. */
const MAX_FREEZE_WAIT_MS = 3_600_000;

/** Asks the clock and the stacks that come before, or after when it is about to go. */
export function findGate(context: RunContext, planned: PlannedStack, options: GateOptions): Gate | null {
  if (!hasChanges(planned.plan)) return null;
  return (
    (options.overrideFreeze ? null : whyFrozen(context, planned.plan.stack)) ??
    whyOutOfTurn(context, planned, options)
  );
}

/** Asks only whether a freeze window keeps changes away. */
export function findFreeze(context: RunContext, { plan }: PlannedStack): Gate | null {
  return hasChanges(plan) ? whyFrozen(context, plan.stack) : null;
}

/** Tells whoever asked. */
export function gateError({ code, reason }: Gate): ReconcilerError {
  return new ReconcilerError(code, reason);
}

export function whyFrozen({ freeze, clock }: RunContext, stack: string): Gate | null {
  const now = clock.now();
  const frozen = freeze.at(stack, now);
  if (frozen === null) return null;
  const afterMs = Math.min(MAX_FREEZE_WAIT_MS, Math.max(1_000, frozen.until - now));
  const waitsFor = { what: 'time', afterMs } as const;
  return { kind: 'frozen', code: 'FROZEN', reason: frozen.reason, waitsFor, until: frozen.until };
}

function whyOutOfTurn(
  context: RunContext,
  { plan, description }: PlannedStack,
  options: GateOptions,
): Gate | null {
  const { desired, stacks } = context;
  if (plan.mode === 'apply') {
    const maker = makerAwaited(plan, description);
    if (maker !== undefined && stacks.state(maker) === 'in_sync')
      return outOfTurn(maker, `waits for ${maker}, which is to make what it uses`);
    // A stack that was deployed in its turn is put right whatever has become of the others.
    if (maker === undefined && isDrift({ plan, deployedDesired: deployedDigest(context, plan) })) return null;
    const first = description.dependsOn.find(
      (name) =>
        stacks.state(name) !== 'in_sync' &&
        (name === maker || !givesUpPorts(plan, description, desired.get(name))),
    );
    if (first === undefined) return null;
    const message = stacks.message(first);
    const state = `${stacks.state(first) ?? 'unknown'}${message === null ? '' : ` (${message})`}`;
    return outOfTurn(first, `waits for ${first}, which is ${state}`);
  }
  // A stack that is destroyed by name goes whoever needs it: that was somebody's decision.
  if (options.requested) return null;
  const user = desired.dependantsOf(plan.stack).find((name) => isThere(context, name));
  if (user === undefined) return null;
  const isDescribed = desired.get(user) !== undefined;
  return outOfTurn(user, isDescribed ? `${user} depends on it` : `waits until ${user} is removed`);
}

/** Returns a stack that is to make a network or volume which is not there yet. */
function makerAwaited({ changes }: Plan, { resources }: DesiredStack): string | undefined {
  const absent = new Set(changes.filter(({ before }) => before === null).map(({ id }) => id));
  return resources.find(({ id, maker }) => maker !== undefined && absent.has(id))?.maker;
}

function outOfTurn(name: string, reason: string): Gate {
  const waitsFor = { what: 'stacks', names: [name] } as const;
  return { kind: 'out-of-turn', code: 'DEPENDENCY_NOT_READY', reason, waitsFor };
}

function isThere({ desired, stacks }: RunContext, name: string): boolean {
  const state = stacks.state(name);
  return desired.get(name) !== undefined || (state !== undefined && state !== 'removed');
}

/** Stacks that may have waited for this one to get where it is now. */
export function wokenBy({ desired, stacks }: RunContext, stack: string): readonly string[] {
  const state = stacks.state(stack);
  // Also when it is not well: those that wait tell why.
  const isThereStill = state !== undefined && state !== 'removed';
  if (isThereStill) return desired.dependantsOf(stack).filter((name) => stacks.state(name) === 'pending');
  return desired.formerDependencies(stack).filter((name) => stacks.state(name) !== undefined);
}
