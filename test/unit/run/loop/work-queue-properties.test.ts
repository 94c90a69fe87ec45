import type { Arbitrary } from 'fast-check';
import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
  shuffledSubarray,
} from 'fast-check';
import { expect, it } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { WorkQueue } from '../../../../reconciler/run/loop/work-queue.ts';
import { createFakeClock, settle } from '../../../support/fakes/fake-clock.ts';

const PLACES = ['a', 'b', 'c', 'd'] as const;
const SLOTS = 2;
const CONCURRENCY = 3;

type Step =
  | { readonly do: 'add' | 'addFirst' | 'hint' | 'interrupt'; readonly key: number }
  | { readonly do: 'finish' | 'fail'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'doubt' | 'open'; readonly place: number };

const key = nat({ max: 19 });
const step: Arbitrary<Step> = oneof(
  record({ do: constantFrom('add', 'addFirst', 'hint', 'interrupt'), key }),
  record({ do: constantFrom('finish', 'fail'), which: nat({ max: 30 }) }),
  record({ do: constant('wait' as const), ms: nat({ max: 8_000 }) }),
  record({ do: constantFrom('doubt', 'open'), place: nat({ max: 3 }) }),
);

/** Keys work at one place, or at two. */
function placesOf(name: string): readonly string[] {
  const number = Number(name);
  const first = PLACES[number % 4] ?? 'a';
  return number % 5 === 0 ? [first, PLACES[(number + 1) % 4] ?? 'b'] : [first];
}

function createWorld() {
  const clock = createFakeClock();
  const inDoubt = new Set<string>();
  const running = new Map<string, { readonly end: (error?: Error) => void }>();
  const ran = new Map<string, number>();
  const queue = new WorkQueue({
    clock,
    concurrency: CONCURRENCY,
    slots: SLOTS,
    placesOf,
    isOpen: (place) => !inDoubt.has(place),
    onFailure: () => undefined,
    run(name, signal) {
      expect(running.has(name)).toBe(false);
      for (const place of placesOf(name)) expect(inDoubt.has(place)).toBe(false);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const over = (settleIt: () => void) => {
        running.delete(name);
        settleIt();
      };
      running.set(name, { end: (error) => over(error === undefined ? resolve : () => reject(error)) });
      signal.addEventListener('abort', () => over(() => reject(signal.reason)));
      ran.set(name, (ran.get(name) ?? 0) + 1);
      return promise;
    },
  });
  return { clock, queue, inDoubt, running, ran };
}

async function play({ clock, queue, inDoubt, running }: ReturnType<typeof createWorld>, one: Step) {
  if ('which' in one) {
    const names = [...running.keys()];
    const end = running.get(names[one.which % names.length] ?? '')?.end;
    end?.(one.do === 'fail' ? new ReconcilerError('TARGET_ERROR', 'no', { retryable: true }) : undefined);
  } else if ('ms' in one) await clock.advance(one.ms);
  else if ('place' in one) {
    const place = PLACES[one.place] ?? 'a';
    if (one.do === 'doubt') inDoubt.add(place);
    else if (inDoubt.delete(place)) queue.opened(place);
  } else if (one.do === 'hint') queue.hint(String(one.key), 100);
  else if (one.do === 'interrupt')
    queue.interrupt(String(one.key), new ReconcilerError('CANCELLED', 'newer', { retryable: true }));
  else queue[one.do](String(one.key));
  await settle();
}

it('starts whatever was added, whatever comes between, and gives back every slot', async () => {
  await assert(
    asyncProperty(array(step, { maxLength: 60 }), async (steps) => {
      const world = createWorld();
      const { queue, running, ran, clock } = world;
      for (const one of steps) {
        await play(world, one);
        // Keys that people wait for may have twice the slots of a place.
        for (const place of PLACES) {
          const single = [...running.keys()].filter((name) => placesOf(name).join('') === place);
          expect(single.length).toBeLessThanOrEqual(2 * SLOTS);
        }
      }
      for (const place of PLACES.keys()) await play(world, { do: 'open', place });
      const before = new Map(ran);
      for (let number = 0; number < 20; number += 1) queue.add(String(number));
      for (let rounds = 0; queue.depth > 0 && rounds < 400; rounds += 1) {
        await play(world, { do: 'finish', which: rounds });
        if (running.size === 0) await clock.advance(60_000);
      }
      for (let number = 0; number < 20; number += 1)
        expect(ran.get(String(number)) ?? 0).toBeGreaterThan(before.get(String(number)) ?? 0);
      expect([...ran.keys()]).toHaveLength(20);
      expect([queue.depth, queue.slotsTaken, running.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

it('lets no place wait for others, however many of them never answer', async () => {
  await assert(
    asyncProperty(
      shuffledSubarray(
        Array.from({ length: 10 }, (_, number) => String(number)),
        { minLength: 10 },
      ),
      async (order) => {
        const world = createWorld();
        const { queue, running, ran, clock } = world;
        for (const name of order) queue.add(name);
        // Runs at `a` never end, whatever other place they work at.
        const isDead = (name: string) => placesOf(name).includes('a');
        for (let round = 0; round < 40; round += 1) {
          for (const [name, { end }] of running) if (!isDead(name)) end();
          await settle();
          await clock.advance(1_000);
        }
        const alive = order.filter((name) => !isDead(name));
        expect(alive.filter((name) => !ran.has(name))).toEqual([]);
        await queue[Symbol.asyncDispose]();
        expect(queue.slotsTaken).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
