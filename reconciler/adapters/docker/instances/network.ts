import type { NetworkInspectInfo } from 'dockerode';
import { ReconcilerError } from '../../../base/errors.ts';
import type { InstanceEngine } from './engine.ts';
import { INSTANCE_LABEL } from './labels.ts';

/** One network for all instances, in which they do not reach each other; one for each would use up the engine's addresses. */
export interface InstanceNetwork {
  /** Its id. Made when it is not there. Throws NAME_TAKEN when its name is that of a network that was not made for instances. */
  ensure(signal: AbortSignal): Promise<string>;
  /** It is looked for again the next time. */
  forget(): void;
}

export function createInstanceNetwork(
  engine: Pick<InstanceEngine, 'listInstanceNetworks' | 'createNetwork'>,
  name: string,
): InstanceNetwork {
  let known: string | null = null;
  /** Makes one after the other: an engine that is asked twice at once makes two of one name. */
  let last: Promise<unknown> = Promise.resolve();
  async function ensure(signal: AbortSignal): Promise<string> {
    if (known !== null) return known;
    let found = await find(engine, name, signal);
    if (found === null) {
      await engine.createNetwork(bodyOf(name), signal);
      found = await find(engine, name, signal);
    }
    if (found === null)
      throw new ReconcilerError('NAME_TAKEN', `the network ${name} was not made for instances`);
    known = found;
    return found;
  }
  return {
    ensure(signal) {
      const turn = last.then(() => ensure(signal));
      last = turn.catch(() => undefined);
      return turn;
    },
    forget: () => void (known = null),
  };
}

/** Two processes may have made one each: both take the older. */
async function find(
  engine: Pick<InstanceEngine, 'listInstanceNetworks'>,
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  const all = [...(await engine.listInstanceNetworks(name, signal))];
  const age = ({ Created, Id }: NetworkInspectInfo) => `${Created} ${Id}`;
  all.sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return all[0]?.Id ?? null;
}

function bodyOf(name: string): object {
  return {
    Name: name,
    Driver: 'bridge',
    CheckDuplicate: true,
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    Labels: { [INSTANCE_LABEL.network]: 'true' },
  };
}
