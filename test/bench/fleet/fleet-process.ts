import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Manner } from './fleet-world.ts';
import { createFleet } from './fleet-world.ts';

/*
 * A process of its own for each fleet, with the flags of the daemon: what it uses of processor and memory is that of nobody else. Started by `fleet.ts`.
 */

export interface FleetOrder {
  readonly stacks: number;
  readonly targets: number;
  /** So many of a hundred targets are away, and so many hang. */
  readonly away: number;
  readonly hanging: number;
  /** Lets a day pass afterwards, with pushes, and targets that come and go. */
  readonly day: boolean;
  /** Pushes a change to every stack afterwards, when as many targets have begun to hang. */
  readonly push: boolean;
}

export interface FleetAnswer {
  /** Stacks all of whose targets answer well. */
  readonly healthy: number;
  /** Virtual milliseconds until they were in sync; `null`: they were not within an hour. */
  readonly convergedMs: number | null;
  readonly cpuMs: number;
  /** Memory in use that each stack has added, in KiB, and the largest that the process was, in MiB. */
  readonly kibPerStack: number;
  readonly peakMiB: number;
  readonly storeCalls: number;
  /** Virtual milliseconds until a push to all was in sync. */
  readonly pushedMs: number | null;
  readonly day: DayAnswer | null;
}

export interface DayAnswer {
  readonly cpuMs: number;
  /** Calls that reached nobody. */
  readonly wasted: number;
  readonly pushes: number;
  /** Stacks on targets that answer which were not in sync within ten minutes of their push. */
  readonly late: number;
}

const HOUR_MS = 3_600_000;
const PUSH_EVERY_MS = HOUR_MS / 2;
const PUSHED_STACKS = 20;
const LATE_MS = 600_000;

async function main(order: FleetOrder): Promise<FleetAnswer> {
  const { stacks, targets, away, hanging } = order;
  const mannerOf = (target: number): Manner => {
    const part = (target * 37) % 100;
    return part < away ? 'away' : part < away + hanging ? 'hangs' : 'well';
  };
  await using fleet = createFleet({ stacks, targets, mannerOf: order.push ? () => 'well' : mannerOf });
  await fleet.start();
  const before = heapBytes();
  const cpu = process.cpuUsage();
  const first = fleet.healthy();
  const convergedMs = await fleet.converge(first, HOUR_MS);
  const cpuMs = cpuSince(cpu);
  const storeCalls = fleet.storeCalls / first.length;
  await fleet.clock.run(60_000);
  const kibPerStack = (heapBytes() - before) / 1024 / first.length;
  let pushedMs: number | null = null;
  if (order.push) {
    for (let target = 0; target < targets; target += 1) fleet.setManner(target, mannerOf(target));
    await fleet.push(Array.from({ length: stacks }, (_, stack) => stack));
    pushedMs = await fleet.converge(fleet.healthy(), HOUR_MS);
  }
  const day = order.day ? await passDay(fleet, order) : null;
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  return { healthy: first.length, convergedMs, cpuMs, kibPerStack, peakMiB, storeCalls, pushedMs, day };
}

/** Twenty stacks are pushed every half an hour, and one target of a hundred falls silent or comes back. */
async function passDay(
  fleet: ReturnType<typeof createFleet>,
  { stacks, targets }: FleetOrder,
): Promise<DayAnswer> {
  const cpu = process.cpuUsage();
  const wasted = fleet.wasted;
  let pushes = 0;
  let late = 0;
  for (let at = 0; at < 24 * HOUR_MS; at += PUSH_EVERY_MS, pushes += 1) {
    for (let one = 0; one < targets / 100; one += 1) {
      const target = (pushes * 61 + one * 17) % targets;
      fleet.setManner(target, (['away', 'slow', 'hangs', 'well'] as const)[pushes % 4] ?? 'well');
    }
    const pushed = Array.from({ length: PUSHED_STACKS }, (_, one) => (pushes * 997 + one * 313) % stacks);
    await fleet.push(pushed);
    const left = new Set(fleet.healthy());
    const wanted = pushed.filter((stack) => left.has(stack));
    const isDone = (await fleet.converge(wanted, LATE_MS)) !== null;
    if (!isDone) late += fleet.behind(wanted).length;
    await fleet.clock.run(PUSH_EVERY_MS - LATE_MS);
  }
  return { cpuMs: cpuSince(cpu), wasted: fleet.wasted - wasted, pushes, late };
}

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** Bytes in use after the garbage is collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

if (import.meta.main) {
  const [order] = process.argv.slice(2);
  const answer = await main(JSON.parse(order ?? '{}') as FleetOrder);
  process.send?.(answer);
  process.disconnect?.();
}
