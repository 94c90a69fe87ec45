import { compareText } from '../../../base/values.ts';
import type { RunStats } from '../../../ports/inventory/run-stats.ts';
import type { Adapter } from '../adapter.ts';
import { mapBounded } from '../bounded.ts';
import type { EngineStats } from '../engine/engine.ts';
import { groupContainers, membersOf } from './container-group.ts';

/** Each look takes the engine two seconds, in which it does nothing but wait. */
const PARALLEL_LOOKS = 16;

/** Measures the containers of a stack that run. */
export async function readStats(
  { engine }: Adapter,
  stack: string,
  signal: AbortSignal,
): Promise<readonly RunStats[]> {
  const [containers, { MemTotal }] = await Promise.all([
    engine.listContainers(stack, signal),
    engine.info(signal),
  ]);
  const members = [...groupContainers(containers).values()].flatMap(membersOf);
  const running = members.filter(({ info }) => info.State === 'running');
  const stats = await mapBounded(running, PARALLEL_LOOKS, async ({ id, name, owner }) => {
    const seen = await engine.containerStats(id, signal);
    return seen === null ? null : { id: owner.id, name, ...toRunStats(seen, MemTotal) };
  });
  return stats.filter((one) => one !== null).sort((a, b) => compareText(a.name, b.name));
}

/** @param machineBytes memory of the machine: a container without a limit is told to have that */
export function toRunStats(stats: EngineStats, machineBytes: number): Omit<RunStats, 'id' | 'name'> {
  const { memory_stats: memory, networks } = stats;
  const limit = memory?.limit ?? 0;
  const cache = memory?.stats?.['inactive_file'] ?? memory?.stats?.['total_inactive_file'] ?? 0;
  const links = Object.values(networks ?? {});
  const sum = (count: (link: (typeof links)[number]) => number | null | undefined) =>
    links.reduce((total, link) => total + (count(link) ?? 0), 0);
  return {
    cpuMillis: cpuOf(stats),
    memoryBytes: Math.max(0, (memory?.usage ?? 0) - cache),
    memoryLimitBytes: limit > 0 && limit < machineBytes ? limit : null,
    network: networks
      ? { receivedBytes: sum(({ rx_bytes }) => rx_bytes), sentBytes: sum(({ tx_bytes }) => tx_bytes) }
      : null,
  };
}

/** Compares two samples: the part that the container had of what all processors had to give. */
function cpuOf({ cpu_stats: now, precpu_stats: before }: EngineStats): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const all = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  if (used <= 0 || all <= 0 || !before?.system_cpu_usage) return 0;
  return Math.round((used / all) * (now?.online_cpus ?? 1) * 1_000);
}
