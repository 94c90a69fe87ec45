import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { guardPrototypes, toViolation } from './checks.ts';
import type { FuzzInput, Outcome, Player, Violation } from './input.ts';

/** Time of the processor that one input may take, in milliseconds. */
const MAX_CPU_MS = 2_000;
/** Memory that one input may add to the process, in bytes. */
const MAX_BYTES = 512 * 1024 ** 2;

export interface Run extends Outcome {
  /** Milliseconds of the processor; other processes of the machine do not count. */
  readonly cpuMs: number;
}

/** Plays inputs one after the other, and sees what a player does not: time, memory, prototypes, promises that nobody waits for. */
export interface Runner extends Disposable {
  run(input: FuzzInput): Promise<Run>;
}

export function createRunner(player: Player): Runner {
  const checkPrototypes = guardPrototypes();
  let strays: Violation[] = [];
  const onRejection = (error: unknown) =>
    void strays.push(toViolation('a promise that nobody waits for', error));
  const onException = (error: unknown) =>
    void strays.push(toViolation('an exception outside of everything', error));
  // Node prints them to the terminal as they are.
  const onWarning = (warning: Error) =>
    void strays.push({
      rule: 'a warning of the process',
      place: warning.name,
      detail: String(warning.stack),
    });
  process.on('warning', onWarning);
  process.on('unhandledRejection', onRejection);
  process.on('uncaughtException', onException);
  return {
    async run(input) {
      strays = [];
      const memory = process.memoryUsage.rss();
      const begun = process.threadCpuUsage();
      const outcome = await play(player, input);
      // One turn of the loop: promises that nobody waits for are told of by then.
      await setImmediate();
      const { user, system } = process.threadCpuUsage(begun);
      const cpuMs = (user + system) / 1_000;
      const bytes = process.memoryUsage.rss() - memory;
      const violations = [...outcome.violations, ...strays, ...checkPrototypes()];
      if (cpuMs > MAX_CPU_MS)
        violations.push({ rule: 'slow', place: input.kind, detail: `${Math.round(cpuMs)} ms` });
      if (bytes > MAX_BYTES)
        violations.push({
          rule: 'memory',
          place: input.kind,
          detail: `${Math.round(bytes / 1024 ** 2)} MiB`,
        });
      return { accepted: outcome.accepted, violations, cpuMs };
    },
    [Symbol.dispose]() {
      process.off('warning', onWarning);
      process.off('unhandledRejection', onRejection);
      process.off('uncaughtException', onException);
    },
  };
}

async function play(player: Player, input: FuzzInput): Promise<Outcome> {
  try {
    return await player.play(input);
  } catch (error) {
    return { accepted: false, violations: [toViolation('an exception', error)] };
  }
}
