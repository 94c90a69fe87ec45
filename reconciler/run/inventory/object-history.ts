import { errorMessage } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { canonicalJson } from '../../base/json.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { ObjectHistoryEntry, ObjectRecords } from '../../ports/inventory/object-records.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ObjectView } from '../../public/inventory.ts';
import type { ObjectStep } from './object-table.ts';

/** Entries of one object that are kept. */
const KEPT_OF_ONE = 50;
const KEPT = 50_000;
const KEEP_MS = 30 * 24 * 3_600_000;
/** Entries of one burst; what comes beyond them is not remembered. */
const MAX_AT_ONCE = 500;
const PRUNE_MS = 3_600_000;

interface HistoryParts {
  readonly store: ObjectRecords;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly logger: Logger;
}

/** Makes what remembers changes of objects; a store that cannot be written keeps nothing else from happening. */
export function createObjectHistory({
  store,
  clock,
  logger,
}: HistoryParts): (steps: readonly ObjectStep[]) => void {
  let prunedAt = Number.NEGATIVE_INFINITY;
  return (steps) => {
    const now = clock.now();
    const entries = steps.flatMap((step) => judgeStep(step, now) ?? []).slice(0, MAX_AT_ONCE);
    if (entries.length === 0) return;
    try {
      store.noteObjects(entries, KEPT_OF_ONE);
      if (clock.elapsed() - prunedAt < PRUNE_MS) return;
      prunedAt = clock.elapsed();
      store.pruneObjectHistory(now - KEEP_MS, KEPT);
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, 'what happened to objects is not remembered');
    }
  };
}

/**
 * Says in one word what has happened to an object; `null` where it is not worth remembering.
 *
 * @param at milliseconds since the epoch
 */
export function judgeStep({ id, before, after }: ObjectStep, at: number): ObjectHistoryEntry | null {
  const entry = { object: id, at, before: before?.status ?? null, changes: {} };
  if (after === null) return { ...entry, action: 'deleted', after: 'deleted', message: 'it is gone' };
  const now = { ...entry, after: after.status };
  if (before === null) return { ...now, action: 'created', message: 'it is there' };
  if (before.uid !== after.uid) return { ...now, action: 'restarted', message: 'it was made anew' };
  const changes = changesOf(before.facts, after.facts);
  if (changes['replicas'] !== undefined) {
    const [from, to] = [before, after].map(({ facts }) => asNumber(facts['replicas']) ?? 0);
    return { ...now, action: 'scaled', message: `from ${from} to ${to}`, changes };
  }
  const restarts = restartsOf(after) - restartsOf(before);
  if (restarts > 0) return { ...now, action: 'restarted', message: `${restarts} more restarts`, changes };
  const isWritten = before.generation !== after.generation || imagesOf(before) !== imagesOf(after);
  if (!isWritten && before.status === after.status) return null;
  const message = after.message ?? (isWritten ? 'its description was changed' : `it is ${after.status}`);
  return { ...now, action: 'updated', message, changes };
}

function containersOf({ facts }: ObjectView): readonly Readonly<Record<string, unknown>>[] {
  return (asList(facts['containers']) ?? []).map((one) => asFields(one) ?? {});
}

function restartsOf(view: ObjectView): number {
  return containersOf(view).reduce((sum, one) => sum + (asNumber(one['restartCount']) ?? 0), 0);
}

function imagesOf(view: ObjectView): string {
  return containersOf(view)
    .map((one) => asString(one['image']) ?? '')
    .join(' ');
}

/** Numbers and words that differ. */
function changesOf(before: JsonObject, after: JsonObject): JsonObject {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.flatMap((key): readonly (readonly [string, Json])[] => {
    const [from, to] = [own(before, key) ?? null, own(after, key) ?? null];
    if (typeof from === 'object' && from !== null) return [];
    if (typeof to === 'object' && to !== null) return [];
    return canonicalJson(from) === canonicalJson(to) ? [] : [[key, { from, to }]];
  });
  return Object.fromEntries(changed);
}
