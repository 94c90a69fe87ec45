import type { JsonObject } from '../../model/json.ts';
import { asFields, asString } from '../../model/values.ts';
import type { LiveObject } from './live-object.ts';
import { STOPPED } from './live-object.ts';

/* What a stop by hand leaves behind: nothing runs, and an annotation says how many there were. */

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);
const SUSPENDED: ReadonlySet<string> = new Set(['Job', 'CronJob']);

/** The fields of a spec that stop what the object runs; `null` for kinds that cannot be stopped. */
export function stoppingSpec(kind: string): JsonObject | null {
  if (SCALED.has(kind)) return { replicas: 0 };
  return SUSPENDED.has(kind) ? { suspend: true } : null;
}

/** Whether it was stopped by hand and is still so. */
export function isStopped(live: LiveObject): boolean {
  if (live.metadata.annotations?.[STOPPED] === undefined) return false;
  const spec = asFields(live['spec']) ?? {};
  return Object.entries(stoppingSpec(live.kind) ?? {}).some(([key, value]) => spec[key] === value);
}

/** A description of something that is to stay stopped; what an autoscaler decides stays unsaid. */
export function asStopped(wire: JsonObject): JsonObject {
  const spec = asFields(wire['spec']);
  const stopped = Object.entries(stoppingSpec(asString(wire['kind']) ?? '') ?? {});
  const said = stopped.filter(([key]) => spec?.[key] !== undefined || key === 'suspend');
  return { ...wire, spec: { ...(wire['spec'] as JsonObject), ...Object.fromEntries(said) } };
}
