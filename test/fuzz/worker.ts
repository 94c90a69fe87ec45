import { parentPort, workerData } from 'node:worker_threads';
import { seedOfInput, signatureOf } from './input.ts';
import type { FuzzInput, Player, Violation } from './input.ts';
import { KINDS } from './kinds.ts';
import { createRunner } from './run-input.ts';
import type { Runner } from './run-input.ts';
import { shrink } from './shrink.ts';

/** Order for a worker: every `step`-th input of a run from `first` on. */
export interface WorkOrder {
  readonly kinds: readonly string[];
  readonly seed: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** Moment when no further input is begun, in milliseconds since the epoch. */
  readonly until: number;
  /** Signatures of what has been told already. */
  readonly known: readonly string[];
  /** Number of the input that is played, and how many turns it has been. */
  readonly at: SharedArrayBuffer;
}

/** Told by a worker from time to time. */
export interface Progress {
  readonly tells: 'progress';
  /** Number of the next input. */
  readonly next: number;
  readonly kinds: Readonly<Record<string, KindCount>>;
}

export interface KindCount {
  readonly played: number;
  readonly accepted: number;
  readonly cpuMs: number;
  readonly slowestMs: number;
  readonly slowestSeed: number;
}

export interface Finding {
  readonly tells: 'finding';
  readonly violation: Violation;
  readonly input: FuzzInput;
}

/** Inputs of one kind that are played in a row: parts that were made for one are used for all. */
const ROW = 50;
const TELL_EVERY_MS = 1_000;
const SHRINK_MS = 20_000;

/** Kind of the n-th input of a run: by rows in turn. */
export function kindAt(kinds: readonly string[], index: number): string {
  return kinds[Math.floor(index / ROW) % kinds.length] ?? '';
}

export function inputSeedAt({ seed }: Pick<WorkOrder, 'seed'>, index: number): number {
  return seedOfInput(seed, index);
}

async function work(order: WorkOrder, tell: (message: Progress | Finding) => void): Promise<void> {
  const { kinds, first, step, count, until } = order;
  const known = new Set(order.known);
  const at = new Int32Array(order.at);
  await using players = new AsyncDisposableStack();
  const made = new Map<string, { readonly player: Player; readonly runner: Runner }>();
  const counts = new Map<string, KindCount>();
  let told = performance.now();
  for (let index = first; index < count && Date.now() < until; index += step) {
    Atomics.store(at, 0, index);
    const kind = kindAt(kinds, index);
    const parts = made.get(kind) ?? makeParts(kind, players);
    made.set(kind, parts);
    const input = await parts.player.generate(inputSeedAt(order, index));
    const run = await parts.runner.run(input);
    const { played, accepted, cpuMs, slowestMs, slowestSeed } = counts.get(kind) ?? NONE;
    counts.set(kind, {
      played: played + 1,
      accepted: accepted + Number(run.accepted),
      cpuMs: cpuMs + run.cpuMs,
      ...(run.cpuMs > slowestMs
        ? { slowestMs: run.cpuMs, slowestSeed: input.seed }
        : { slowestMs, slowestSeed }),
    });
    for (const violation of run.violations) {
      const signature = signatureOf(violation);
      if (known.has(signature)) continue;
      known.add(signature);
      tell({ tells: 'finding', violation, input: await makeSmall(input, signature, parts.runner, at) });
    }
    if (performance.now() - told < TELL_EVERY_MS) continue;
    told = performance.now();
    tell({ tells: 'progress', next: index + step, kinds: Object.fromEntries(counts) });
    counts.clear();
  }
  tell({ tells: 'progress', next: count, kinds: Object.fromEntries(counts) });
}

const NONE: KindCount = { played: 0, accepted: 0, cpuMs: 0, slowestMs: 0, slowestSeed: 0 };

function makeParts(
  kind: string,
  stack: AsyncDisposableStack,
): { readonly player: Player; readonly runner: Runner } {
  const create = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (create === undefined) throw new Error(`internal: no kind ${kind}`);
  const player = stack.use(create());
  return { player, runner: stack.use(createRunner(player)) };
}

/** The input, smaller; as it is where it does not fail again by itself. */
function makeSmall(input: FuzzInput, signature: string, runner: Runner, at: Int32Array): Promise<FuzzInput> {
  return shrink(
    input,
    async (smaller) => {
      Atomics.add(at, 1, 1);
      const { violations } = await runner.run(smaller);
      return violations.some((violation) => signatureOf(violation) === signature);
    },
    SHRINK_MS,
  );
}

if (parentPort !== null) {
  const port = parentPort;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's; this is a thread's
  await work(workerData as WorkOrder, (message) => port.postMessage(message));
}
