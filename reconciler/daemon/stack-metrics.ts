import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Reconciler, StackFigures } from '../public/reconciler.ts';

/** Stacks that have series of their own; a server of metrics keeps each for weeks. */
const MAX_NAMED = 1_000;
const MAX_NODES = 1_000;

/** Adds what is told of single stacks, nodes and channels. One look at the stacks serves all series of one scrape. */
export function addStackMetrics(registry: Registry, reconciler: Reconciler): void {
  const read = readOncePerScrape(() => reconciler.stackFigures(MAX_NAMED));
  addSeries(registry, {
    name: 'kombinator_stack_info',
    help: 'Stacks, by kind and kit',
    labels: ['stack', 'kind', 'kit'],
    rows: () => read().map(({ name, kind, stackkit }) => [{ stack: name, kind, kit: stackkit }, 1]),
  });
  addSeries(registry, {
    name: 'kombinator_stack_state',
    help: '1 for the state that each stack is in',
    labels: ['stack', 'state'],
    rows: () => read().map(({ name, state }) => [{ stack: name, state }, 1]),
  });
  addSeries(registry, {
    name: 'kombinator_stack_drift_resources',
    help: 'Resources that differ from what was deployed, as seen last',
    labels: ['stack'],
    rows: () => read().map(({ name, drifted }) => [{ stack: name }, drifted]),
  });
  const times = (pick: (figures: StackFigures) => number | null) => () =>
    read().flatMap((figures): Row[] => {
      const time = pick(figures);
      return time === null ? [] : [[{ stack: figures.name }, time / 1_000]];
    });
  addSeries(registry, {
    name: 'kombinator_stack_last_success_timestamp_seconds',
    help: 'When the newest deployment that ended well was made',
    labels: ['stack'],
    rows: times(({ deployedAt }) => deployedAt),
  });
  addSeries(registry, {
    name: 'kombinator_stack_last_backup_timestamp_seconds',
    help: 'When the newest backup ended that went well, of stacks that are to be backed up',
    labels: ['stack'],
    rows: times(({ backedUpAt }) => backedUpAt),
  });
  addSeries(registry, {
    name: 'kombinator_stacks_unnamed',
    help: 'Stacks that have no series of their own, since there are too many',
    labels: [],
    rows: () => [[{}, Math.max(0, reconciler.stackNames().length - MAX_NAMED)]],
  });
  addNodes(registry, reconciler);
  addChannels(registry, reconciler);
}

type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Series {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly rows: () => readonly Row[];
}

function addSeries(registry: Registry, { name, help, labels, rows }: Series): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [],
    collect() {
      this.reset();
      for (const [values, value] of rows()) this.set({ ...values }, value);
    },
  });
  registry.registerMetric(gauge);
}

/** Gauges of one scrape are asked one after the other, before any promise goes on. */
function readOncePerScrape<T>(read: () => T): () => T {
  let kept: { readonly value: T } | null = null;
  return () => {
    if (kept !== null) return kept.value;
    kept = { value: read() };
    queueMicrotask(() => (kept = null));
    return kept.value;
  };
}

function addNodes(registry: Registry, reconciler: Reconciler): void {
  addSeries(registry, {
    name: 'kombinator_node_up',
    help: '1 when a node has answered, 0 when it does not; left out while nobody has asked it',
    labels: ['node'],
    rows: () => {
      if (reconciler.repository().revision === null) return [];
      const asked = reconciler.listWorkers().filter(({ status }) => status !== 'unknown');
      return asked
        .slice(0, MAX_NODES)
        .map(({ name, status }): Row => [{ node: name }, status === 'online' ? 1 : 0]);
    },
  });
}

function addChannels(registry: Registry, reconciler: Reconciler): void {
  const counter = new Counter({
    name: 'kombinator_notifications_total',
    help: 'Attempts to deliver notifications, by channel and result',
    labelNames: ['channel', 'result'],
    registers: [],
    collect() {
      this.reset();
      for (const { name, counts } of reconciler.listChannels()) {
        this.inc({ channel: name, result: 'delivered' }, counts.delivered);
        this.inc({ channel: name, result: 'failed' }, counts.failed);
      }
    },
  });
  registry.registerMetric(counter);
}
