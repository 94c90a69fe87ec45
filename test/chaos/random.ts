/** A source of decisions: the same seed makes the same ones, whatever the machine. */
export interface Random {
  /** Draws from 0 up to, and without, 1. */
  next(): number;
  /** Draws a whole number from 0 up to, and without, `below`. */
  integer(below: number): number;
  /** @throws when there is nothing to pick */
  pick<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
}

/** Mulberry32: small, fast, and even enough to choose faults by. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    next,
    integer,
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new Error('internal: nothing to pick from');
      return values[integer(values.length)] as T;
    },
    chance: (probability) => next() < probability,
  };
}

/** Seed of one round: a round decides the same things whichever rounds went before. */
export function seedOfRound(seed: number, round: number): number {
  return (Math.imul(seed, 1_000_003) + round) >>> 0;
}
