import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { MemoryEngine } from '../support/memory/memory-engine.ts';
import { createMemoryEngine } from '../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../support/memory/memory-target.ts';
import type { TargetHarness } from './target-harness.ts';
import { containersOf } from './target-harness.ts';
import { describeTargetContract } from './target.ts';
import { describeCoreContract } from './target-core.ts';
import { describeControlContract, describeMovesContract } from './target-control.ts';
import { describeForeignContract } from './target-foreign.ts';

describeTargetContract('in memory', setup);
describeControlContract('in memory', setup);
describeForeignContract('in memory', setup);
describeMovesContract('in memory', setup);
describeCoreContract('in memory', async () => containersOf(await setup()));

async function setup(): Promise<TargetHarness> {
  const engine = createMemoryEngine(['web:1']);
  const target = createMemoryTarget({ engine });
  return {
    target,
    image: 'web:1',
    crashing(nth) {
      const crashing = createMemoryTarget({ engine });
      crashing.control.fail(nth, 'kill');
      return { target: crashing, died: () => crashing.control.calls >= nth };
    },
    count: async (stack) => countObjects(engine, stack),
    stopContainer: async (stack, { id }) => target.control.stop(stack, id),
    removeContainer: async (stack, { id }) => target.control.remove(stack, id),
    async leaveNetwork(stack: string, { id }: DesiredResource, network: string) {
      const networks = target.control.find(stack, id)?.spec['networks'] as Record<string, never>;
      const { [network]: _, ...rest } = networks;
      target.control.drift(stack, id, { networks: rest });
    },
    makeForeign: async (_kind, name) => void engine.foreignNames.add(name),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}

function countObjects(engine: MemoryEngine, stack: string) {
  const slots = [...(engine.stacks.get(stack)?.values() ?? [])];
  const objects = slots.flatMap(({ current, next }) => [current, next]).filter((object) => object !== null);
  const count = (kind: string) => objects.filter((object) => object.kind === kind).length;
  return { containers: count('container'), networks: count('network'), volumes: count('volume') };
}
