import { objectSpecOf, qualifiedKind } from '../../../model/kubernetes/kubernetes-object.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import { canonicalJson, sha256 } from '../../../base/json.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import { resourceId } from '../../../model/resource.ts';
import type { Seal } from '../../../model/seal.ts';
import type { SpecValue } from '../../../model/secret.ts';
import { ContentDigest, Secret } from '../../../model/secret.ts';
import { asFields, asList } from '../../../base/values.ts';
import type { KindInfo } from '../api/discovery.ts';
import { maskObject } from '../compare.ts';

/** An object as the server gives it. */
export interface LiveObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly generation?: number;
  };
}

/** Tells whether a value is an object as servers give it, in all that is used of its metadata. */
export function isLiveObject(value: unknown): value is LiveObject {
  const metadata = asFields(asFields(value)?.['metadata']);
  if (metadata === undefined) return false;
  const { name, uid, namespace, resourceVersion, deletionTimestamp, generation } = metadata;
  return (
    isName(name) &&
    typeof uid === 'string' &&
    (namespace === undefined || isName(namespace)) &&
    [resourceVersion, deletionTimestamp].every((text) => text === undefined || typeof text === 'string') &&
    (generation === undefined || typeof generation === 'number') &&
    [metadata['labels'], metadata['annotations']].every(holdsTexts)
  );
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function holdsTexts(value: unknown): boolean {
  if (value === undefined) return true;
  const fields = asFields(value);
  return fields !== undefined && Object.values(fields).every((text) => typeof text === 'string');
}

export const MANAGER = 'kombinator';
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const SELECTOR = `${MANAGED_BY}=${MANAGER}`;
const PREFIX = 'kombinator.io/';
/** Label of what runs once and belongs to no description. */
export const ONE_OFF = `${PREFIX}one-off`;
export const STACK = `${PREFIX}stack`;
/** Annotation of what was stopped by hand: how many pods there were. */
export const STOPPED = `${PREFIX}stopped`;
export const MARK = {
  resource: `${PREFIX}resource`,
  hash: `${PREFIX}hash`,
  revision: `${PREFIX}revision`,
  branch: `${PREFIX}branch`,
} as const;

export interface Owner {
  readonly stack: string;
  readonly hash: string | null;
  readonly revision: string | null;
  readonly branch: string | null;
}

/** Returns the owner of an object; `null` when it is not ours. */
export function ownerOf(live: LiveObject): Owner | null {
  const { labels = {}, annotations = {} } = live.metadata;
  const stack = labels[STACK];
  if (labels[MANAGED_BY] !== MANAGER || stack === undefined || isDerived(live)) return null;
  const mark = (key: keyof typeof MARK): string | null => annotations[MARK[key]] ?? null;
  return { stack, hash: mark('hash'), revision: mark('revision'), branch: mark('branch') };
}

/** Made by a controller out of an object of ours, with its labels: an EndpointSlice has those of its Service. */
export function isDerived({ kind, metadata }: LiveObject): boolean {
  if (metadata.annotations?.[MARK.resource] !== undefined) return false;
  const owners = metadata['ownerReferences'];
  return kind === 'Endpoints' || kind === 'EndpointSlice' || (Array.isArray(owners) && owners.length > 0);
}

/** Tells whether it is a job whose work is done, well or not, and that its cluster takes away by itself. */
export function hasEnded(live: LiveObject): boolean {
  if (live.kind !== 'Job' || asFields(live['spec'])?.['ttlSecondsAfterFinished'] === undefined) return false;
  return (asList(asFields(live['status'])?.['conditions']) ?? [])
    .map(asFields)
    .some((one) => (one?.['type'] === 'Complete' || one?.['type'] === 'Failed') && one['status'] === 'True');
}

/** `shop/web`, `web` for objects of the whole cluster. */
export function keyOf({ name, namespace }: { readonly name: string; readonly namespace?: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The id that the object was made for, else what it would have on this target. */
export function idOf(live: LiveObject, target: string): { readonly id: ResourceId; readonly target: string } {
  const kind = qualifiedKind(live);
  const key = keyOf(live.metadata);
  const marked = live.metadata.annotations?.[MARK.resource] ?? '';
  const place = marked.split('/')[0] ?? '';
  const name = place === '' ? target : place;
  const rest = marked.split('/').slice(2).join('/');
  // The description may name a namespace even for a kind that has none.
  const known = marked.startsWith(`${name}/${kind}/`) && (rest === key || rest.endsWith(`/${key}`));
  return { id: resourceId(name, kind, known ? rest : key), target: name };
}

/** Returns what names an object on its cluster: an id without its target. */
export function placeOf(id: ResourceId): string {
  return id.slice(id.indexOf('/'));
}

export interface Marks {
  readonly stack: string;
  readonly revision: string | null;
  readonly branch: string | null;
}

/** Returns what is sent to the server: secrets revealed, marked as ours. A shared object is not ours. */
export function toWire(desired: DesiredResource, kind: KindInfo, marks: Marks): JsonObject {
  const { metadata, ...body } = objectSpecOf(desired);
  const { namespace, labels, annotations, ...rest } = metadata;
  const own = desired.shared !== true;
  return {
    ...(reveal(body, desired.seal) as JsonObject),
    metadata: {
      ...(reveal(rest, desired.seal) as JsonObject),
      ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
      labels: {
        ...((labels ?? {}) as JsonObject),
        ...(own ? { [MANAGED_BY]: MANAGER, [STACK]: marks.stack } : {}),
      },
      annotations: {
        ...(reveal(annotations ?? {}, desired.seal) as JsonObject),
        ...(own ? { [MARK.resource]: desired.id, [MARK.hash]: desired.hash } : {}),
        ...(own && marks.revision !== null ? { [MARK.revision]: marks.revision } : {}),
        ...(own && marks.branch !== null ? { [MARK.branch]: marks.branch } : {}),
      },
    },
  };
}

/** Values of a Secret travel in base64; there are no secrets elsewhere, but for digests of them, which are sealed. */
export function reveal(value: SpecValue, seal?: Seal): Json {
  if (value instanceof ContentDigest) return sealedText(value, seal);
  if (value instanceof Secret) return Buffer.from(value.revealBytes()).toString('base64');
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: SpecValue) => reveal(item, seal));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, reveal(member, seal)]));
}

/** A digest as it stands in an object: sealed where there is a key. */
export function sealedText(digest: ContentDigest, seal: Seal | undefined): string {
  return seal === undefined ? digest.reveal() : seal.of(digest.reveal(), digest.visible);
}

/** Annotation that a server counts in whenever the pods of a DaemonSet change. */
export const GENERATION = 'deprecated.daemonset.template.generation';

/** Returns what somebody wrote: without the server's bookkeeping and without our marks. */
export function strip({ status: _status, metadata, ...body }: JsonObject): JsonObject {
  const { name, namespace, labels, annotations } = metadata as LiveObject['metadata'];
  const others = Object.entries(annotations ?? {}).filter(
    ([key]) => !key.startsWith(PREFIX) && key !== GENERATION,
  );
  const tags = Object.entries(labels ?? {}).filter(([key]) => key !== STACK && key !== MANAGED_BY);
  return {
    ...body,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(tags.length > 0 ? { labels: Object.fromEntries(tags) } : {}),
      ...(others.length > 0 ? { annotations: Object.fromEntries(others) } : {}),
    },
  };
}

/** Differs whenever something differs that somebody wrote. It is shown, so what is masked counts by the version of its object only. */
export function fingerprintOf(live: LiveObject): string {
  const known = FINGERPRINTS.get(live);
  if (known !== undefined) return known;
  const { uid, generation, resourceVersion } = live.metadata;
  const written = strip(live);
  const shown = canonicalJson(maskObject(written));
  const version = shown === canonicalJson(written) ? '' : String(generation ?? resourceVersion);
  const fingerprint = sha256(`${uid}${shown}${version}`).slice(0, 32);
  FINGERPRINTS.set(live, fingerprint);
  return fingerprint;
}

/** An object that changes comes as another one. */
const FINGERPRINTS = new WeakMap<LiveObject, string>();
