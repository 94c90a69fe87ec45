import type { DocumentPath } from '../../base/document-path.ts';

/** Writes down where things were moved to. */
export interface Moves {
  move(to: DocumentPath, from: DocumentPath): void;
}

export interface MoveTable {
  readonly moves: Moves;
  /** Returns where something stood before it was moved. */
  sourcePath(path: DocumentPath): DocumentPath;
}

export function createMoves(): MoveTable {
  const moved = new Map<string, DocumentPath>();
  return {
    moves: { move: (to, from) => void moved.set(JSON.stringify(to), from) },
    sourcePath(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const from = moved.get(JSON.stringify(path.slice(0, length)));
        if (from) return [...from, ...path.slice(length)];
      }
      return path;
    },
  };
}
