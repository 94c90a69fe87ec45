import type { JsonObject } from '../../base/json.ts';
import { asFields, asString, own } from '../../base/values.ts';
import { contains } from './compare.ts';
import type { LiveObject } from './cache/live-object.ts';
import { STOPPED } from './cache/live-object.ts';

/* The traces of a stop by hand: nothing runs, and an annotation says how many there were. */

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);
const SUSPENDED: ReadonlySet<string> = new Set(['Job', 'CronJob']);

/** The fields of a spec that stop what the object runs; `null` for kinds that cannot be stopped. */
export function stoppingSpec(kind: string): JsonObject | null {
  if (SCALED.has(kind)) return { replicas: 0 };
  if (SUSPENDED.has(kind)) return { suspend: true };
  return kind === 'DaemonSet' ? onNodes('true') : null;
}

/** The fields that run it again, `null` where its description has them. */
export function startingSpec(kind: string): JsonObject | null {
  return kind === 'DaemonSet' ? onNodes(null) : null;
}

/** A daemon set has no number to lower: it runs on nodes with a label that none has. */
function onNodes(label: 'true' | null): JsonObject {
  return { template: { spec: { nodeSelector: { [STOPPED]: label } } } };
}

/** Tells whether it was stopped by hand and is still so. */
export function isStopped(live: LiveObject): boolean {
  if (live.metadata.annotations?.[STOPPED] === undefined) return false;
  const stopping = stoppingSpec(live.kind);
  return stopping !== null && contains(stopping, live['spec']);
}

/** A description of something that is to stay stopped; what an autoscaler decides stays unsaid. */
export function asStopped(wire: JsonObject): JsonObject {
  const spec = asFields(wire['spec']);
  const kind = asString(wire['kind']) ?? '';
  // Fields that only we add to the description are not taken for a difference.
  if (startingSpec(kind) !== null) return wire;
  const stopped = Object.entries(stoppingSpec(kind) ?? {});
  const settings = stopped.filter(([key]) => own(spec, key) !== undefined || key === 'suspend');
  return { ...wire, spec: { ...(wire['spec'] as JsonObject), ...Object.fromEntries(settings) } };
}
