import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GaugeConfiguration } from 'prom-client';
import { addStackMetrics } from './stack-metrics.ts';
import type { Instances } from '../public/instances.ts';
import type { Reconciler, ReconcilerEvent } from '../public/reconciler.ts';

/** Time in which the delay of the event loop is measured for the first answer. */
const FIRST_LOOK_MS = 50;

/** Source of what `/metrics` answers, in the Prometheus text format. */
export interface Metrics extends Disposable {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Counts what the reconciler does. Gauges are read when they are asked for. */
export function createMetrics(reconciler: Reconciler, instances: Instances | null = null): Metrics {
  const registry = new Registry();
  let measuring: Promise<Registry> | undefined;
  addGauges(registry, reconciler);
  addStackMetrics(registry, reconciler);
  if (instances !== null) addInstanceGauges(registry, instances);
  const subscription = reconciler.subscribe(createCounters(registry));
  return {
    contentType: registry.contentType,
    async text() {
      // Ours are as they are when somebody asks; those of the process wait.
      const ours = registry.metrics();
      measuring ??= measureProcess();
      return `${await ours}\n${await (await measuring).metrics()}`;
    },
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      registry.clear();
    },
  };
}

/**
 * Begins figures of the process. They need a timer that ticks a hundred times a second, half a per cent of a core, and so begin when somebody asks; what the
 * process has used before counts, too.
 */
async function measureProcess(): Promise<Registry> {
  const registry = new Registry();
  const { user, system } = process.cpuUsage();
  collectDefaultMetrics({ register: registry });
  const used = { _user: user, _system: system, '': user + system };
  for (const [kind, microseconds] of Object.entries(used)) {
    const counter = registry.getSingleMetric(`process_cpu${kind}_seconds_total`);
    if (counter instanceof Counter) counter.inc(microseconds / 1_000_000);
  }
  await sleep(FIRST_LOOK_MS);
  return registry;
}

function createCounters(registry: Registry): (event: ReconcilerEvent) => void {
  const registers = [registry];
  const jobs = new Counter({
    name: 'kombinator_jobs_total',
    help: 'Jobs that have ended, by type and status',
    labelNames: ['type', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'kombinator_job_duration_seconds',
    help: 'From the start of a job to its end',
    labelNames: ['type'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    registers,
  });
  const reads = new Counter({
    name: 'kombinator_repository_reads_total',
    help: 'Attempts to read the config repository, by result',
    labelNames: ['result'],
    registers,
  });
  return (event) => {
    if (event.type === 'repository') reads.inc({ result: event.error === null ? 'ok' : event.error.code });
    if (event.type !== 'job' || event.job.endedAt === null) return;
    const { type, status, startedAt, endedAt } = event.job;
    jobs.inc({ type, status });
    if (startedAt !== null)
      durations.observe({ type }, Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  };
}

function addInstanceGauges(registry: Registry, instances: Instances): void {
  const gauge = new Gauge({
    name: 'kombinator_instances',
    help: 'Instances by status',
    labelNames: ['status'],
    registers: [],
    collect() {
      this.reset();
      for (const [status, count] of instances.countByStatus()) this.set({ status }, count);
    },
  });
  registry.registerMetric(gauge);
}

function addGauges(registry: Registry, reconciler: Reconciler): void {
  const addGauge = (configuration: GaugeConfiguration<string>) =>
    registry.registerMetric(new Gauge({ ...configuration, registers: [] }));
  addGauge({
    name: 'kombinator_stacks',
    help: 'Stacks by state',
    labelNames: ['state'],
    collect() {
      this.reset();
      for (const [state, count] of reconciler.countStacks()) this.set({ state }, count);
    },
  });
  addGauge({
    name: 'kombinator_stacks_held',
    help: 'Stacks that wait, by what keeps them',
    labelNames: ['hold'],
    collect() {
      this.reset();
      for (const [hold, count] of reconciler.countHolds()) this.set({ hold }, count);
    },
  });
  addGauge({
    name: 'kombinator_workers',
    help: 'Engines by status',
    labelNames: ['status'],
    collect() {
      this.reset();
      if (reconciler.repository().revision === null) return;
      for (const worker of reconciler.listWorkers()) this.inc({ status: worker.status });
    },
  });
  addGauge({
    name: 'kombinator_repository_up',
    help: '1 when the newest attempt to read the config repository succeeded',
    collect() {
      this.set(reconciler.repository().error === null ? 1 : 0);
    },
  });
}
