/** One input: what is pushed, or what is sent, in one or several parts. */
export interface FuzzInput {
  readonly kind: string;
  /** Seed that makes it again. */
  readonly seed: number;
  readonly parts: readonly Part[];
}

/** A file, or a request. */
export interface Part {
  /** Path of the file; `POST /path` and headers of a request. */
  readonly name: string;
  readonly text: string;
  /** Default `file`. */
  readonly type?: 'file' | 'symlink' | 'executable' | 'submodule';
}

/** One thing that must never happen, and did. */
export interface Violation {
  /** The rule that does not hold, in a few words. */
  readonly rule: string;
  /** Place where it happened, without what differs from input to input: two faults with the same are taken for one. */
  readonly place: string;
  readonly detail: string;
}

export interface Outcome {
  /** Tells whether it came through the checks and was carried out; what is refused at the door shows little. */
  readonly accepted: boolean;
  readonly violations: readonly Violation[];
}

/** A kind of input: makes and plays it. Everything that it holds on to is in memory. */
export interface Player extends AsyncDisposable {
  generate(seed: number): Promise<FuzzInput>;
  /** Plays an input; an exception is a violation as well. */
  play(input: FuzzInput): Promise<Outcome>;
}

/** Tells what two violations are taken for one by. */
export function signatureOf({ rule, place }: Violation): string {
  return `${rule} @ ${place}`;
}

/** Seed of an input of a run. The first one has the seed of the run, so that its own seed makes it again. */
export function seedOfInput(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e_37_79_b1)) >>> 0;
}
