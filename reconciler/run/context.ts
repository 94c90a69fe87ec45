import { errorMessage } from '../base/errors.ts';
import type { Seal } from '../model/seal.ts';
import { compareDigests } from '../model/seal.ts';
import type { Plan } from '../plan/plan.ts';
import type { HeldStack, StackRecord, Store } from '../ports/store.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredState } from '../ports/desired.ts';
import type { Freeze } from '../ports/freeze.ts';
import type { GitHost } from '../ports/hosts/git-host.ts';
import type { HostSettings } from '../ports/hosts/host-settings.ts';
import type { Logger } from '../ports/logger.ts';
import type { SignatureSettings } from '../ports/signatures.ts';
import type { Source } from '../ports/source.ts';
import type { Deployments } from './record/deployments.ts';
import type { HookFeed } from './hosts/hook-feed.ts';
import type { EventHub } from './loop/event-hub.ts';
import type { JobStore } from './record/job-store.ts';
import type { StackPlaces } from './loop/stack-places.ts';
import type { StackHolds } from './loop/stack-holds.ts';
import type { StackTable } from './stack-table.ts';
import type { TargetPool } from './observe/target-pool.ts';

/** The parts that every stage of a run shares; made once per process. */
export interface RunContext {
  readonly source: Source;
  readonly desired: DesiredState;
  readonly pool: TargetPool;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHub;
  readonly jobs: JobStore;
  readonly stacks: StackTable;
  readonly places: StackPlaces;
  readonly deployments: Deployments;
  readonly freeze: Freeze;
  /** Decision whether commits have to be signed; `null`: they need not be. */
  readonly signatures: SignatureSettings | null;
  /** Host of the config repository; `null`: the operator has set none up. */
  readonly gitHost: GitHost | null;
  readonly hostSettings: HostSettings;
  /** Most stacks that leave the repository at once without a yes; `null`: as many as are left. */
  readonly maxRemovals: number | null;
  /** News of pull requests and comments under them. */
  readonly hooks: HookFeed;
  readonly holds: StackHolds;
  /** Digest of the deployment under way whose first hooks have run, by stack. */
  readonly hooked: Map<string, string>;
  /** Counts how often in a row a deployment was disturbed from outside, by stack. */
  readonly disturbed: Map<string, { readonly desired: string; readonly times: number }>;
  /** Stacks to which nothing is applied unasked, as the store has it. */
  readonly onHold: Map<string, HeldStack>;
  /** Records of the stacks that are being run, read once for each run; nobody else writes to them. */
  readonly recalled: Map<string, StackRecord>;
  /** Records that the store would not take; what is remembered must hold for as long as this process lives. */
  readonly unsaved: Map<string, StackRecord>;
  /** Key of digests that are written down; `null`: they are not sealed. */
  readonly seal: Seal | null;
  /** Changes of one stack carried out at the same time. */
  readonly concurrency: number;
  /** Stable time where no policy says otherwise, in milliseconds. */
  readonly stableMs: number;
}

const EMPTY_STACK_RECORD: Omit<StackRecord, 'stack'> = {
  heldDesired: null,
  untagged: false,
  lastAppliedRevision: null,
  lastAppliedAt: null,
  pendingTags: [],
  unpushedTags: [],
  synced: null,
  stopped: null,
  onHold: null,
};

/** Returns what is remembered of a stack; a store that cannot be asked remembers nothing. */
export function recallStack(context: RunContext, stack: string): StackRecord {
  const known = context.unsaved.get(stack) ?? context.recalled.get(stack);
  if (known !== undefined) return known;
  try {
    return context.store.getStack(stack) ?? { stack, ...EMPTY_STACK_RECORD };
  } catch (error) {
    context.logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be read');
    return { stack, ...EMPTY_STACK_RECORD };
  }
}

/** Has a run of a stack ask the store for its record once. */
export async function withRecord<T>(context: RunContext, stack: string, run: () => Promise<T>): Promise<T> {
  context.recalled.set(stack, recallStack(context, stack));
  try {
    return await run();
  } finally {
    context.recalled.delete(stack);
  }
}

/**
 * Reads a digest of a description that was written down, by whatever version and with whatever key.
 *
 * @param desired digest of the description of now; returned where the other is of the same one, as far as can be told
 */
export function recognize<T extends string | null>(
  { seal }: Pick<RunContext, 'seal'>,
  desired: string,
  written: T,
): T | string {
  if (written === null) return written;
  const likeness = seal?.compare(desired, written) ?? compareDigests(desired, written);
  return likeness === 'other' ? written : desired;
}

/** The same as `recallStack`, with digests that can be compared with the one of now. */
export function recallFor(
  context: RunContext,
  { stack, desired }: Pick<Plan, 'stack' | 'desired'>,
): StackRecord {
  const record = recallStack(context, stack);
  const { synced, stopped } = record;
  return {
    ...record,
    heldDesired: recognize(context, desired, record.heldDesired),
    synced: synced && { ...synced, desired: recognize(context, desired, synced.desired) },
    stopped: stopped && { ...stopped, desired: recognize(context, desired, stopped.desired) },
  };
}

/** Tells whether anything at all is remembered of a stack; a store that cannot be asked may remember it. */
export function isRemembered({ unsaved, store }: RunContext, stack: string): boolean {
  try {
    return unsaved.has(stack) || store.getStack(stack) !== undefined;
  } catch {
    return true;
  }
}

export function recallStacks({
  store,
  logger,
}: Pick<RunContext, 'store' | 'logger'>): readonly StackRecord[] {
  try {
    return store.listStacks();
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'the store cannot be read');
    return [];
  }
}

export function rememberStack(context: RunContext, stack: string, patch: Partial<StackRecord>): void {
  const record = { ...recallStack(context, stack), ...patch };
  if (context.recalled.has(stack)) context.recalled.set(stack, record);
  try {
    context.store.saveStack(record);
    context.unsaved.delete(stack);
  } catch (error) {
    context.unsaved.set(stack, record);
    context.logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be written');
  }
}

/** Returns the stacks that are held, from the store. */
export function recallHeld(parts: Pick<RunContext, 'store' | 'logger'>): Map<string, HeldStack> {
  return new Map(
    recallStacks(parts).flatMap(({ stack, onHold }) => (onHold === null ? [] : [[stack, onHold] as const])),
  );
}

/** Holds a stack, or releases it with `null`; a new process remembers it. */
export function holdStack(context: RunContext, stack: string, held: HeldStack | null): void {
  if (held === null) context.onHold.delete(stack);
  else context.onHold.set(stack, held);
  rememberStack(context, stack, { onHold: held });
}

/** Stable time of a stack, in milliseconds. */
export function stableMsOf({ desired, stableMs }: RunContext, stack: string): number {
  return desired.get(stack)?.policy.stableMs ?? stableMs;
}

/** History is worth less than a deployment: a store that refuses the plan stops nothing. */
export function savePlan(context: RunContext, plan: Plan): string | null {
  try {
    return context.store.savePlan(plan);
  } catch (error) {
    context.logger.warn({ stack: plan.stack, error: errorMessage(error) }, 'the plan could not be stored');
    return null;
  }
}
