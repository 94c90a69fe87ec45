/** Names by their time, the earliest first: a binary heap. Looking for what is due costs what is due only. */
export interface TimeQueue {
  add(id: string, at: number): void;
  /** Takes out everything up to this time, in order. */
  takeUntil(now: number): readonly string[];
  /** Time of the earliest; infinity when there is none. */
  readonly next: number;
  readonly size: number;
}

interface Entry {
  readonly id: string;
  readonly at: number;
}

/** Creates the queue. It has no removal: whoever takes passes over what was taken out in between. */
export function createTimeQueue(): TimeQueue {
  const heap: Entry[] = [];
  return {
    add(id, at) {
      heap.push({ id, at });
      rise(heap);
    },
    takeUntil(now) {
      const taken: string[] = [];
      for (let first = heap[0]; first !== undefined && first.at <= now; first = heap[0]) {
        taken.push(first.id);
        const last = heap.pop();
        if (last === undefined || heap.length === 0) continue;
        heap[0] = last;
        sink(heap);
      }
      return taken;
    },
    get next() {
      return timeOf(heap, 0);
    },
    get size() {
      return heap.length;
    },
  };
}

function rise(heap: Entry[]): void {
  let index = heap.length - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfEarlier(heap, index, parent)) return;
    index = parent;
  }
}

function sink(heap: Entry[]): void {
  let index = 0;
  for (;;) {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    const child = timeOf(heap, right) < timeOf(heap, left) ? right : left;
    if (!swapIfEarlier(heap, child, index)) return;
    index = child;
  }
}

function timeOf(heap: readonly Entry[], index: number): number {
  return heap[index]?.at ?? Number.POSITIVE_INFINITY;
}

function swapIfEarlier(heap: Entry[], lower: number, upper: number): boolean {
  const [below, above] = [heap[lower], heap[upper]];
  if (below === undefined || above === undefined || below.at >= above.at) return false;
  heap[upper] = below;
  heap[lower] = above;
  return true;
}
