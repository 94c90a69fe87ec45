import { asFields, asList, asString, own } from '../../../base/values.ts';
import { isSensitiveName, MASK } from '../../../model/secret.ts';
import type { Health } from '../../../model/resource.ts';
import type { ObjectOwner, ObjectStatus, SeenObject } from '../../../ports/inventory/inventory.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { healthOf } from '../workloads/health.ts';
import { troubleOf } from '../workloads/pods.ts';
import { factsOf } from './facts-of-kinds.ts';

const STATUS: Readonly<Record<Health['status'], ObjectStatus>> = {
  healthy: 'running',
  completed: 'completed',
  starting: 'pending',
  unhealthy: 'warning',
  failed: 'failed',
  stopped: 'warning',
  missing: 'deleted',
};

/** Annotations in which tools keep an object whole, values of Secrets among them: as JSON, or packed (gzip in base64). */
const WHOLE = /^\s*[[{].*"(?:data|stringData|env|spec)"|^H4sI/s;
const MAX_TEXT = 1_000;

export interface Seeing {
  /** Stack that it belongs to by its owners. */
  readonly stack: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Takes secrets of the stack out of what others have written. */
  readonly mask: (text: string) => string;
}

export function toSeenObject(live: LiveObject, { stack, now, mask }: Seeing): SeenObject {
  const { apiVersion, kind, metadata } = live;
  const health = judge(live, now);
  return {
    uid: metadata.uid,
    version: metadata.resourceVersion,
    apiVersion,
    kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
    stack,
    status: STATUS[health.status],
    message: health.reason === undefined ? null : mask(health.reason).slice(0, MAX_TEXT),
    labels: shown(metadata.labels),
    annotations: shown(metadata.annotations),
    owners: ownersOf(live),
    createdAt: asString(metadata['creationTimestamp']) ?? null,
    generation: metadata.generation ?? null,
    facts: factsOf(live),
  };
}

function judge(live: LiveObject, now: number): Health {
  if (live.kind === 'Node' && live.apiVersion === 'v1') return nodeHealth(live);
  const health = healthOf(live, now);
  const trouble = live.kind === 'Pod' && health.status === 'starting' ? troubleOf(live, now) : null;
  if (trouble === null) return health;
  return { status: trouble.final ? 'failed' : 'starting', reason: trouble.reason };
}

function nodeHealth(live: LiveObject): Health {
  const conditions = (asList(asFields(live['status'])?.['conditions']) ?? []).map(asFields);
  const ready = conditions.find((one) => one?.['type'] === 'Ready');
  if (ready?.['status'] === 'True') return { status: 'healthy' };
  return { status: 'failed', reason: asString(ready?.['message']) ?? 'the node is not ready' };
}

function shown(texts: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const kept = Object.entries(texts).filter(([, value]) => !WHOLE.test(value));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, isSensitiveName(key) ? MASK : value.slice(0, MAX_TEXT)]),
  );
}

export function ownersOf({ metadata }: LiveObject): readonly ObjectOwner[] {
  return (asList(metadata['ownerReferences']) ?? []).flatMap((item) => {
    const owner = asFields(item) ?? {};
    const uid = asString(owner['uid']);
    if (uid === undefined) return [];
    const text = (key: string) => asString(own(owner, key)) ?? '';
    const controller = owner['controller'] === true;
    return [{ apiVersion: text('apiVersion'), kind: text('kind'), name: text('name'), uid, controller }];
  });
}
