import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StatsAnswer, UsageView, WorkerView } from '../../client/fleet-types.ts';
import { get } from '../../client/request.ts';

/** Stacks that are measured without somebody's asking for it. */
const UNASKED = 20;
/** Stacks that are measured at once: their nodes are asked, which costs them time. */
const AT_ONCE = 3;

/** Amounts that a stack uses of a node. */
export interface StackUsage {
  readonly stack: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

export interface Usage {
  readonly state: 'asks' | 'measuring' | 'done';
  readonly total: number;
  readonly measured: number;
  /** Amounts by node, the largest first. */
  readonly nodes: ReadonlyMap<string, readonly StackUsage[]>;
  readonly measure: () => void;
}

interface Measured {
  readonly stack: string;
  readonly stats: readonly UsageView[];
}

interface Measuring {
  /** Stacks that it began with. */
  readonly total: number;
  readonly isOver: boolean;
  readonly measured: readonly Measured[];
}

/** Measures what the stacks of nodes use now. Few are measured at once, many when somebody asks. */
export function useUsage(workers: readonly WorkerView[]): Usage {
  const running = new Set(
    workers.filter(({ status }) => status === 'online').flatMap(({ stacks }) => stacks),
  );
  const names = [...running].toSorted();
  const key = names.join(' ');
  const [measuring, setMeasuring] = useState<Measuring | null>(null);
  const latest = useRef(names);
  latest.current = names;
  const abort = useRef<AbortController>(undefined);
  const measure = useCallback(() => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    const total = latest.current.length;
    setMeasuring({ total, isOver: false, measured: [] });
    const change = (next: (before: Measuring) => Measuring): void => {
      if (!controller.signal.aborted) setMeasuring((before) => (before === null ? before : next(before)));
    };
    const tell = (one: Measured): void =>
      change((before) => ({ ...before, measured: [...before.measured, one] }));
    void measureAll(latest.current, tell, controller.signal).then(() =>
      change((before) => ({ ...before, isOver: true })),
    );
  }, []);
  // Other stacks are measured anew where they are few; what was asked for goes on with those that it began with.
  useEffect(() => {
    if (key !== '' && latest.current.length <= UNASKED) measure();
  }, [key, measure]);
  useEffect(() => () => abort.current?.abort(), []);
  const { measured = [], isOver = false } = measuring ?? {};
  return {
    state: measuring === null ? 'asks' : isOver ? 'done' : 'measuring',
    total: measuring !== null && !isOver ? measuring.total : names.length,
    measured: measured.length,
    nodes: useMemo(() => byNode(measured), [measuring]),
    measure,
  };
}

async function measureAll(
  names: readonly string[],
  tell: (measured: Measured) => void,
  signal: AbortSignal,
): Promise<void> {
  const left = [...names];
  const work = async (): Promise<void> => {
    for (let stack = left.shift(); stack !== undefined && !signal.aborted; stack = left.shift()) {
      try {
        const { stats } = await get<StatsAnswer>(`/stacks/${encodeURIComponent(stack)}/stats`, signal);
        tell({ stack, stats });
      } catch {
        // Its node is told as offline beside it, or it is gone by now.
        tell({ stack, stats: [] });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function byNode(measured: readonly Measured[]): ReadonlyMap<string, readonly StackUsage[]> {
  const nodes = new Map<string, StackUsage[]>();
  for (const { stack, stats } of measured) {
    for (const [node, own] of Map.groupBy(stats, ({ node: name }) => name)) {
      const usage = {
        stack,
        cpuMillis: own.reduce((sum, one) => sum + one.cpu_millis, 0),
        memoryBytes: own.reduce((sum, one) => sum + one.memory_bytes, 0),
      };
      nodes.set(node, [...(nodes.get(node) ?? []), usage]);
    }
  }
  for (const [node, own] of nodes)
    nodes.set(
      node,
      own.toSorted((a, b) => b.memoryBytes - a.memoryBytes || a.stack.localeCompare(b.stack)),
    );
  return nodes;
}
