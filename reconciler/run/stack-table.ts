import type { JsonObject } from '../base/json.ts';
import { asFields, asList, asString } from '../base/values.ts';
import { isRunner } from '../model/kubernetes/kubernetes-object.ts';
import type { Health, ObservedResource, ResourceId } from '../model/resource.ts';
import { targetKey } from '../model/target.ts';
import type { TargetReference } from '../model/target.ts';
import type { ShownStack } from '../model/stack.ts';
import type { Clock } from '../ports/clock.ts';
import type { Change, Plan } from '../plan/plan.ts';
import type { UnreachableTarget } from '../plan/plan.ts';
import type { Job } from '../ports/store.ts';
import type { DriftView, NodeStatus, StackRow, StackWait, SyncState } from '../public/reconciler.ts';
import type { ServiceStatus } from '../public/views.ts';
import type { Hold } from './decide/decide.ts';
import { codeOf } from './decide/code-of.ts';
import { stateOf } from './decide/state-of.ts';
import type { Situation } from './decide/state-of.ts';
import { waitOf } from './decide/wait-of.ts';
import type { DeploymentRecord } from './record/deployment-tag.ts';
import type { EventHub } from './loop/event-hub.ts';
import { judgeService } from './observe/service-health.ts';
import type { TargetPool } from './observe/target-pool.ts';

/** Knowledge that this process has gained of one stack. */
interface StackRuntime {
  state: SyncState;
  message: string | null;
  /** The same for programs. */
  code: string | null;
  /** Kind of the hold that it is under. */
  hold: Hold['kind'] | null;
  waits: StackWait | null;
  health: ReadonlyMap<ResourceId, Health>;
  /** Images that run, by container or workload. */
  images: ReadonlyMap<ResourceId, string>;
  /** Nodes that did not answer, and why. */
  away: ReadonlyMap<string, string>;
  /** Changes of the newest plan that are not made yet. */
  changes: ReadonlyMap<ResourceId, StackChange>;
  /** Time of the newest look, milliseconds since the epoch; `null`: there was none. */
  observedAt: number | null;
  drift: DriftView;
  synced: string | null;
  lastJob: Job | null;
  /** Code of the newest failure, so that the same one is not recorded again with every retry. */
  lastError: string | null;
}

/** The part of what is known of a stack that its resources are shown by. */
export interface Sighting {
  readonly health: ReadonlyMap<ResourceId, Health>;
  /** Nodes that did not answer, and why. */
  readonly away: ReadonlyMap<string, string>;
  /** Changes of the newest plan that are not made yet. */
  readonly changes: ReadonlyMap<ResourceId, StackChange>;
  /** Time of the look, milliseconds since the epoch; left out: nobody has looked. */
  readonly observedAt?: number;
}

type StackChange = Exclude<Change['action'], 'no-op'>;

const NO_CHANGES: ReadonlyMap<ResourceId, StackChange> = new Map();

const NO_DRIFT: DriftView = { hasDrift: false, checkedAt: null, changes: [] };

/** States of stacks as seen last; kept in memory only, a new process finds out anew. */
export class StackTable {
  readonly #events: EventHub;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #rows = new Map<string, StackRuntime>();
  /** Targets, by key, on which resources of a stack were seen. */
  readonly #targets = new Map<string, Map<string, TargetReference>>();
  /** The same the other way round. */
  readonly #stacksOn = new Map<string, Set<string>>();
  readonly #sightings = new Map<string, number>();
  /** Time of the commit that changed a stack last, since the start of the process. */
  readonly #changes = new Map<string, string>();
  #newest = 0;

  constructor(events: EventHub, clock: Pick<Clock, 'now'>) {
    this.#events = events;
    this.#clock = clock;
  }

  /**
   * Takes in what has become of a stack, and shows the state that follows from it.
   *
   * @returns whether anything changed by it
   */
  enter(stack: string, situation: Situation): boolean {
    const row = this.#row(stack);
    const { state, message } = stateOf(situation, row.state);
    const code = codeOf(situation);
    const waits = waitOf(situation, this.#clock.now());
    const changed = row.state !== state || row.message !== message || row.code !== code;
    const waitsOtherwise = row.waits?.reason !== waits?.reason || row.waits?.message !== waits?.message;
    row.state = state;
    row.message = message;
    row.code = code;
    row.changes = changesAfter(situation, row.changes);
    row.waits = waits;
    row.hold =
      situation.at === 'planned' && 'waitsFor' in situation.decision ? situation.decision.kind : null;
    if (situation.at === 'working') this.moved(stack);
    if (changed || waitsOtherwise) this.#events.publish({ type: 'stack', stack, state });
    return changed;
  }

  /** Returns what was seen of it last; `null`: it is not known. */
  seen(stack: string): Sighting | null {
    const row = this.#rows.get(stack);
    if (row === undefined) return null;
    const { health, away, changes, observedAt } = row;
    return { health, away, changes, ...(observedAt === null ? {} : { observedAt }) };
  }

  state(stack: string): SyncState | undefined {
    return this.#rows.get(stack)?.state;
  }

  message(stack: string): string | null {
    return this.#rows.get(stack)?.message ?? null;
  }

  /** Returns what the stack waits for, as its newest run found it; `null` when it waits for nothing. */
  waits(stack: string): StackWait | null {
    return this.#rows.get(stack)?.waits ?? null;
  }

  /** Returns the code of what is the matter with the stack, `null` when nothing is. */
  code(stack: string): string | null {
    return this.#rows.get(stack)?.code ?? null;
  }

  /** Returns what keeps the stack from being acted on, as its newest run found it. */
  hold(stack: string): Hold['kind'] | null {
    return this.#rows.get(stack)?.hold ?? null;
  }

  job(stack: string): Job | null {
    return this.#rows.get(stack)?.lastJob ?? null;
  }

  setJob(stack: string, job: Job): void {
    this.#row(stack).lastJob = job;
  }

  /** @returns whether this failure is another one than before */
  setError(stack: string, error: string | null): boolean {
    // No error of a stack that was forgotten is no reason to know it again.
    if (error === null && !this.#rows.has(stack)) return false;
    const row = this.#row(stack);
    const isNew = row.lastError !== error;
    row.lastError = error;
    return isNew;
  }

  /** @returns the number of this sighting */
  setObserved(
    stack: string,
    {
      resources,
      unreachable,
    }: {
      readonly resources: readonly ObservedResource[];
      readonly unreachable: readonly UnreachableTarget[];
    },
  ): number {
    const row = this.#row(stack);
    const before = row.health;
    row.observedAt = this.#clock.now();
    row.health = new Map(resources.map(({ id, health }) => [id, health]));
    row.images = new Map(
      resources.flatMap(({ id, spec }) => {
        const image = runningImage(spec);
        return image === null ? [] : [[id, image] as const];
      }),
    );
    for (const { id: resource, kind, health } of resources) {
      if (isRunner(kind) && before.get(resource)?.status !== health.status)
        this.#events.publish({ type: 'health', stack, resource, health });
    }
    row.away = new Map(unreachable.map(({ target, message }) => [target, message]));
    return this.moved(stack);
  }

  /** A commit has changed them. */
  described(stacks: readonly string[], time: string): void {
    for (const stack of stacks) this.#changes.set(stack, time);
  }

  /** Time of the commit that changed it last, since the start of the process. */
  describedAt(stack: string): string | undefined {
    return this.#changes.get(stack);
  }

  setDrift(stack: string, plan: Plan | null, checkedAt: string): void {
    const changes = plan === null ? [] : plan.changes.flatMap(driftOf);
    this.#row(stack).drift = { hasDrift: changes.length > 0, checkedAt, changes };
  }

  /**
   * Something of the stack has moved on its targets, or may have: what was seen of it before no longer counts.
   *
   * @returns the number of the sighting that begins now
   */
  moved(stack: string): number {
    this.#newest += 1;
    this.#sightings.set(stack, this.#newest);
    return this.#newest;
  }

  /** Another number whenever its targets were asked, a job acted on it, or something of it moved; never one that was given before. */
  sighting(stack: string): number {
    return this.#sightings.get(stack) ?? 0;
  }

  /** The description of this digest is what runs, also where no deployment had to make it so; `''` while one is being made. */
  setSynced(stack: string, desired: string): void {
    this.#row(stack).synced = desired;
  }

  /** Returns what `setSynced` was told last, `null` in a new process. */
  synced(stack: string): string | null {
    return this.#rows.get(stack)?.synced ?? null;
  }

  drift(stack: string): DriftView {
    return this.#rows.get(stack)?.drift ?? NO_DRIFT;
  }

  sawOn(stack: string, reference: TargetReference): void {
    const targets = this.#targets.get(stack) ?? new Map<string, TargetReference>();
    const place = targetKey(reference);
    targets.set(place, reference);
    this.#targets.set(stack, targets);
    this.#stacksOn.set(place, (this.#stacksOn.get(place) ?? new Set()).add(stack));
  }

  /** Nothing of the stack is on this target any more. */
  clearedFrom(stack: string, reference: TargetReference): void {
    const targets = this.#targets.get(stack);
    targets?.delete(targetKey(reference));
    this.#leave(stack, targetKey(reference));
    if (targets?.size === 0) this.#targets.delete(stack);
  }

  #leave(stack: string, place: string): void {
    const others = this.#stacksOn.get(place);
    if (others?.delete(stack) === true && others.size === 0) this.#stacksOn.delete(place);
  }

  /** Stacks of which something was seen at a place (`targetKey`). */
  on(place: string): readonly string[] {
    return [...(this.#stacksOn.get(place) ?? [])];
  }

  targetsOf(stack: string): readonly TargetReference[] {
    return [...(this.#targets.get(stack)?.values() ?? [])];
  }

  forget(stack: string): void {
    const wasKnown = this.#rows.delete(stack);
    this.#changes.delete(stack);
    this.#sightings.delete(stack);
    for (const place of this.#targets.get(stack)?.keys() ?? []) this.#leave(stack, place);
    this.#targets.delete(stack);
    if (wasKnown) this.#events.publish({ type: 'gone', stack });
  }

  /** Stacks that are no longer described but still have something to show. */
  names(): readonly string[] {
    return [...this.#rows.keys()];
  }

  view(stack: ShownStack, deployment: DeploymentRecord | null, pool: TargetPool): StackRow {
    const row = this.#rows.get(stack.name);
    const { name, kind, file, stackkit, diagnostics } = stack;
    const invalid = diagnostics.some(({ severity }) => severity === 'error');
    const updatedAt = this.describedAt(name);
    return {
      name,
      kind,
      file,
      stackkit,
      state: invalid ? 'invalid' : (row?.state ?? 'unknown'),
      message: row?.message ?? null,
      services: stack.services.map((service): ServiceStatus => {
        const away = row?.away.get(service.node);
        if (away !== undefined) return { ...service, health: 'unknown', reason: away };
        const missing = row === undefined || row.state === 'unknown' ? 'unknown' : 'missing';
        const running = row?.images.get(service.resource as ResourceId);
        const judged = judgeService(service, row?.health ?? new Map(), missing);
        return { ...service, ...judged, ...(running === undefined ? {} : { running }) };
      }),
      nodes: stack.targets.map((reference) => nodeStatus(reference, pool)),
      diagnostics,
      lastJob: row?.lastJob ?? null,
      deployment,
      drift: row?.drift ?? NO_DRIFT,
      ...(row?.waits ? { waits: row.waits } : {}),
      ...(updatedAt === undefined ? {} : { updatedAt }),
    };
  }

  #row(stack: string): StackRuntime {
    const known = this.#rows.get(stack);
    if (known !== undefined) return known;
    const row: StackRuntime = {
      state: 'unknown',
      message: null,
      code: null,
      hold: null,
      waits: null,
      health: new Map(),
      images: new Map(),
      away: new Map(),
      changes: NO_CHANGES,
      observedAt: null,
      drift: NO_DRIFT,
      synced: null,
      lastJob: null,
      lastError: null,
    };
    this.#rows.set(stack, row);
    return row;
  }
}

/** Changes that are still to be made: those of the newest plan, until they were made or it is out of date. */
function changesAfter(
  situation: Situation,
  before: ReadonlyMap<ResourceId, StackChange>,
): ReadonlyMap<ResourceId, StackChange> {
  switch (situation.at) {
    case 'planned':
      return new Map(
        situation.plan.changes.flatMap(({ id, action }) =>
          action === 'no-op' ? [] : [[id, action] as const],
        ),
      );
    case 'working':
    case 'failed':
      return before;
    default:
      return NO_CHANGES;
  }
}

/** Returns the image of a container as it was observed, or of the first container of a workload. */
function runningImage(spec: JsonObject): string | null {
  const pod = asFields(asFields(asFields(spec['spec'])?.['template'])?.['spec']);
  return asString(spec['image']) ?? asString(asFields(asList(pod?.['containers'])?.[0])?.['image']) ?? null;
}

function nodeStatus(reference: TargetReference, pool: TargetPool): NodeStatus {
  return {
    name: reference.name,
    address: formatAddress(reference),
    reachable: pool.state(reference).reachable,
  };
}

/** `local`, `unix:///…`, `tls://host:2376`, `ssh://user@host:22`. */
export function formatAddress(reference: TargetReference): string {
  return targetKey(reference).replace(/^docker:/, '');
}

function driftOf(change: Change): DriftView['changes'] {
  const { id: resource, action, cause } = change;
  if (action === 'no-op') return [];
  if (change.fields.length === 0)
    return [{ resource, action, field: null, expected: 'as described', actual: cause }];
  return change.fields.map((field) => ({
    resource,
    action,
    field: field.path,
    expected: field.after,
    actual: field.before,
  }));
}
