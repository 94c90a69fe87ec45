import { createMonotonicUlids } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';

const PREFIX = 'job_';

/** Creates a function that makes job ids, `job_` and a ULID: they sort by creation, after all that the store holds. */
export function createJobIds(clock: Clock, store: Pick<Store, 'newestJobId'>): () => string {
  const next = createMonotonicUlids({
    now: () => clock.now(),
    random: () => clock.random(),
    newest: () => store.newestJobId()?.slice(PREFIX.length),
  });
  return () => PREFIX + next();
}
