import { compareDiagnostics, formatDiagnostic, hasErrors } from '../../base/diagnostic.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../../model/resource.ts';
import { DEFAULT_POLICY, stackDigest } from '../../model/stack.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import { buildPlan } from '../../plan/build-plan.ts';
import { asNewlyDescribed } from '../../plan/diff-resource.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunContext } from '../context.ts';
import type { StackTable } from '../stack-table.ts';
import { claimsOn } from './claims.ts';
import { observeStack } from './observe-stack.ts';
import type { StackObservation } from './observe-stack.ts';
import { withStopped } from '../apply/stopped.ts';
import { deployedDigest } from '../record/deployed.ts';
import { newestWarnings } from '../upkeep/newest.ts';
import { withDoneJobs } from './done-jobs.ts';
import { judgeRuns } from './judge-runs.ts';

export interface PlanOrder {
  readonly stack: string;
  /** A stack that is no longer described can only be destroyed, whatever this says. */
  readonly mode: 'apply' | 'destroy';
  readonly deleteVolumes: boolean;
  /** Nobody waits for the plan by name: a target that is known to be away is not asked. Default false. */
  readonly unasked?: boolean;
  /** Registries are asked what tags stand for by now. Default: as the pull policies say. */
  readonly newest?: boolean;
}

export interface PlannedStack {
  readonly plan: Plan;
  readonly desired: ReadonlyMap<ResourceId, DesiredResource>;
  /** Target behind every node name in the plan. */
  readonly references: ReadonlyMap<string, TargetReference>;
  /** Names as in `StackObservation`. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly description: DesiredStack;
  /** Digest of the description that is to stay away, because the stack is destroyed although it was described; `null` otherwise. */
  readonly destroys: string | null;
  readonly observed: readonly ObservedResource[];
  readonly seen: Sighting;
}

/** When the targets of a stack were asked. */
export interface Sighting {
  /** Moment when they were asked, by `Clock.elapsed`. */
  readonly at: number;
  /** `StackTable.sighting` of it; `null` when something moved while they were asked. */
  readonly sighting: number | null;
}

/** A plan is not held on to for longer: not every target tells when something moves. */
const FRESH_MS = 5_000;

/**
 * Stages 2 to 4 for one stack: what is described, what is there, the difference. Throws UNKNOWN_STACK, INVALID_CONFIGURATION (with every
 * finding), TARGET_UNREACHABLE when no node of the stack answers; nodes that do not are named in the plan.
 */
export async function planStack(
  context: RunContext,
  order: PlanOrder,
  signal: AbortSignal,
): Promise<PlannedStack> {
  const { desired: state, stacks } = context;
  await state.refresh(order.stack, signal);
  const described = state.get(order.stack);
  if (described === undefined && stacks.targetsOf(order.stack).length === 0)
    throw unknownStack(context, order.stack);
  // Its own policy left the repository together with it.
  const description = described ?? { ...undescribedStack(order.stack), policy: state.settings().policy };
  const mode = described === undefined ? 'destroy' : order.mode;
  if (mode === 'apply' && hasErrors(description.diagnostics)) throw invalidConfiguration(description);
  const observation = await observeDescribed(context, description, {
    mode,
    signal,
    unasked: order.unasked === true,
    newest: order.newest === true && mode === 'apply',
  });
  const ownership = await checkOwnership(context, observation.resources);
  // A name that was described here, and somebody else has as well, leaves theirs alone when it goes; only a destroy that is asked for is about all of it.
  const isLeft = described === undefined && order.mode === 'apply';
  const foreign = isLeft ? [] : ownership.foreign;
  const observed = isLeft
    ? observation.resources.filter(({ id }) => !ownership.foreign.includes(id))
    : observation.resources;
  const resources = await withIgnored(context, description);
  const plan = buildPlan({
    stack: order.stack,
    mode,
    revision: state.revision?.commit ?? null,
    desired: resources,
    observed: description.paused === true && mode === 'apply' ? [] : observed,
    // Errors of a description keep nobody from destroying what runs.
    diagnostics: diagnosticsOf(mode === 'apply' ? description.diagnostics : [], [
      ...observation.warnings,
      ...ownership.warnings,
      ...(mode === 'destroy' ? stillNeeded(context, order.stack) : []),
      ...(order.newest === true && mode === 'apply' ? newestWarnings(context, description, observation) : []),
    ]),
    policy: description.policy,
    deleteVolumes: order.deleteVolumes,
    foreign,
    engines: observation.engines,
    unreachable: observation.unreachable,
    ...(description.element !== undefined && {
      template: { file: description.file, element: description.element },
    }),
    waitsFor: description.dependsOn,
    newest: order.newest === true && mode === 'apply',
  });
  const desired = new Map(resources.map((resource) => [resource.id, resource]));
  const { references, aliases, seen } = observation;
  const destroys = mode === 'destroy' && described !== undefined ? stackDigest(described.resources) : null;
  return { plan, desired, references, aliases, description, destroys, observed, seen };
}

/** The resources of a stack; what a new description says of fields that may differ counts. */
async function withIgnored(
  context: RunContext,
  { name, resources }: DesiredStack,
): Promise<readonly DesiredResource[]> {
  if (resources.every(({ ignoreDrift }) => ignoreDrift === undefined)) return resources;
  // The memory of deployments answers at once from here on.
  await context.deployments.latest(name);
  const desired = stackDigest(resources);
  const isDeployed = deployedDigest(context, { stack: name, desired }) === desired;
  return isDeployed ? resources : resources.map(asNewlyDescribed);
}

/** Facts that can be told of a stack without asking anybody. */
export interface KnownNow {
  readonly desired: {
    readonly revision: { readonly commit: string } | null;
    get(name: string): Pick<DesiredStack, 'resources'> | undefined;
  };
  readonly stacks: Pick<StackTable, 'sighting'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/**
 * Tells whether a plan made a moment ago is the one that would be made now, as far as can be told without asking anybody: the same
 * description, and nobody has looked at what runs since, acted on it, or told that it moved.
 */
export function isCurrent(
  { desired, stacks, clock }: KnownNow,
  { plan, seen }: Pick<PlannedStack, 'plan' | 'seen'>,
): boolean {
  const age = clock.elapsed() - seen.at;
  if (age > FRESH_MS || stacks.sighting(plan.stack) !== seen.sighting) return false;
  if (plan.revision !== (desired.revision?.commit ?? null)) return false;
  return plan.mode === 'destroy' || stackDigest(desired.get(plan.stack)?.resources ?? []) === plan.desired;
}

/** Returns what is shown of a stack that the repository does not describe (any more). */
export function undescribedStack(name: string): DesiredStack {
  return {
    name,
    kind: 'kombination',
    file: '',
    stackkit: '',
    targets: [],
    services: [],
    resources: [],
    dependsOn: [],
    hooks: [],
    policy: DEFAULT_POLICY,
    diagnostics: [],
    document: null,
  };
}

interface ObserveOptions extends Pick<PlanOrder, 'unasked' | 'newest'> {
  readonly mode: Plan['mode'];
  readonly signal: AbortSignal;
}

/** Stage 3 alone: asks the targets what they have of a stack, and remembers it. Throws TARGET_UNREACHABLE. */
export async function observeDescribed(
  context: RunContext,
  description: DesiredStack,
  options: ObserveOptions,
): Promise<StackObservation & { readonly seen: Sighting }> {
  const { stacks, clock } = context;
  const { name } = description;
  const at = clock.elapsed();
  const before = stacks.sighting(name);
  const found = await observe(context, description, options);
  const judged = await judgeRuns(context, name, found, options.signal);
  const complete = withDoneJobs(context, name, description.resources, judged);
  const resources = withStopped(context, name, complete);
  const observation = { ...found, resources };
  const isUndisturbed = stacks.sighting(name) === before;
  const sighting = stacks.setObserved(name, observation);
  for (const resource of observation.resources) {
    const reference = observation.references.get(resource.target);
    if (reference !== undefined) stacks.sawOn(name, reference);
  }
  for (const reference of observation.empty) stacks.clearedFrom(name, reference);
  return { ...observation, seen: { at, sighting: isUndisturbed ? sighting : null } };
}

function observe(
  context: RunContext,
  { name, resources, targets, adopts }: DesiredStack,
  { mode, signal, unasked = false, newest = false }: ObserveOptions,
): Promise<StackObservation> {
  const used = new Set(resources.map((resource) => resource.target));
  const nodes = targets.filter((target) => used.has(target.name));
  const keys = new Set(nodes.map(targetKey));
  const others = [...targets, ...context.stacks.targetsOf(name)].filter(
    (target) => !keys.has(targetKey(target)),
  );
  const request = {
    stack: name,
    nodes,
    others,
    desired: resources,
    ...(adopts === undefined ? {} : { adopts }),
    complete: mode === 'destroy',
    claimsOn: (reference: TargetReference) => claimsOn(context, reference),
    unasked,
    newest,
  };
  return observeStack(request, context.pool, signal);
}

/** Resources that carry this stack's name but come from a commit that this repository does not have, or from another directory of it. */
async function checkOwnership(
  context: RunContext,
  observed: readonly ObservedResource[],
): Promise<{ readonly foreign: readonly ResourceId[]; readonly warnings: readonly string[] }> {
  const answers = new Map<string, boolean | 'unknown'>();
  const current = context.desired.revision?.commit ?? null;
  for (const revision of new Set(observed.map((resource) => resource.revision))) {
    if (revision === null) continue;
    // The commit that was read just now is there; asking costs a look into the repository for every stack.
    answers.set(revision, revision === current || (await context.source.contains(revision)));
  }
  const { root: own, name } = context.source;
  const foreign = observed.filter(
    ({ revision, root = '', source }) =>
      revision !== null &&
      (root !== own ||
        // Resources that were made before the source had a name are taken along; those of another name are not.
        (source !== undefined && source !== name) ||
        answers.get(revision) === false),
  );
  const unsure = [...answers.values()].includes('unknown');
  const warnings = unsure
    ? ['this clone is shallow, so it cannot tell whether what runs came from this repository']
    : [];
  return { foreign: foreign.map(({ id }) => id), warnings };
}

/** Says who is left without it. */
function stillNeeded({ desired }: RunContext, stack: string): readonly string[] {
  const users = desired.dependantsOf(stack).filter((name) => desired.get(name) !== undefined);
  return users.length === 0 ? [] : [`${users.join(', ')} needs ${stack}, and goes on without it`];
}

function diagnosticsOf(described: readonly Diagnostic[], messages: readonly string[]): Diagnostic[] {
  const warnings = messages.map((message): Diagnostic => ({
    severity: 'warning',
    code: 'TARGET_WARNING',
    message,
  }));
  return [...described, ...warnings].sort(compareDiagnostics);
}

function unknownStack(context: RunContext, name: string): ReconcilerError {
  const { revision } = context.desired;
  const where =
    revision === null ? 'the repository' : `${revision.branch} at ${revision.commit.slice(0, 10)}`;
  return new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name} in ${where}`);
}

function invalidConfiguration({ name, diagnostics }: DesiredStack): ReconcilerError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic);
  return new ReconcilerError('INVALID_CONFIGURATION', `${name} is not valid:\n${errors.join('\n')}`, {
    diagnostics,
  });
}
