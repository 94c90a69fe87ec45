import { Worker } from 'node:worker_threads';
import type { Violation } from './input.ts';
import type { FuzzOptions } from './options.ts';
import type { Finding, KindCount, Progress, WorkOrder } from './worker.ts';
import { inputSeedAt, kindAt } from './worker.ts';

/** An input that has not come to an end after so long never does. */
const NEVER_ENDS_MS = 30_000;
const LOOK_EVERY_MS = 1_000;
/** Workers that may die before it is given up. */
const MAX_DEATHS = 20;
/** Memory of everything that a worker holds; an input that needs more ends it. */
const MAX_HEAP_MIB = 512;

/** An input that ended its worker, or would never have ended; it is known by its seed only. */
export interface Fatal {
  readonly tells: 'fatal';
  readonly kind: string;
  readonly seed: number;
  readonly violation: Violation;
}

export interface SuperviseOptions extends Pick<
  FuzzOptions,
  'kinds' | 'seed' | 'count' | 'workers' | 'seconds'
> {
  readonly onProgress: (kinds: Readonly<Record<string, KindCount>>) => void;
  readonly onFinding: (finding: Finding | Fatal) => void;
}

/** Has workers play a run; one that dies, or hangs, is followed by another that goes on after the input that it died of. */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const until = Date.now() + options.seconds * 1_000;
  const known: string[] = [];
  let deaths = 0;
  const numbers = Array.from({ length: options.workers }, (_, number) => number);
  await Promise.all(
    numbers.map(async (first) => {
      let next = first;
      while (next < options.count && Date.now() < until && deaths <= MAX_DEATHS) {
        next = await runWorker({ ...options, until, known }, next);
        if (next < options.count) deaths += 1;
      }
    }),
  );
}

/** @returns the number of the input to go on with */
function runWorker(
  options: SuperviseOptions & { readonly until: number; readonly known: string[] },
  first: number,
): Promise<number> {
  const { kinds, seed, count, workers: step, until, known } = options;
  const shared = new SharedArrayBuffer(8);
  const at = new Int32Array(shared);
  Atomics.store(at, 0, first);
  const order: WorkOrder = { kinds, seed, first, step, count, until, known, at: shared };
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: order,
    // Warnings are findings, told as such.
    execArgv: ['--no-warnings'],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB, maxYoungGenerationSizeMb: 96 },
  });
  return new Promise((resolve, reject) => {
    let seen = '';
    let looks = 0;
    let isOver = false;
    const end = (rule: string, detail: string) => {
      if (isOver) return;
      isOver = true;
      const index = Atomics.load(at, 0);
      const kind = kindAt(kinds, index);
      options.onFinding({
        tells: 'fatal',
        kind,
        seed: inputSeedAt(order, index),
        violation: { rule, place: kind, detail },
      });
      void worker.terminate().then(() => resolve(index + step), reject);
    };
    const look = setInterval(() => {
      const now = `${Atomics.load(at, 0)} ${Atomics.load(at, 1)}`;
      // Looks are counted, and not time: a machine that sleeps is no input that hangs.
      looks = now === seen ? looks + 1 : 0;
      seen = now;
      if (looks * LOOK_EVERY_MS > NEVER_ENDS_MS) end('an input that never ends', `${NEVER_ENDS_MS} ms`);
    }, LOOK_EVERY_MS);
    worker.on('message', (message: Progress | Finding) => {
      if (message.tells === 'progress') options.onProgress(message.kinds);
      else {
        known.push(`${message.violation.rule} @ ${message.violation.place}`);
        options.onFinding(message);
      }
    });
    worker.on('error', (error) => end('an input that ends the process', String(error.stack ?? error)));
    worker.on('exit', () => {
      clearInterval(look);
      if (!isOver) resolve(count);
    });
  });
}
