import { sha256 } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { asFields, own } from '../../base/values.ts';
import type { DesiredResource, FieldConflict, DryRun } from '../../model/resource.ts';
import { compareHash } from '../../model/resource.ts';
import { sendApply } from './send-apply.ts';
import type { ApiCause } from './api/api-error.ts';
import { ApiError, isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';
import { readObject } from './cluster.ts';
import { compareObjects, contains, missingFields } from './compare.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import type { LiveObject, Marks } from './cache/live-object.ts';
import { handsFor } from './fields/field-managers.ts';
import { handsBasis, handsOn, leftoversOf, othersOn, predictObject } from './fields/ownership.ts';
import type { Claims } from './fields/controlled-fields.ts';
import { isDrift, withoutControlled } from './fields/controlled-fields.ts';
import { whyKept, withFixed, withKeptCount } from './fields/fixed-fields.ts';
import type { IsScaled } from './autoscalers.ts';
import { withKeptDigests } from './fields/kept-digests.ts';
import { asStopped, isStopped } from './stopped-object.ts';
import { fingerprintOf, isLiveObject, MANAGER, ownerOf, strip, toWire } from './cache/live-object.ts';

const NO_DIFFERENCE: DryRun = { fields: [], immutable: null, conflicts: [], refused: null };

export function refusedFor(reason: string, takenPorts: readonly number[] = []): DryRun {
  return { ...NO_DIFFERENCE, refused: reason, ...(takenPorts.length > 0 ? { takenPorts } : {}) };
}

/** Attempts on one object: somebody who writes to it all the time is not waited for. */
const MAX_DRY_RUN_ATTEMPTS = 5;

interface DescribedUpdate {
  readonly kind: KindInfo;
  readonly live: LiveObject;
  /** True when the secrets that are read on the cluster are the described ones: asked where digests cannot tell. */
  readonly isSameContent: () => boolean;
  readonly isScaled: IsScaled;
}

/**
 * Returns what the server would change about an object of ours. It is not asked when the object was made from the same description and
 * still says all of it, nor twice about the same pair.
 */
export async function dryRunUpdate(
  cluster: Cluster,
  desired: DesiredResource,
  { kind, live, isSameContent, isScaled }: DescribedUpdate,
  signal: AbortSignal,
): Promise<DryRun> {
  const owner = ownerOf(live);
  const likeness = compareHash(desired, owner?.hash ?? null);
  const same = likeness === 'same' || (likeness === 'unknown' && isSameContent());
  // An object that was made from the same keeps its hash, whoever has sealed that.
  const made = same && owner !== null ? { ...desired, hash: owner.hash ?? desired.hash } : desired;
  const marks: Marks = {
    stack: owner?.stack ?? '',
    revision: owner?.revision ?? null,
    branch: owner?.branch ?? null,
  };
  const stopped = isStopped(live);
  const whole = withFixed(toWire(made, kind, marks), live);
  const described = withKeptDigests(whole, live, desired, isSameContent);
  const known = stopped ? asStopped(described) : described;
  const marked = (dryRun: DryRun) => (stopped ? { ...dryRun, stopped } : dryRun);
  const hands = handsFor(desired);
  const left = stopped ? [] : leftoversOf(handsOn(live, hands), known);
  const kept = whyKept(known, live);
  if (same && kept === null && left.length === 0 && contains(known, live)) return marked(NO_DIFFERENCE);
  const scaled = isCounted(known, live) ? false : await isScaled(live);
  const wire = scaled ? withKeptCount(known, live) : known;
  const basis = sha256(
    `${fingerprintOf(live)}${desired.hash}${owner?.hash ?? ''}${stopped}${scaled}${handsBasis(live, hands)}`,
  );
  const remembered = cluster.dryRuns.get(desired.id);
  if (remembered?.basis === basis) return remembered.dryRun;
  const claims = { hands, drifted: same, isOurs: (owner?.hash ?? null) !== null, scaled };
  const asked = { kind, live, claims };
  const { dryRun: answer, wire: heeded } = await askServer(cluster, wire, asked, signal);
  const isStuck = same && (answer.refused !== null || answer.immutable !== null);
  // A stop by hand leaves fields of hands behind, too: they are looked at once it runs again.
  const taken =
    stopped || (left.length === 0 && !isStuck)
      ? null
      : await tryTakingOver(cluster, heeded, asked, { signal });
  const outcome =
    taken === null ? answer : { ...taken, conflicts: [...answer.conflicts, ...taken.conflicts] };
  const dryRun = marked(
    kept === null || outcome.refused !== null ? outcome : { ...outcome, immutable: kept },
  );
  // A refusal may be about others: a quota, a port that they have. They go without a trace in this object.
  if (dryRun.refused === null) cluster.dryRuns.set(desired.id, { basis, dryRun });
  return dryRun;
}

/** Tells whether as many pods are described as there are. */
function isCounted(wire: JsonObject, live: LiveObject): boolean {
  const countIn = (object: JsonObject) => own(asFields(object['spec']), 'replicas');
  return countIn(wire) === countIn(live);
}

interface DryRunRequest {
  readonly kind: KindInfo;
  readonly live: LiveObject;
  readonly claims: Claims;
}

/**
 * Tries what an apply would come to after the fields that people own were moved to us. `null` when there is nothing to move. A dry run cannot
 * do both one after the other, so what they come to is sent as a whole.
 */
async function tryTakingOver(
  cluster: Cluster,
  wire: JsonObject,
  request: DryRunRequest,
  { signal, attempt = 1 }: { readonly signal: AbortSignal; readonly attempt?: number },
): Promise<DryRun | null> {
  const {
    kind,
    live,
    claims: { hands, drifted, isOurs },
  } = request;
  const path = pathOf(kind, live.metadata);
  const full = await readObject(cluster, path, signal);
  if (!full) return null;
  const named = handsOn(full, hands);
  const owners = leftoversOf(named, wire).length > 0 ? named : othersOn(full);
  const left = leftoversOf(owners, wire);
  if (left.length === 0) return null;
  const conflicts = left.map((one) => ({ ...one, drifted: drifted || isOurs }));
  const predicted = predictObject(full, wire, owners);
  const { managedFields: _fields, ...metadata } = predicted['metadata'] as JsonObject;
  const body = { ...predicted, metadata };
  try {
    const query = { fieldManager: MANAGER, dryRun: 'All' };
    const answer = await cluster.client.request({ method: 'PUT', path, query, body, signal });
    if (!isLiveObject(answer.body)) return null;
    return { ...NO_DIFFERENCE, fields: compareObjects(strip(full), strip(answer.body)), conflicts };
  } catch (error) {
    // Its controller has written to it in between.
    if (isApiError(error, 409) && attempt < MAX_DRY_RUN_ATTEMPTS)
      return tryTakingOver(cluster, wire, request, { signal, attempt: attempt + 1 });
    return { ...explain(error, wire, live), conflicts };
  }
}

interface ServerAnswer {
  readonly dryRun: DryRun;
  /** The description without what is left to controllers. */
  readonly wire: JsonObject;
}

async function askServer(
  cluster: Cluster,
  wire: JsonObject,
  request: DryRunRequest,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const { kind, live, claims } = request;
  const changed = async (force: boolean) => {
    for (let attempt = 1; ; attempt += 1) {
      const { object } = await sendApply(cluster, kind, wire, { dryRun: true, force, signal });
      const before = await readBasis(cluster, object, { kind, live, signal });
      // Written to between the two: what others have just said would look like something that we take away.
      if (isSameVersion(before, object) || attempt === MAX_DRY_RUN_ATTEMPTS)
        return compareObjects(strip(before), strip(object));
    }
  };
  try {
    return { dryRun: { ...NO_DIFFERENCE, fields: await changed(false) }, wire };
  } catch (error) {
    if (!isConflict(error)) return { dryRun: explain(error, wire, live), wire };
    const found = readConflicts(error.causes);
    const ours = withoutControlled(wire, found, claims);
    if (ours !== null) return askServer(cluster, ours, request, signal);
    const conflicts = found.map((one) => ({ ...one, drifted: isDrift(one, wire, claims) }));
    try {
      return { dryRun: { ...NO_DIFFERENCE, fields: await changed(true), conflicts }, wire };
    } catch (second) {
      return { dryRun: { ...explain(second, wire, live), conflicts }, wire };
    }
  }
}

/**
 * Returns what a dry run starts from: the object as we know it, unless a controller has written to it since (a revision, say, which would
 * look like a change of ours), or we know it in another version of its kind.
 */
async function readBasis(
  cluster: Cluster,
  answer: LiveObject,
  known: { readonly kind: KindInfo; readonly live: LiveObject; readonly signal: AbortSignal },
): Promise<LiveObject> {
  const { kind, live, signal } = known;
  if (isSameVersion(answer, live) && answer.apiVersion === live.apiVersion) return live;
  return (await readObject(cluster, pathOf(kind, live.metadata), signal)) ?? live;
}

/** A dry run answers with the version that it started from. */
function isSameVersion(one: LiveObject, other: LiveObject): boolean {
  return one.metadata.resourceVersion === other.metadata.resourceVersion;
}

export function isConflict(error: unknown): error is ApiError {
  return isApiError(error, 409) && error.causes.some(({ reason }) => reason === 'FieldManagerConflict');
}

/** A field that somebody else has set, as a server tells of it. */
type FoundConflict = Omit<FieldConflict, 'drifted'>;

export function readConflicts(causes: readonly ApiCause[]): readonly FoundConflict[] {
  return causes.flatMap(({ reason, message, field }) => {
    if (reason !== 'FieldManagerConflict') return [];
    const manager = /"([^"]*)"/.exec(message)?.[1] ?? 'somebody';
    // A field of our own was set in another way than by applying: a stop, say.
    return manager === MANAGER ? [] : [{ manager, field }];
  });
}

const IMMUTABLE =
  /immutable|may not (be )?change|cannot (be )?change|can't be changed|updates to .* are forbidden|updates to .* forbidden/i;

/** Tells what the server's refusal of an update means. Anything that is no refusal of this object is thrown again. */
function explain(error: unknown, wire: JsonObject, live: LiveObject): DryRun {
  if (!isRefusal(error)) throw error;
  const { kind: _kind, apiVersion: _version, ...body } = strip(wire);
  const fields = missingFields(body, strip(live));
  const stuck = error.causes.find(({ message }) => IMMUTABLE.test(message));
  if (error.status === 422 && (stuck || IMMUTABLE.test(error.message))) {
    const place = stuck?.field ?? '';
    const reason = stuckReason(stuck?.message ?? error.message);
    return { ...NO_DIFFERENCE, fields, immutable: place === '' ? reason : `${place}: ${reason}` };
  }
  return { ...refusedFor(error.message, takenPortsIn(error)), fields };
}

/** Returns the reason without the value, which may be the whole object, and without the difference that follows for some kinds. */
function stuckReason(message: string): string {
  const [line = ''] = message.split('\n');
  return line.split(': ').at(-1) ?? line;
}

/** Ports of the nodes that other Services have; none where it is refused for anything else as well. */
export function takenPortsIn({ causes }: ApiError): readonly number[] {
  const ports = causes.map(({ field, message }) =>
    field.endsWith('.nodePort') ? /^Invalid value: (\d+): .*already allocated/.exec(message)?.[1] : undefined,
  );
  return ports.some((port) => port === undefined) ? [] : ports.map(Number);
}

/** Rules of the server about this object: schema, quota, admission. */
export function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  // Its namespace is on its way out: later it is another one.
  if (error.causes.some(({ reason }) => reason === 'NamespaceTerminating')) return false;
  // An apply makes an internal error of a field that it does not know, or of a value of another type.
  return (
    [400, 403, 422].includes(error.status) ||
    /^failed to (create typed patch|convert new) object/.test(error.message)
  );
}
