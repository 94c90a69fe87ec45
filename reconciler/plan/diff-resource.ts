import type { Json, JsonObject } from '../base/json.ts';
import { asFields, own, toRecord } from '../base/values.ts';
import type { DesiredResource, Health, ObservedResource, DryRun } from '../model/resource.ts';
import { compareHash, hashSpec, sealResource } from '../model/resource.ts';
import type { Spec, SpecValue } from '../model/secret.ts';
import { MASK, maskSpec } from '../model/secret.ts';
import type { FieldChange } from './change.ts';
import { diffSpec, maskedFields, topLevelKey } from './diff-spec.ts';

export type DiffAction = 'create' | 'update' | 'replace' | 'no-op';

export interface ResourceDiff {
  readonly action: DiffAction;
  readonly before: JsonObject | null;
  readonly after: JsonObject;
  readonly fields: readonly FieldChange[];
  readonly cause: string;
}

/** One desired against one observed resource: what has to be done, and why. */
export function diffResource(desired: DesiredResource, observed: ObservedResource | undefined): ResourceDiff {
  const after = maskSpec(desired.spec);
  if (observed === undefined || observed.health.status === 'missing') {
    const refused = observed?.dryRun?.refused ?? null;
    const cause = refused === null ? 'not found' : `refused: ${refused}`;
    return { action: 'create', before: null, after, fields: [], cause };
  }
  const before = observed.spec;
  if (observed.dryRun) {
    const fields = withoutIgnored(desired, observed, observed.dryRun.fields);
    const isAllIgnored = fields.length === 0 && observed.dryRun.fields.length > 0;
    const dryRun = {
      ...observed.dryRun,
      fields,
      ...(isAllIgnored ? { immutable: null, conflicts: [] } : {}),
    };
    return { before, after, ...diffDryRun(dryRun) };
  }
  const fields = withoutIgnored(desired, observed, differingFields(desired, observed, after));
  if (fields.length > 0) {
    const replace = fields.some((field) => !desired.updatable.includes(topLevelKey(field.path)));
    const cause = observed.moved === undefined ? causeOf(fields) : movedCause(observed.moved);
    return { action: replace ? 'replace' : 'update', before, after, fields, cause };
  }
  const cause = causeWithoutFields(observed);
  return {
    action: cause === null ? 'no-op' : 'update',
    before,
    after,
    fields: [],
    cause: cause ?? 'as described',
  };
}

/** The differences but those that the policy leaves, of an object that was made from the same description. */
function withoutIgnored(
  desired: DesiredResource,
  { hash }: ObservedResource,
  fields: readonly FieldChange[],
): readonly FieldChange[] {
  const { ignoreDrift = [] } = desired;
  if (ignoreDrift.length === 0 || compareHash(desired, hash) === 'other') return fields;
  return fields.filter(({ path }) => !ignoreDrift.some((ignored) => isWithin(path, ignored)));
}

/**
 * A resource of a description that is another one than was deployed. The hash of a container says nothing of what is updated in place, so a
 * difference there may be what the description has changed.
 */
export function asNewlyDescribed(desired: DesiredResource): DesiredResource {
  const { kind, ignoreDrift, updatable } = desired;
  if (ignoreDrift === undefined || kind !== 'container') return desired;
  return { ...desired, ignoreDrift: ignoreDrift.filter((field) => !updatable.includes(topLevelKey(field))) };
}

/** Tells whether a path is another one, or leads into it. */
function isWithin(path: string, around: string): boolean {
  return path === around || path.startsWith(`${around}.`) || path.startsWith(`${around}[`);
}

/** The target has compared already. */
function diffDryRun({
  fields,
  immutable,
  conflicts,
  stopped,
}: DryRun): Pick<ResourceDiff, 'action' | 'fields' | 'cause'> {
  if (immutable !== null)
    return { action: 'replace', fields, cause: `cannot be changed in place: ${immutable}` };
  if (fields.length === 0 && stopped === true)
    return { action: 'update', fields, cause: 'not running: stopped by hand' };
  if (fields.length === 0) return { action: 'no-op', fields, cause: 'as described' };
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const by = managers.length === 0 ? '' : ` (set by ${managers.join(', ')})`;
  return { action: 'update', fields, cause: `${causeOf(fields)}${by}` };
}

function differingFields(
  desired: DesiredResource,
  observed: ObservedResource,
  after: JsonObject,
): readonly FieldChange[] {
  const { differing = [] } = observed;
  const likeness = compareHash(desired, observed.hash);
  // A hash under a key that is not ours tells nothing of what is hidden: what is not known to differ is the same.
  const sameHash = likeness === 'same' || (likeness === 'unknown' && differing.length === 0);
  const all = diffSpec(observed.spec, after);
  // A masked side beside equal hashes only says that the rules for masking have changed since.
  const fields = sameHash ? all.filter((field) => field.before !== MASK && field.after !== MASK) : all;
  if (sameHash || observed.hash === null || desired.shared === true) return fields;
  const visible = fields.filter((field) => !desired.updatable.includes(topLevelKey(field.path)));
  if (visible.length > 0) return [...fields, ...maybeHidden(desired, observed, fields)];
  if (likeness === 'unknown') return [...fields, ...differing.map(hiddenField)];
  // The hash covers secret values, the visible spec does not: one of the hidden values must have changed.
  const hidden = maskedFields(after).filter((field) => !desired.updatable.includes(topLevelKey(field.path)));
  if (hidden.length > 0) return [...fields, ...hidden];
  return [...fields, { path: 'hash', before: observed.hash, after: desired.hash }];
}

/** Hidden fields that may differ beside visible ones: none where the description without these is the one that the object was made from. */
function maybeHidden(
  desired: DesiredResource,
  observed: ObservedResource,
  fields: readonly FieldChange[],
): readonly FieldChange[] {
  const known = new Set(fields.map(({ path }) => path));
  const inBoth = new Set(maskedFields(observed.spec).map(({ path }) => path));
  const hidden = maskedFields(maskSpec(desired.spec)).filter(
    ({ path }) => inBoth.has(path) && !known.has(path) && !desired.updatable.includes(topLevelKey(path)),
  );
  if (hidden.length === 0 || isSameBut(desired, observed)) return [];
  return hidden;
}

/** Tells whether an object was made from this description, but for what is seen to differ. */
function isSameBut(desired: DesiredResource, { spec: seen, hash: observed }: ObservedResource): boolean {
  const spec = withSeen(desired.spec, seen) as Spec;
  return [desired.updatable, []].some((updatable) => {
    const resource = { ...desired, spec, updatable, hash: hashSpec(spec, updatable) };
    const sealed = desired.seal === undefined ? resource : sealResource(resource, desired.seal);
    // A hash under a key that is not ours tells nothing of what is hidden: what is not known to differ is the same.
    return compareHash(sealed, observed) !== 'other';
  });
}

/** A spec as an object has it, with the hidden values that are described. */
function withSeen(spec: SpecValue | undefined, seen: Json): SpecValue {
  if (seen === MASK) return spec ?? seen;
  if (Array.isArray(seen)) {
    const list = Array.isArray(spec) ? (spec as readonly SpecValue[]) : [];
    return seen.map((item, index) => withSeen(list[index], item));
  }
  if (typeof seen !== 'object' || seen === null) return seen;
  const fields = (asFields(spec) ?? {}) as Spec;
  return toRecord(Object.entries(seen).map(([key, item]) => [key, withSeen(own(fields, key), item)]));
}

function hiddenField(path: string): FieldChange {
  return { path, before: MASK, after: MASK, sensitive: true };
}

function causeOf(fields: readonly FieldChange[]): string {
  const keys = [...new Set(fields.map((field) => topLevelKey(field.path)))];
  const secret = fields.every((field) => field.sensitive === true);
  return secret ? 'a secret value changed' : `${keys.join(', ')} changed`;
}

/** `the tag has moved from sha256:0123456789ab to sha256:ba9876543210` */
function movedCause({ here, there }: NonNullable<ObservedResource['moved']>): string {
  return `the tag has moved from ${shortDigest(here)} to ${shortDigest(there)}`;
}

function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

function causeWithoutFields({ health, interrupted, renamed }: ObservedResource): string | null {
  if (renamed !== undefined) return `somebody has renamed it to ${renamed}`;
  if (interrupted) return 'an earlier change was interrupted';
  if (isDown(health)) return `not running: ${health.reason ?? health.status}`;
  return null;
}

function isDown(health: Health): boolean {
  return health.status === 'stopped' || health.status === 'failed';
}
