import { createEngineInstances } from '../../reconciler/adapters/docker/instances/backend.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Instance } from '../../reconciler/pods/instance.ts';
import type { Instances } from '../../reconciler/public/instances.ts';
import type { Clock } from '../../reconciler/ports/clock.ts';
import type { Store } from '../../reconciler/ports/store.ts';
import type { InstanceSettings } from '../../reconciler/run/instances/context.ts';
import { createInstances } from '../../reconciler/run/instances/create-instances.ts';
import { eventually } from './eventually.ts';
import { createFastClock } from './fakes/fast-clock.ts';
import type { MemoryInstanceEngine } from './memory/memory-instance-engine.ts';
import { createMemoryInstanceEngine } from './memory/memory-instance-engine.ts';
import type { RecordingLogger } from './fakes/quiet-logger.ts';
import { createQuietLogger } from './fakes/quiet-logger.ts';

/** Instances over a pretended engine and a store in memory. */
export interface InstancesRig extends AsyncDisposable {
  readonly instances: Instances;
  readonly engine: MemoryInstanceEngine;
  readonly store: Store;
  readonly clock: RigClock;
  readonly logger: RecordingLogger;
  create(podSpec?: string, ports?: readonly number[]): Promise<Instance>;
  /** Waits until it has the status; fails with what it has instead. */
  reaches(id: string, status: Instance['status']): Promise<Instance>;
  /** Ends this process and begins another on the same store and engine. */
  restart(): Promise<InstancesRig>;
}

/** Real time, that can be moved on. */
export interface RigClock extends Clock {
  skip(milliseconds: number): void;
}

export interface InstancesRigOptions {
  readonly engine?: MemoryInstanceEngine;
  readonly store?: Store;
  readonly settings?: Partial<InstanceSettings>;
  readonly clock?: RigClock;
  readonly start?: boolean;
}

const WAIT_MS = 4_000;

export function createInstancesRig(options: InstancesRigOptions = {}): InstancesRig {
  const {
    engine = createMemoryInstanceEngine(),
    clock = createRigClock(),
    settings = {},
    start = true,
  } = options;
  const store = options.store ?? createSqliteStore({ path: ':memory:', clock });
  const logger = createQuietLogger();
  const owner = () => 'rig';
  const namespace = settings.namespace ?? 'stacks';
  const backend = createEngineInstances({ engine, owner, namespace, clock, logger, close: () => undefined });
  const instances = createInstances({ backend, records: store, clock, logger, settings });
  if (start) instances.start();
  return {
    instances,
    engine,
    store,
    clock,
    logger,
    create: (podSpec = podOf(), ports = [80]) =>
      instances.create({
        podSpec,
        targetPorts: ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
      }),
    async reaches(id, status) {
      const found = await eventually(
        () => instances.get(id),
        (instance) => instance.status === status,
        WAIT_MS,
      );
      if (found.status === status) return found;
      throw new Error(`${id} is ${found.status} (${found.message ?? ''}), not ${status}`);
    },
    async restart() {
      await instances[Symbol.asyncDispose]();
      return createInstancesRig({ ...options, engine, store, clock });
    },
    async [Symbol.asyncDispose]() {
      await instances[Symbol.asyncDispose]();
    },
  };
}

export function createRigClock(base: Clock = createFastClock()): RigClock {
  let skipped = 0;
  return {
    ...base,
    now: () => base.now() + skipped,
    elapsed: () => base.elapsed() + skipped,
    skip: (milliseconds) => void (skipped += milliseconds),
  };
}

/** The pod of the reference, with more lines for its container. */
export function podOf(more = '', image = 'nginx:stable'): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: challenge
spec:
  containers:
    - name: app
      image: ${image}
      ports:
        - containerPort: 80
          protocol: TCP
      resources:
        requests: { cpu: 100m, memory: 128Mi }
        limits: { cpu: 100m, memory: 128Mi }
${more}`;
}
