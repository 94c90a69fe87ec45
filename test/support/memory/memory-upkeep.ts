import type { Remnant } from '../../../reconciler/ports/inventory/images.ts';
import type { FetchesImages, Prunes } from '../../../reconciler/ports/inventory/images.ts';
import type { MeasuresRuns } from '../../../reconciler/ports/inventory/run-stats.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { MemoryEngine } from './memory-engine.ts';
import { text } from './memory-engine.ts';
import type { Step } from './memory-faults.ts';

/** Numbers, images and leftovers of a pretended engine. An image that nothing describes is left over when it was fetched. */
export function createMemoryUpkeep(engine: MemoryEngine, step: Step): MeasuresRuns & FetchesImages & Prunes {
  return {
    async runStats(stack, signal) {
      await step(`stats ${stack}`, signal);
      const slots = [...(engine.stacks.get(stack)?.values() ?? [])];
      const running = slots.flatMap(({ current }) => (current?.state === 'running' ? [current] : []));
      return running
        .filter(({ kind }) => kind === 'container')
        .map(({ id, spec }) => ({
          id,
          name: text(spec, 'name'),
          cpuMillis: 125,
          memoryBytes: 1_048_576,
          memoryLimitBytes: null,
          network: { receivedBytes: 10, sentBytes: 20 },
        }));
    },
    async fetchImage({ spec }, { signal, progress }) {
      const reference = text(spec, 'reference');
      progress(`pulling ${reference}`);
      await step(`fetch ${reference}`, signal);
      if (engine.images.has(reference)) return { outcome: 'current', digest: null };
      throw new ReconcilerError('IMAGE_NOT_FOUND', `image ${reference} was not found`, { retryable: true });
    },
    async remnants({ fetched, described }, signal) {
      await step('remnants', signal);
      const left = fetched.filter((name) => engine.images.has(name) && !described.includes(name));
      return left.map((name): Remnant => ({
        kind: 'fetched-image',
        id: name,
        names: [name],
        sizeBytes: 7,
        builtFor: null,
      }));
    },
    stackBytes: async (stack) => 1_000 * (engine.stacks.get(stack)?.size ?? 0),
    async removeRemnant({ id, sizeBytes }, signal) {
      await step(`prune ${id}`, signal);
      return engine.images.delete(id) ? sizeBytes : null;
    },
  };
}
