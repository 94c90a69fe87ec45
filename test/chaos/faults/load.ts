import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../deploy/demo/processes.ts';
import type { Random } from '../random.ts';
import { createRandom } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { ServiceModel } from '../world/model.ts';
import { SOUND_MUTATIONS } from '../world/mutations.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

/* Many clients at once. */

const CLIENTS = 50;
const HAMMER_MS = 30_000;
const FEW_DESCRIPTORS = 128;
const RACERS = 6;

export const loadFaults: readonly Fault[] = [
  {
    name: 'race',
    summary: `${RACERS} clients apply every stack at once while it is changed`,
    isMain: true,
    needs: {},
    inject: raceApplies,
  },
  {
    name: 'hammer',
    summary: `${CLIENTS} clients plan, apply, restart and read for ${HAMMER_MS / 1_000} s while changes are pushed`,
    isMain: false,
    needs: {},
    pushes: 'none',
    patienceMs: 120_000,
    inject: hammer,
  },
  {
    name: 'few-descriptors',
    summary: `the daemon may open ${FEW_DESCRIPTORS} files, and idle connections take them`,
    isMain: false,
    needs: {},
    inject: takeDescriptors,
    undo: (rig) => limitDescriptors(rig, 4_096),
  },
];

async function raceApplies(rig: Rig, random: Random): Promise<string> {
  const told = await rig.push(random, { changes: 2 });
  await waitForMoment(rig, random, 1_000);
  const names = Object.keys(rig.world.model.stacks);
  const asked = Array.from({ length: RACERS }, () =>
    names.map((name) =>
      rig.daemon.api('POST', `/stacks/${name}/apply`, { confirm: false }).catch(() => null),
    ),
  );
  const answers = await Promise.all(asked.flat());
  const codes = answers.map((answer) => answer?.status ?? 0);
  if (codes.some((code) => code === 500)) throw new Error(`an apply in a race answers ${codes.join(', ')}`);
  return `${told}, ${answers.length} applies`;
}

type Request = readonly [method: string, path: string, body?: object];

const REQUESTS: readonly ((name: string, random: Random) => Request)[] = [
  (name) => ['POST', `/stacks/${name}/plan`, {}],
  (name, random) => [
    'POST',
    `/stacks/${name}/apply?wait=${random.chance(0.3)}`,
    { confirm: random.chance(0.5) },
  ],
  () => ['GET', '/stacks'],
  (name) => ['GET', `/stacks/${name}`],
  () => ['GET', '/jobs'],
  (name) => ['GET', `/stacks/${name}/drift`],
  () => ['GET', '/health'],
  (name) => ['POST', `/stacks/${name}/restart`],
];

async function hammer(rig: Rig, random: Random): Promise<string> {
  const stopping = new AbortController();
  const clients = Array.from({ length: CLIENTS }, () =>
    runClient(rig, createRandom(random.integer(2 ** 31)), stopping.signal),
  );
  let pushes = 0;
  try {
    for (const end = performance.now() + HAMMER_MS; performance.now() < end; pushes += 1) {
      await rig.push(random, { kinds: SOUND_MUTATIONS });
      await waitForMoment(rig, random, 2_500);
    }
  } finally {
    stopping.abort();
  }
  const codes = (await Promise.all(clients)).flat();
  const failed = codes.filter((code) => code === 500).length;
  await describeAnew(rig);
  if (failed > 0) throw new Error(`${failed} of ${codes.length} requests were answered with 500`);
  return `${codes.length} requests, ${pushes} pushes`;
}

async function runClient(rig: Rig, random: Random, signal: AbortSignal): Promise<number[]> {
  const codes: number[] = [];
  while (!signal.aborted) {
    const name = random.pick(Object.keys(rig.world.model.stacks));
    const [method, path, body] = random.pick(REQUESTS)(name, random);
    const answer = await rig.daemon.api(method, path, body, 60_000).catch(() => null);
    codes.push(answer?.status ?? 0);
    if (answer === null) await sleep(100);
  }
  return codes;
}

/** Every service gets a new revision: what was stopped or restarted by hand is described otherwise, and has to run. */
async function describeAnew(rig: Rig): Promise<void> {
  const { model } = rig.world;
  let { counter } = model;
  const renew = (service: ServiceModel): ServiceModel => ({ ...service, revision: ++counter });
  const stacks = Object.fromEntries(
    Object.entries(model.stacks).map(([name, stack]) => [
      name,
      {
        ...stack,
        services: Object.fromEntries(
          Object.entries(stack.services).map(([key, value]) => [key, renew(value)]),
        ),
      },
    ]),
  );
  await rig.pushModel({ ...model, stacks, counter }, 'describe everything anew');
}

async function takeDescriptors(rig: Rig, random: Random): Promise<string> {
  await limitDescriptors(rig, FEW_DESCRIPTORS);
  const idle = Array.from({ length: FEW_DESCRIPTORS }, () =>
    connect(rig.daemon.port, '127.0.0.1').on('error', () => undefined),
  );
  try {
    const told = await rig.push(random);
    const time = 3_000 + (await waitForMoment(rig, random, 4_000));
    return `${told}, for ${time} ms`;
  } finally {
    for (const socket of idle) socket.destroy();
    await limitDescriptors(rig, 4_096);
  }
}

async function limitDescriptors({ daemon }: Rig, limit: number): Promise<void> {
  if (daemon.isAlive) await run('prlimit', ['--pid', String(daemon.pid), `--nofile=${limit}:`]);
}
