import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ASKED_FOR, KINDS } from './kinds.ts';

export interface FuzzOptions {
  readonly kinds: readonly string[];
  /** Inputs of all kinds together. */
  readonly count: number;
  readonly seed: number;
  readonly workers: number;
  /** No new input is begun after so many seconds. */
  readonly seconds: number;
  /** A saved input to play again; nothing is made then. */
  readonly play: string | null;
}

export const FUZZ_HELP = `npm run fuzz -- [--count N] [--seed S] [--kind KIND[,KIND…]] [--seconds N] [--workers N] [--play FILE]

Makes hostile inputs, plays them on parts in memory, and holds rules against what happens: no exception, no fault of ours among the findings, no
answer of 5xx, a place with each finding, nothing over 2 s or 512 MiB, no prototype changed, and what is valid can be planned. A seed, which is
printed, makes the same inputs again. What breaks a rule is made small, saved below .kombinator/fuzz, and printed with the command that plays
it again; the exit code is 1 then.

  --count N    default 10,000, of all kinds together
  --seed S     default a random one
  --kind       all (default, without ${ASKED_FOR.join(', ')}), or any of: ${Object.keys(KINDS).join(', ')}
  --seconds N  ends after so long, whatever the count
  --workers N  1 (default) or 2
  --play FILE  plays a saved input
`;

/** @returns `null` when help is asked for. @throws what is wrong with them */
export function parseFuzzOptions(words: readonly string[]): FuzzOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      count: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(randomInt(1, 2 ** 32)) },
      kind: { type: 'string', default: 'all' },
      seconds: { type: 'string', default: '86400' },
      workers: { type: 'string', default: '1' },
      play: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    kinds: chooseKinds(values.kind),
    count: readNumber('--count', values.count),
    seed: readNumber('--seed', values.seed) >>> 0,
    seconds: readNumber('--seconds', values.seconds),
    workers: Math.min(2, readNumber('--workers', values.workers)),
    play: values.play ?? null,
  };
}

function chooseKinds(text: string): readonly string[] {
  if (text === 'all') return Object.keys(KINDS).filter((kind) => !ASKED_FOR.includes(kind));
  const names = text.split(',');
  const unknown = names.find((name) => !Object.hasOwn(KINDS, name));
  if (unknown === undefined) return names;
  throw new Error(`--kind: there is no ${unknown}; there are ${Object.keys(KINDS).join(', ')}`);
}

function readNumber(name: string, text: string): number {
  if (!/^(?:0|[1-9]\d*)$/.test(text)) throw new Error(`${name}: ${text} is not a whole number`);
  return Number(text);
}
