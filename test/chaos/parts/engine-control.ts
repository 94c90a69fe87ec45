import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, waitUntil } from '../../../deploy/demo/processes.ts';
import type { DockerEngine } from '../../support/docker/docker-engine.ts';

/** Ends, stops and starts the engine's process. Whatever was done, `revive` leaves one that answers. */
export interface EngineControl {
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Waits until the process has ended. */
  ended(): Promise<void>;
  /** The whole machine loses power: the engine, its containerd and every container. */
  crash(): Promise<void>;
  revive(): Promise<void>;
}

/** An engine has so long to end and to answer again, in milliseconds; far above what it needs. */
const PATIENCE_MS = 60_000;

export function createEngineControl(engine: DockerEngine): EngineControl {
  const pid = async () => Number(await readFile(join(engine.root, 'dockerd.pid'), 'utf8').catch(() => '0'));
  const send = async (signal: NodeJS.Signals) => {
    const process_ = await pid();
    if (process_ > 0 && isAlive(process_)) process.kill(process_, signal);
  };
  let known = 0;
  return {
    async signal(signal) {
      known = await pid();
      await send(signal);
    },
    ended: () =>
      waitUntil('the end of the engine', () => known === 0 || !isAlive(known), { timeoutMs: PATIENCE_MS }),
    crash: () => engine.crash(),
    async revive() {
      await send('SIGCONT');
      const process_ = await pid();
      if (process_ > 0 && isAlive(process_)) return;
      // A containerd that outlived its engine is taken over; when that fails, everything is begun anew on the same data.
      await engine.start().catch(() => engine.restart());
    },
  };
}
