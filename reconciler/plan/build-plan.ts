import { own } from '../base/values.ts';
import type { PlanInput } from './plan-input.ts';
import { diffResource } from './diff-resource.ts';
import { topLevelKey } from './diff-spec.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../model/resource.ts';
import { stackDigest } from '../model/stack.ts';
import { confirmationsFor } from './confirmations.ts';
import { deletionOf, objectOf } from './deletions.ts';
import { keptInTheWay } from './kept-in-the-way.ts';
import { volumesLeftBehind } from './moves.ts';
import type { Renamed } from './renames.ts';
import { followRenames } from './renames.ts';
import { explainBuilds } from './explain-builds.ts';
import { orderChanges } from './order.ts';
import type { Action, Change, Plan, PlanSummary } from './plan.ts';
import { dryRunDiagnostics } from './dry-runs.ts';
import { holdBack, splitByReach, unreachableWarnings } from './unreachable.ts';

/** Compares what is described with what is there. Pure: the same input gives the same bytes. */
export function buildPlan(input: PlanInput): Plan {
  const desired = input.mode === 'destroy' ? [] : input.desired;
  const { unreachable = [] } = input;
  const reach = splitByReach(desired, unreachable);
  const renamed = followRenames(desired, input);
  const observedById = new Map(renamed.observed.map((resource) => [resource.id, resource]));
  const wanted = new Map(desired.map((resource) => [resource.id, resource]));
  const kept = explainBuilds(describeDesired(reach.within, observedById), renamed.observed);
  const gone = renamed.observed
    .filter((resource) => !wanted.has(resource.id) && resource.shared !== true)
    .map((resource) => deletionOf(resource, input));
  const all = withFrom([...kept, ...gone], renamed.from);
  const changes = orderChanges(
    withTemplate(holdBack(all, reach, input.stack), input),
    wanted,
    input.engines,
    input.stack,
  );
  return {
    formatVersion: 1,
    stack: input.stack,
    mode: input.mode,
    revision: input.revision,
    desired: stackDigest(desired),
    basis: basisOf(input.observed.filter(({ id }) => wanted.get(id)?.maker === undefined)),
    changes,
    summary: summarize(changes),
    confirmations: confirmationsFor(changes, input),
    diagnostics: [
      ...input.diagnostics,
      ...unreachableWarnings(unreachable, reach),
      ...volumesLeftBehind(changes, input.engines ?? new Map(), input.stack),
      ...impossibleChanges(changes, wanted),
      ...keptInTheWay(changes, observedById, input.engines ?? new Map()),
      ...dryRunDiagnostics(changes, observedById),
    ],
    ...(unreachable.length === 0 ? {} : { unreachable }),
    ...(input.waitsFor === undefined || input.waitsFor.length === 0 ? {} : { waitsFor: input.waitsFor }),
    ...(input.newest === true ? { newest: true as const } : {}),
  };
}

/** Says of what changes which template and element ask for it. */
function withTemplate(changes: readonly Change[], { template }: PlanInput): readonly Change[] {
  if (template === undefined) return changes;
  const { file, element } = template;
  return changes.map((change) =>
    change.action === 'no-op' || change.action === 'delete'
      ? change
      : { ...change, cause: `${change.cause} (template ${file}, element ${element})` },
  );
}

/** Says of each change which object it is about, where its target knows that by another id. */
function withFrom(changes: readonly Change[], ids: Renamed['from']): readonly Change[] {
  return changes.map((change) => {
    const from = ids.get(change.id);
    if (from === undefined) return change;
    const isTaken = change.action === 'replace' && change.kind === 'container';
    return {
      ...change,
      from,
      ...(isTaken ? { cause: `takes over from ${nameIn(from)}: ${change.cause}` } : {}),
    };
  });
}

function nameIn(id: ResourceId): string {
  return id.split('/').slice(2).join('/');
}

/** Tells whether applying it would touch a target. */
export function hasChanges(plan: Plan): boolean {
  return plan.changes.some((change) => change.action !== 'no-op');
}

/** Tells whether there is anything for an executor: changes, or health to wait for. */
export function hasWork(plan: Plan): boolean {
  return plan.changes.some((change) => change.action !== 'no-op' || change.verify);
}

function describeDesired(
  desired: readonly DesiredResource[],
  observed: ReadonlyMap<ResourceId, ObservedResource>,
): Change[] {
  const awaited = new Set(
    desired.flatMap((resource) =>
      resource.dependsOn.filter((dependency) => dependency.until === 'completed').map(({ id }) => id),
    ),
  );
  const changes = new Map(
    desired.map((resource) => [
      resource.id,
      changeOf(resource, observed.get(resource.id), awaited.has(resource.id)),
    ]),
  );
  followAll(desired, changes);
  skipUnusedShared(desired, changes);
  leaveToMakers(desired, changes);
  return [...changes.values()];
}

function changeOf(
  desired: DesiredResource,
  observed: ObservedResource | undefined,
  awaited: boolean,
): Change {
  const { action, before, after, fields, cause } = diffResource(desired, observed);
  const status = observed?.health.status;
  const dryRun = observed?.dryRun;
  const verify =
    action === 'no-op' &&
    (status === 'starting' ||
      status === 'unhealthy' ||
      // A target that runs things by itself starts nothing when it is applied again: all there is to do is to look.
      (status === 'failed' && dryRun !== undefined) ||
      (awaited && status !== 'completed'));
  const { id, target, kind, name, dependsOn } = desired;
  const origin = originOf(desired, fields.map((field) => field.path)[0]);
  const reason = verify && observed?.health.reason ? `not healthy yet: ${observed.health.reason}` : cause;
  const conflicts = action === 'no-op' ? [] : (dryRun?.conflicts ?? []);
  return {
    id,
    action,
    target,
    kind,
    name,
    before,
    after,
    fields,
    cause: reason,
    origin,
    dependsOn,
    verify,
    ...(conflicts.length > 0 ? { conflicts } : {}),
    ...(observed === undefined || before === null ? {} : objectOf(observed)),
  };
}

/** The line of the first differing key where it is known, else the line of the resource. */
function originOf(desired: DesiredResource, path: string | undefined): Change['origin'] {
  const key = path === undefined ? undefined : topLevelKey(path);
  return (key === undefined ? undefined : own(desired.origins, key)) ?? desired.origin;
}

/** Until nothing follows any more: what follows may itself be followed. */
function followAll(desired: readonly DesiredResource[], changes: Map<ResourceId, Change>): void {
  const following = desired
    .filter((resource) => resource.replaceWith !== undefined)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  while (following.some((resource) => followReplacements(resource, changes)));
}

/**
 * A container whose image is about to move, or whose neighbour with the shared network is made anew, has to be made
 * anew although its own fields are the same.
 */
function followReplacements(resource: DesiredResource, changes: Map<ResourceId, Change>): boolean {
  const own = changes.get(resource.id);
  if (own === undefined || (own.action !== 'no-op' && own.action !== 'update')) return false;
  for (const id of resource.replaceWith ?? []) {
    const other = changes.get(id);
    if (other === undefined || !isMadeAnew(other)) continue;
    changes.set(resource.id, {
      ...own,
      action: 'replace',
      verify: false,
      cause: `${other.kind} ${other.name} changes`,
    });
    return true;
  }
  return false;
}

/** An image that is pulled again, a container that is replaced or (without a differing field) started again. */
function isMadeAnew({ action, kind, fields }: Change): boolean {
  if (action === 'replace') return true;
  return action === 'update' && (kind !== 'container' || fields.length === 0);
}

/** A shared resource (an image) is only fetched when something that is about to be made needs it. */
function skipUnusedShared(desired: readonly DesiredResource[], changes: Map<ResourceId, Change>): void {
  const needed = new Set<ResourceId>();
  for (const resource of desired) {
    const action = changes.get(resource.id)?.action;
    if (action !== 'create' && action !== 'replace') continue;
    for (const dependency of resource.dependsOn) needed.add(dependency.id);
  }
  for (const resource of desired) {
    const change = changes.get(resource.id);
    if (resource.shared !== true || change?.action !== 'create' || needed.has(resource.id)) continue;
    changes.set(resource.id, { ...change, action: 'no-op', cause: 'not here, and nothing needs it now' });
  }
}

/** A network or volume that another stack makes is there once that one has had its turn. */
function leaveToMakers(desired: readonly DesiredResource[], changes: Map<ResourceId, Change>): void {
  for (const { id, maker } of desired) {
    const change = changes.get(id);
    if (maker === undefined || change?.action !== 'create') continue;
    changes.set(id, { ...change, action: 'no-op', cause: `the stack ${maker} makes it, and comes first` });
  }
}

function basisOf(observed: readonly ObservedResource[]): Plan['basis'] {
  const entries = observed.map((resource) => [resource.id, resource.fingerprint] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export function summarize(changes: readonly Change[]): PlanSummary {
  const count = (action: Action) => changes.filter((change) => change.action === action).length;
  return {
    create: count('create'),
    update: count('update'),
    replace: count('replace'),
    delete: count('delete'),
    noop: count('no-op'),
  };
}

function impossibleChanges(
  changes: readonly Change[],
  wanted: ReadonlyMap<ResourceId, DesiredResource>,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const change of changes) {
    const place = change.origin ?? {};
    const external = change.after?.['external'] === true;
    const maker = wanted.get(change.id)?.maker;
    if (external && change.before === null && maker !== undefined) {
      const message = `${change.kind} ${change.name} is made by the stack ${maker}, which comes first`;
      diagnostics.push({ severity: 'warning', code: 'EXTERNAL_NOT_YET', message, ...place });
    } else if (external && change.action === 'create') {
      const message = `${change.kind} ${change.name} is external, but ${change.target} has none of that name`;
      diagnostics.push({
        severity: 'error',
        code: 'EXTERNAL_MISSING',
        message,
        ...place,
        hint: 'create it there, or leave out external',
      });
    }
    if (change.kind === 'volume' && change.action === 'replace') {
      const message = `volume ${change.name} cannot be changed without losing its data (${change.cause})`;
      diagnostics.push({
        severity: 'error',
        code: 'VOLUME_IMMUTABLE',
        message,
        ...place,
        hint: 'give it a new name and move the data',
      });
    }
  }
  return diagnostics;
}
