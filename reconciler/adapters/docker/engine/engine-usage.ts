import { ANSWERS } from './answer-shapes.ts';
import type { BuildCacheEntry, DiskUsage, Engine, EngineStats } from './engine.ts';
import { ownedFilter } from './engine-filters.ts';
import { orNull } from './engine-answers.ts';
import { statusOf } from './engine-errors.ts';
import { listContainers } from './engine-containers.ts';
import type { Transport } from './transport.ts';

/** Time that an engine may take to add up what is on its disk. */
const SLOW_MS = 300_000;
/** A look at a container takes two samples, a second apart. */
const STATS_MS = 15_000;

type UsageCalls = Pick<
  Engine,
  'containerStats' | 'diskUsage' | 'writtenBytes' | 'everyContainer' | 'removeImage' | 'pruneBuildCache'
>;

export function usageCalls(transport: Transport): UsageCalls {
  return {
    containerStats: (id, signal) =>
      orNull(
        transport.json<EngineStats>({
          method: 'GET',
          path: `/containers/${id}/stats`,
          query: { stream: false },
          answer: ANSWERS.stats,
          doing: 'measure a container',
          timeoutMs: STATS_MS,
          signal,
        }),
      ),
    async diskUsage(signal): Promise<DiskUsage> {
      const answer = await transport.json<{
        readonly Images?: DiskUsage['images'] | null;
        readonly BuildCache?: readonly BuildCacheEntry[] | null;
      }>({
        method: 'GET',
        path: '/system/df',
        answer: ANSWERS.usage,
        doing: 'add up what is on the disk',
        timeoutMs: SLOW_MS,
        signal,
      });
      return { images: answer.Images ?? [], buildCache: answer.BuildCache ?? [] };
    },
    async writtenBytes(stack, signal) {
      const sized = await transport.json<readonly { readonly SizeRw?: number | null }[]>({
        method: 'GET',
        path: '/containers/json',
        query: { all: true, size: true, filters: ownedFilter(stack) },
        answer: ANSWERS.sizes,
        doing: 'add up what containers have written',
        timeoutMs: SLOW_MS,
        signal,
      });
      return sized.reduce((total, { SizeRw }) => total + (SizeRw ?? 0), 0);
    },
    everyContainer: (signal) => listContainers(transport, {}, signal),
    removeImage: (reference, signal) => removeImage(transport, reference, signal),
    async pruneBuildCache(signal) {
      const { SpaceReclaimed = 0 } = await transport.json<{ SpaceReclaimed?: number }>({
        method: 'POST',
        path: '/build/prune',
        query: { all: true },
        answer: ANSWERS.reclaimed,
        doing: 'remove the build cache',
        timeoutMs: SLOW_MS,
        signal,
      });
      return SpaceReclaimed;
    },
  };
}

async function removeImage(
  transport: Transport,
  reference: string,
  signal: AbortSignal,
): Promise<'removed' | 'gone' | 'in use'> {
  const path = `/images/${reference}`;
  const doing = `remove image ${reference}`;
  // Nothing is forced: what somebody uses by now stays.
  const query = { noprune: true };
  try {
    await transport.json({ method: 'DELETE', path, query, doing, timeoutMs: SLOW_MS, signal });
    return 'removed';
  } catch (error) {
    if (statusOf(error) === 404) return 'gone';
    if (statusOf(error) === 409) return 'in use';
    throw error;
  }
}
