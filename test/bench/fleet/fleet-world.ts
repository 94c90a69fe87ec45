import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import type { DeploymentTag } from '../../../reconciler/ports/source.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import type { Target } from '../../../reconciler/ports/target.ts';
import type { Reconciler } from '../../../reconciler/public/reconciler.ts';
import { createReconciler } from '../../../reconciler/run/create-reconciler.ts';
import { createFixedSecrets } from '../../support/desired-fixtures.ts';
import { silentLogger } from '../../support/docker/target-options.ts';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** Ways in which a target answers: at once, after long, not at all (refused), or never. */
export type Manner = 'well' | 'slow' | 'away' | 'hangs';

/** Milliseconds that each manner takes; a connection that says nothing is given up after 23 s, as the adapter for engines does. */
const TAKES_MS: Readonly<Record<Manner, number>> = { well: 20, slow: 2_000, away: 5, hangs: 23_000 };

export interface FleetOptions {
  readonly stacks: number;
  readonly targets: number;
  /** Manner of each target at first. Default: well. */
  readonly mannerOf?: (target: number) => Manner;
  readonly resyncMs?: number;
  readonly concurrency?: number;
  /** File of the database. Default: in memory. */
  readonly database?: string;
}

/** A daemon on thousands of stacks on hundreds of targets in memory, in virtual time. */
export interface Fleet extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly reconciler: Reconciler;
  /** Calls that reached no target that answers. */
  readonly wasted: number;
  /** Calls of the store. */
  readonly storeCalls: number;
  /** Starts the daemon, which reads the repository; no time passes. */
  start(): Promise<void>;
  /** Lets time pass until these stacks are in sync. @returns how many milliseconds that took, `null`: it took longer */
  converge(stacks: readonly number[], milliseconds: number): Promise<number | null>;
  setManner(target: number, manner: Manner): void;
  /** Commits another description of these stacks, which the daemon reads; no time passes. */
  push(stacks: readonly number[]): Promise<void>;
  /** Stacks all of whose targets answer well. */
  healthy(): readonly number[];
  /** Stacks of these that are not in sync. */
  behind(stacks: readonly number[]): readonly number[];
}

/** Every twentieth stack is on two targets. */
const SECOND_EVERY = 20;

export function createFleet(options: FleetOptions): Fleet {
  const { stacks, targets, mannerOf = () => 'well' as const, resyncMs = 12 * 3_600_000 } = options;
  const clock = createVirtualClock();
  const manners = Array.from({ length: targets }, (_, index) => mannerOf(index));
  const counts = { wasted: 0, store: 0 };
  const source = withQuickTags(createMemorySource({ now: () => clock.now() }));
  const versions = new Map<number, number>();
  source.push({ ...nodesOf(targets), ...filesOf(all(stacks), targets, versions) });
  const store = counted(createSqliteStore({ path: options.database ?? ':memory:', clock }), counts);
  const reconciler = createReconciler({
    source,
    desired: createDesiredState({ source, secrets: createFixedSecrets() }),
    store,
    clock,
    logger: silentLogger,
    createTarget: (reference) =>
      answering(createOne(reference), () => manners[numberOf(reference)] ?? 'well', { clock, counts }),
    resyncMs,
    stableMs: 1_000,
    ...(options.concurrency === undefined ? {} : { stackConcurrency: options.concurrency }),
  });
  const synced = new Set<string>();
  reconciler.subscribe((event) => {
    if (event.type !== 'stack') return;
    if (event.state === 'in_sync') synced.add(event.stack);
    else synced.delete(event.stack);
  });
  const fleet: Fleet = {
    clock,
    reconciler,
    get wasted() {
      return counts.wasted;
    },
    get storeCalls() {
      return counts.store;
    },
    setManner: (target, manner) => void (manners[target] = manner),
    async push(which) {
      for (const stack of which) versions.set(stack, (versions.get(stack) ?? 0) + 1);
      for (const stack of which) synced.delete(nameOf(stack));
      source.push(filesOf(which, targets, versions));
      const reading = watched(reconciler.refresh(new AbortController().signal));
      while (!reading.isOver) await clock.run(0, () => reading.isOver);
      await reading.work;
    },
    healthy: () =>
      all(stacks).filter((stack) => targetsOf(stack, targets).every((one) => manners[one] === 'well')),
    behind: (which) => which.filter((stack) => !synced.has(nameOf(stack))),
    async start() {
      const starting = watched(reconciler.start());
      while (!starting.isOver) await clock.run(0, () => starting.isOver);
      await starting.work;
    },
    async converge(which, milliseconds) {
      const left = new Set(fleet.behind(which));
      using _ = reconciler.subscribe((event) => {
        if (event.type !== 'stack') return;
        const stack = Number(event.stack.slice(NAME.length));
        if (event.state === 'in_sync') left.delete(stack);
      });
      const began = clock.elapsed();
      const isDone = await clock.run(milliseconds, () => left.size === 0);
      return isDone ? clock.elapsed() - began : null;
    },
    async [Symbol.asyncDispose]() {
      const disposing = watched(Promise.resolve(reconciler[Symbol.asyncDispose]()));
      // Something may still wait for a pause, and so for the clock.
      while (!disposing.isOver) await clock.run(1_000, () => disposing.isOver);
      await disposing.work;
      store[Symbol.dispose]();
    },
  };
  return fleet;
}

/** Tells whether work is over. */
function watched(work: Promise<unknown>): { readonly work: Promise<unknown>; isOver: boolean } {
  const state = { isOver: false, work: work.finally(() => (state.isOver = true)) };
  return state;
}

const NAME = 'stack-';

function nameOf(stack: number): string {
  return `${NAME}${String(stack).padStart(5, '0')}`;
}

function all(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function targetsOf(stack: number, targets: number): readonly number[] {
  const first = stack % targets;
  return stack % SECOND_EVERY === 0 ? [first, (first + 7) % targets] : [first];
}

function nodesOf(targets: number): Record<string, string> {
  return Object.fromEntries(
    all(targets).map((one) => [
      `nodes/${targetName(one)}.yaml`,
      `connection:\n  host: tcp://${targetName(one)}:2375\n`,
    ]),
  );
}

function targetName(target: number): string {
  return `target-${String(target).padStart(3, '0')}`;
}

function numberOf(reference: TargetReference): number {
  return Number(/target-(\d+)/.exec(targetKey(reference))?.[1] ?? -1);
}

function filesOf(
  stacks: readonly number[],
  targets: number,
  versions: ReadonlyMap<number, number>,
): Record<string, string> {
  return Object.fromEntries(
    stacks.map((stack) => {
      const nodes = targetsOf(stack, targets).map(targetName);
      const services = nodes.map(
        (node, index) =>
          `  web-${index}:\n    image: nginx:1.29\n    node: ${node}\n    environment: { VERSION: "${versions.get(stack) ?? 0}" }\n`,
      );
      const text = `version: "1.0"\nmeta: { name: ${nameOf(stack)} }\nnodes:\n${nodes.map((node) => `  - name: ${node}\n`).join('')}services:\n${services.join('')}`;
      return [`kombinations/${nameOf(stack)}/kombination.yaml`, text];
    }),
  );
}

function createOne(reference: TargetReference): Target {
  return createMemoryTarget({ name: reference.name, engine: createMemoryEngine(['nginx:1.29']) });
}

interface Parts {
  readonly clock: VirtualClock;
  readonly counts: { wasted: number };
}

/** Calls that ask something over the network. */
const ASKED = ['observe', 'apply', 'health', 'owned', 'facts', 'leftovers', 'release', 'settle'] as const;

/** The target with answers that take their time, or do not come. */
function answering(target: Target, mannerNow: () => Manner, { clock, counts }: Parts): Target {
  const calls = target as unknown as Record<string, (...given: readonly unknown[]) => Promise<unknown>>;
  const wrapped = Object.fromEntries(
    ASKED.map((name) => [
      name,
      async (...given: readonly unknown[]) => {
        const manner = mannerNow();
        await clock.sleep(TAKES_MS[manner]);
        if (manner === 'well' || manner === 'slow') return calls[name]!(...given);
        counts.wasted += 1;
        throw new ReconcilerError('TARGET_UNREACHABLE', `${target.name} is ${manner}`, { retryable: true });
      },
    ]),
  );
  return { ...target, ...wrapped };
}

/** The source in memory looks through all tags for each. */
function withQuickTags(source: MemorySource): MemorySource {
  const byStack = new Map<string, DeploymentTag[]>();
  const stackOf = (name: string) => name.split('/').slice(0, 2).join('/');
  return {
    ...source,
    async tag({ name, commit, message }) {
      const tags = byStack.get(stackOf(name)) ?? [];
      if (tags.some((one) => one.name === name))
        throw new ReconcilerError('WRITE_CONFLICT', `there is a tag ${name} already`);
      byStack.set(stackOf(name), [...tags, { name, commit, message, time: new Date(0).toISOString() }]);
    },
    tags: async (prefix) =>
      (byStack.get(stackOf(prefix)) ?? []).filter(({ name }) => name.startsWith(prefix)),
  };
}

/** The store with its calls counted. */
function counted(store: Store, counts: { store: number }): Store {
  return new Proxy(store, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      if (typeof value !== 'function' || typeof key === 'symbol') return value;
      return (...given: readonly unknown[]) => {
        counts.store += 1;
        return Reflect.apply(value, target, given) as unknown;
      };
    },
  });
}
