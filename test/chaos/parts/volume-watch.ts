import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Marks the content of volumes, and tells which marks are gone. Volumes outlive their stacks, so none may ever go. */
export interface VolumeWatch {
  /** Marks those that have no mark yet. */
  mark(volumes: readonly string[]): void;
  /** Volumes that are gone, or whose content is. */
  findLost(volumes: readonly string[]): readonly string[];
}

/** @param engineRoot directory of the engine, which keeps volumes below `data/volumes` */
export function createVolumeWatch(engineRoot: string): VolumeWatch {
  const marks = new Map<string, string>();
  const fileOf = (volume: string) => join(engineRoot, 'data', 'volumes', volume, '_data', 'mark');
  return {
    mark(volumes) {
      for (const volume of volumes.filter((one) => !marks.has(one))) {
        const mark = `mark ${marks.size + 1} of ${volume}`;
        writeFileSync(fileOf(volume), mark);
        marks.set(volume, mark);
      }
    },
    findLost(volumes) {
      return [...marks].flatMap(([volume, mark]) => {
        if (!volumes.includes(volume)) return [`volume ${volume}: gone`];
        return readText(fileOf(volume)) === mark ? [] : [`volume ${volume}: its content is gone`];
      });
    },
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone with its volume.
    return null;
  }
}
