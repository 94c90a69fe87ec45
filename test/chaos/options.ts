import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chooseFaults, FAULTS } from './faults/catalogue.ts';
import type { Fault } from './faults/fault.ts';

export interface ChaosOptions {
  readonly faults: readonly Fault[];
  readonly rounds: number;
  readonly seed: number;
}

export const CHAOS_HELP = `npm run chaos -- [--rounds N] [--seed S] [--fault KIND[,KIND…]]

Pushes changes while things go wrong, on an engine and a repository of its own, and holds invariants against what is there afterwards.
Ends with 1 when one does not hold. A seed, which is printed, makes the same decisions again.

  --rounds N   default 10
  --seed S     default a random one
  --fault      main (default), all, or any of:
${FAULTS.map(({ name, summary }) => `    ${name.padEnd(16)} ${summary}`).join('\n')}
`;

/** @returns `null` when help is asked for. @throws what is wrong with them */
export function parseChaosOptions(words: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: 'string', default: '10' },
      seed: { type: 'string', default: randomSeed() },
      fault: { type: 'string', default: 'main' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    faults: chooseFaults(values.fault),
    rounds: readCount('--rounds', values.rounds),
    seed: readCount('--seed', values.seed),
  };
}

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

export const SOAK_HELP = `npm run soak -- [--minutes M] [--seed S]

Pushes a change every 3 s and looks every minute at what the daemon holds on to: resident memory, heap and buffers after a collection,
descriptors, handles, timers, listeners, database; the lowest of five looks counts. Ends with 1 when one of them rises, or an invariant does
not hold.

  --minutes M  default 120
  --seed S     default a random one
`;

/** @returns `null` when help is asked for. @throws what is wrong with them */
export function parseSoakOptions(words: readonly string[]): SoakOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: 'string', default: '120' },
      seed: { type: 'string', default: randomSeed() },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return { minutes: readCount('--minutes', values.minutes), seed: readCount('--seed', values.seed) };
}

function randomSeed(): string {
  return String(randomInt(1, 2 ** 32));
}

/** A whole number from 1. */
function readCount(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${name}: ${text} is not a whole number from 1`);
  return Number(text);
}
