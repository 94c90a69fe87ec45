import { ReconcilerError } from '../../../base/errors.ts';
import { formatOrigin } from '../../../model/git/source-root.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import type { DesiredStack } from '../../../model/stack.ts';
import type { TargetReference } from '../../../model/target.ts';
import type { DataUser } from '../../../ports/backups/moves-data.ts';
import { requireCapability } from '../../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import { waitForHealth } from '../../apply/wait-for-health.ts';
import type { RunContext } from '../../context.ts';
import { stableMsOf } from '../../context.ts';

export interface Stopping {
  readonly description: DesiredStack;
  readonly reference: TargetReference;
  readonly users: readonly DataUser[];
  readonly tell: (message: string) => void;
}

const HEALTH_TIMEOUT_MS = 120_000;

/** Resources of the stack that run and have the data: those that others wait for come last. */
export function runningHolders({
  description,
  users,
}: Pick<Stopping, 'description' | 'users'>): readonly DesiredResource[] {
  const held = new Set(
    users.flatMap(({ owner, running }) =>
      running && owner?.stack === description.name ? [withoutNode(owner.id)] : [],
    ),
  );
  return dependantsFirst(description.resources).filter(({ id }) => held.has(withoutNode(id)));
}

/** Containers that run and have the data, and that the stack may not stop. */
export function foreignHolders({
  description,
  users,
}: Pick<Stopping, 'description' | 'users'>): readonly string[] {
  return users
    .filter((user) => user.running && user.owner?.stack !== description.name)
    .map(({ name }) => name);
}

/** Has the loop leave the stack alone, and services stopped, until the work is over; then they run again, however it ended. */
export async function whileStopped<T>(
  context: RunContext,
  stopping: Stopping,
  work: (control: { readonly start: () => Promise<void> }) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { description, reference, tell } = stopping;
  const stack = description.name;
  const chosen = runningHolders(stopping);
  const stopped: DesiredResource[] = [];
  const start = async (): Promise<void> => {
    // Also when the work was called off: nothing stays down for that.
    const until = new AbortController().signal;
    for (let one = stopped.at(-1); one !== undefined; one = stopped.at(-1)) {
      const desired = one;
      tell(`starts ${desired.name}`);
      await context.pool.ask(reference, (target) =>
        requireCapability(target, 'controls').start(desired, applyContext(context, stack, { until, tell })),
      );
      stopped.pop();
    }
  };
  return await context.holds.hold(
    stack,
    async () => {
      try {
        for (const { id, name } of chosen) {
          tell(`stops ${name}`);
          const one = chosen.find((resource) => resource.id === id);
          if (one !== undefined) stopped.push(one);
          await context.pool.ask(reference, (target) =>
            requireCapability(target, 'controls').stop(stack, id, signal),
          );
        }
        return await work({ start });
      } finally {
        await start();
      }
    },
    signal,
  );
}

/** Waits until everything that has the data is well. Throws UNHEALTHY. */
export async function requireWell(
  context: RunContext,
  { description, reference, tell }: Stopping,
  { chosen, signal }: { readonly chosen: readonly DesiredResource[]; readonly signal: AbortSignal },
): Promise<void> {
  const stack = description.name;
  for (const desired of chosen.toReversed()) {
    const target = context.pool.get(reference);
    await waitForHealth({
      target,
      stack,
      id: desired.id,
      until: 'healthy',
      firstLookMs: 0,
      timeoutMs: desired.healthTimeoutMs ?? HEALTH_TIMEOUT_MS,
      stableMs: desired.stableMs ?? stableMsOf(context, stack),
      isNew: true,
      desired,
      clock: context.clock,
      signal,
      progress: tell,
    });
  }
}

function applyContext(
  { source, desired }: RunContext,
  stack: string,
  { until, tell }: { readonly until: AbortSignal; readonly tell: (message: string) => void },
): ApplyContext {
  return {
    stack,
    revision: desired.revision?.commit ?? null,
    branch: formatOrigin(source),
    signal: until,
    readBlob: async (blob) => desired.inlineBlob(blob) ?? source.readBlob(blob),
    progress: tell,
  };
}

function withoutNode(id: ResourceId): string {
  return id.slice(id.indexOf('/') + 1);
}

function dependantsFirst(resources: readonly DesiredResource[]): readonly DesiredResource[] {
  const byId = new Map(resources.map((one) => [one.id, one]));
  const ordered: DesiredResource[] = [];
  const seen = new Set<ResourceId>();
  const visit = (one: DesiredResource): void => {
    if (seen.has(one.id)) return;
    seen.add(one.id);
    for (const { id } of one.dependsOn) {
      const other = byId.get(id);
      if (other !== undefined) visit(other);
    }
    ordered.push(one);
  };
  for (const one of resources) visit(one);
  return ordered.reverse();
}

/** Throws where somebody else has the data, and writes to it maybe. */
export function refuseForeign(stopping: Stopping & { readonly name: string }): void {
  const foreign = foreignHolders(stopping);
  if (foreign.length === 0) return;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${stopping.name} is in use by ${foreign.join(', ')}, which ${stopping.description.name} may not stop: stop that first`,
  );
}
