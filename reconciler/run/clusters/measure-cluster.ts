import { withAbortScope } from '../../base/abort-scope.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TargetMeasures } from '../../ports/inventory/measures.ts';
import type { ClusterMeasures } from '../../public/clusters.ts';

/** So long an answer counts. */
const FRESH_MS = 30_000;
const LOOK_MS = 10_000;

interface Known {
  /** Time of the question, by `Clock.elapsed`. */
  readonly at: number;
  readonly answer: Promise<ClusterMeasures>;
}

/**
 * Makes what measures clusters: each is asked once in thirty seconds, whoever wants to know. A failure is not kept.
 */
export function createMeasurer(clock: Pick<Clock, 'now' | 'elapsed'>) {
  const known = new Map<string, Known>();
  return async (
    key: string,
    ask: (signal: AbortSignal) => Promise<TargetMeasures>,
  ): Promise<ClusterMeasures> => {
    const before = known.get(key);
    if (before !== undefined && clock.elapsed() - before.at < FRESH_MS) return before.answer;
    for (const [other, { at }] of known) if (clock.elapsed() - at >= FRESH_MS) known.delete(other);
    // The first one who has asked may go: others wait for the same answer.
    const answer = withAbortScope({ signals: [], timeoutMs: LOOK_MS }, ask).then((measures) => ({
      ...measures,
      at: new Date(clock.now()).toISOString(),
    }));
    const one = { at: clock.elapsed(), answer };
    known.set(key, one);
    answer.catch(() => {
      if (known.get(key) === one) known.delete(key);
    });
    return answer;
  };
}
