import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import { soundStacks } from '../world/model.ts';
import type { StackModel } from '../world/model.ts';
import { breakWith, removeStack, SOUND_MUTATIONS, withStack } from '../world/mutations.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

/* Changes in quick succession: nothing else is wrong. */

const BURST = 200;

export const changeFaults: readonly Fault[] = [
  {
    name: 'none',
    summary: 'nothing goes wrong',
    isMain: false,
    needs: {},
    inject: async (rig, random) => `${await waitForMoment(rig, random)} ms later`,
  },
  {
    name: 'burst',
    summary: `${BURST} pushes in a row`,
    isMain: false,
    needs: {},
    pushes: 'none',
    async inject(rig, random) {
      for (let left = BURST; left > 0; left -= 1) {
        rig.signal.throwIfAborted();
        await rig.push(random, { kinds: SOUND_MUTATIONS });
      }
      return `${BURST} pushes`;
    },
  },
  {
    name: 'quick',
    summary: 'a handful of pushes within the time that one of them takes, renames and swaps among them',
    isMain: true,
    needs: {},
    pushes: 'none',
    async inject(rig, random) {
      const told: string[] = [];
      for (let left = 3 + random.integer(6); left > 0; left -= 1) {
        told.push(await rig.push(random, { kinds: SOUND_MUTATIONS, changes: random.chance(0.3) ? 2 : 1 }));
        await waitForMoment(rig, random, 400);
      }
      return told.join(' | ');
    },
  },
  {
    name: 'comeback',
    summary: 'a stack is taken out, and comes back while it is being removed',
    isMain: true,
    needs: {},
    pushes: 'none',
    inject: takeOutAndBack,
  },
  {
    name: 'broken-half',
    summary: 'one half of a push does not become well, and only that half is taken back',
    isMain: true,
    needs: {},
    pushes: 'none',
    inject: breakHalf,
  },
];

async function takeOutAndBack(rig: Rig, random: Random): Promise<string> {
  const { model } = rig.world;
  const name = random.pick(Object.keys(model.stacks));
  const without = removeStack(model, name).model;
  await rig.pushModel(without, `take ${name} out`);
  const moment = await waitForMoment(rig, random);
  await rig.pushModel({ ...model, counter: without.counter }, `bring ${name} back`);
  return `${name} comes back after ${moment} ms`;
}

/** Both halves are changed, then the broken one alone goes back to what it was, so that the other one stays new. */
async function breakHalf(rig: Rig, random: Random): Promise<string> {
  const { model } = rig.world;
  const name = soundStacks(model).find((one) => Object.keys(model.stacks[one]!.services).length > 1);
  if (name === undefined) return 'no stack has two halves';
  const stack = model.stacks[name]!;
  const [good = '', bad = ''] = Object.keys(stack.services);
  const counter = model.counter + 1;
  const services = { ...stack.services, [good]: { ...stack.services[good]!, revision: counter } };
  const changed: StackModel = { ...stack, services };
  const base = withStack({ ...model, counter }, name, changed);
  const broken = breakWith(base, name, { kind: 'unhealthy', service: bad, revision: counter + 1 });
  await rig.pushModel(broken.model, broken.told);
  const moment = await waitForMoment(rig, random, 8_000);
  await rig.pushModel(withStack(broken.model, name, changed), `take ${name}/${bad} back`);
  return `${broken.told}, taken back after ${moment} ms`;
}
