import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Needs, Rig } from '../rig.ts';

/** Something that goes wrong while changes are carried out. */
export interface Fault {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Part of what every change of the project is tried with. */
  readonly isMain: boolean;
  readonly needs: Needs;
  /** Changes that are pushed before it. Default: one to three of any kind; `sound`: such as leave nothing broken. */
  readonly pushes?: 'none' | 'sound';
  /** Time until all is quiet again, at most, in milliseconds. Default 90,000. */
  readonly patienceMs?: number;
  /** Does it, at moments that are drawn; answers what exactly was done. */
  inject(rig: Rig, random: Random): Promise<string>;
  /** Takes back whatever may be left of it, also when it was done by half. Harmless when nothing is. */
  undo?(rig: Rig): Promise<void>;
}

/** Carrying out a push takes up to so long, in milliseconds: faults strike within. */
const WINDOW_MS = 4_000;

/** Waits for a moment within an apply, or `atMostMs`; answers which. */
export async function waitForMoment(rig: Rig, random: Random, atMostMs: number = WINDOW_MS): Promise<number> {
  const moment = Math.round(random.next() * atMostMs);
  await sleep(moment, undefined, { signal: rig.signal });
  return moment;
}
