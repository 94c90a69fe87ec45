import process from 'node:process';
import { createDockerTarget } from '../../../reconciler/adapters/docker/index.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import { TargetPool } from '../../../reconciler/run/observe/target-pool.ts';
import { silentLogger } from '../../support/docker/target-options.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { freePort } from '../../support/free-port.ts';

/*
 * Hundreds of engines where nothing listens, asked by the adapter for engines over real connections, in a time that passes faster: what is used of a
 * core in that time, divided by the time. Started by `fleet.ts`.
 */

/** Time passes so many times as fast. Sleeps of the adapter pass as fast, so that all that is done in ten minutes is done in one. */
const FACTOR = 10;
const SETTLE_MS = 30_000;
const MEASURE_MS = 40_000;

async function main(targets: number): Promise<number> {
  const port = await freePort();
  const clock = createFastClock(FACTOR);
  const pool = new TargetPool({
    clock,
    logger: silentLogger,
    createTarget: (reference) =>
      createDockerTarget({
        name: reference.name,
        connection: connectionOf(reference),
        clock,
        logger: silentLogger,
      }),
  });
  const nothing = () => undefined;
  pool.startWatching({ onEvent: nothing, onNew: nothing });
  for (let index = 0; index < targets; index += 1) {
    // Each is an address of its own on this machine.
    const host = `127.${1 + (index >> 8)}.${index & 255}.1`;
    pool.get({ name: `dead-${index}`, kind: 'docker', connection: { type: 'tcp', host, port } });
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const away = [...pool.all().values()].filter((one) => pool.standing(targetKey(one)) === 'away').length;
  if (away !== targets) throw new Error(`${away} of ${targets} targets are away`);
  const cpu = process.cpuUsage();
  const began = clock.elapsed();
  const refreshing = setInterval(() => void pool.refreshAllFacts(), 60_000 / FACTOR);
  await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  clearInterval(refreshing);
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1_000 / (clock.elapsed() - began);
  await pool[Symbol.asyncDispose]();
  return share;
}

function connectionOf(reference: TargetReference) {
  if (reference.kind !== 'docker') throw new Error('internal: no engine');
  return reference.connection;
}

if (import.meta.main) {
  const share = await main(Number(process.argv[2]));
  process.send?.(share);
  process.disconnect?.();
}
