import type { DaemonVitals, Observation } from './observation.ts';

/** Room that a quiet process has above what it held when it was quiet first: caches fill up, leaks go on. */
const ROOM: Readonly<Partial<Record<keyof DaemonVitals, number>>> = {
  heapBytes: 48 * 2 ** 20,
  descriptors: 60,
  handles: 40,
  timers: 40,
  listeners: 600,
};

export function findGrowth({ vitals, firstVitals }: Observation): string[] {
  return Object.entries(ROOM).flatMap(([name, room]) => {
    const key = name as keyof DaemonVitals;
    const growth = vitals[key] - firstVitals[key];
    return growth <= room ? [] : [`${key}: ${vitals[key]}, ${growth} more than at first`];
  });
}
