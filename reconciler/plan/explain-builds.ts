import { diffSpec, topLevelKey } from './diff-spec.ts';
import type { JsonObject } from '../base/json.ts';
import type { ObservedResource } from '../model/resource.ts';
import type { Change } from './plan.ts';

/** Says of an image that is to be built what has changed since the last one of its service was. */
export function explainBuilds(
  changes: readonly Change[],
  observed: readonly ObservedResource[],
): readonly Change[] {
  const images = observed.filter(({ kind, spec }) => kind === 'image' && 'build' in spec);
  if (images.length === 0) return changes;
  return changes.map((change) => {
    if (change.action !== 'create' || change.kind !== 'image' || !change.after?.['build']) return change;
    const { after } = change;
    const before = images.find(
      ({ spec, target }) => target === change.target && spec['service'] === after['service'],
    );
    return before ? { ...change, cause: causeOf(before.spec, after) } : change;
  });
}

function causeOf(before: JsonObject, after: JsonObject): string {
  const { reference: _, ...old } = before;
  const { reference: __, ...now } = after;
  const keys = diffSpec(old, now).map(({ path }) => {
    const inside = path.startsWith('build.') ? path.slice('build.'.length) : path;
    return topLevelKey(inside);
  });
  // Values that are masked on both sides differ as well.
  return `${[...new Set(keys)].join(', ') || 'an argument'} changed`;
}
