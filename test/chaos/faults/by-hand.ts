import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { SeenContainer } from '../world/snapshot.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

/* Somebody works on the engine beside the daemon. */

export const handFaults: readonly Fault[] = [
  {
    name: 'by-hand',
    summary: 'containers and networks are removed, stopped, renamed or cut off by hand in the middle',
    isMain: true,
    needs: {},
    pushes: 'sound',
    patienceMs: 150_000,
    inject: interfere,
  },
  {
    name: 'pause',
    summary: 'a container is paused by hand',
    isMain: false,
    needs: {},
    pushes: 'sound',
    patienceMs: 150_000,
    async inject(rig, random) {
      await waitForMoment(rig, random);
      const { containers } = await rig.engine.snapshot();
      return tryAct(rig, 'pause', random.pick(containers));
    },
  },
];

type Act = (rig: Rig, container: SeenContainer) => Promise<unknown>;

const ACTS: Readonly<Record<string, Act>> = {
  remove: ({ engine }, { id }) => engine.ask('DELETE', `/containers/${id}?force=1`),
  stop: ({ engine }, { id }) => engine.ask('POST', `/containers/${id}/stop?t=1`),
  kill: ({ engine }, { id }) => engine.ask('POST', `/containers/${id}/kill`),
  rename: ({ engine }, { id, name }) => engine.ask('POST', `/containers/${id}/rename?name=${name}-renamed`),
  'cut off': (rig, container) => cutOff(rig, container, container.networks[0] ?? ''),
  'remove the network of': removeNetwork,
  pause: ({ engine }, { id }) => engine.ask('POST', `/containers/${id}/pause`),
};

const PASSING = Object.keys(ACTS).filter((act) => act !== 'pause');

async function interfere(rig: Rig, random: Random): Promise<string> {
  const told: string[] = [];
  for (let left = 1 + random.integer(3); left > 0; left -= 1) {
    await waitForMoment(rig, random, 2_500);
    const { containers } = await rig.engine.snapshot();
    const act = random.pick(PASSING);
    if (containers.length > 0) told.push(await tryAct(rig, act, random.pick(containers)));
  }
  return told.join(', ');
}

/** Acts on a container, which may just be gone: then nothing was done, and that is said. */
async function tryAct(rig: Rig, act: string, container: SeenContainer): Promise<string> {
  rig.report.count(`by hand: ${act}`);
  try {
    await ACTS[act]!(rig, container);
    return `${act} ${container.name}`;
  } catch (error) {
    return `${act} ${container.name} (${String(error).slice(0, 80)})`;
  }
}

function cutOff({ engine }: Rig, { id }: SeenContainer, network: string): Promise<unknown> {
  return engine.ask('POST', `/networks/${network}/disconnect`, { Container: id, Force: true });
}

async function removeNetwork(rig: Rig, { networks }: SeenContainer): Promise<unknown> {
  const network = networks[0] ?? '';
  const { containers } = await rig.engine.snapshot();
  for (const container of containers.filter((one) => one.networks.includes(network)))
    await cutOff(rig, container, network);
  return rig.engine.ask('DELETE', `/networks/${network}`);
}
