import { createRootedSource } from '../../reconciler/adapters/git/rooted-source.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import { targetKey } from '../../reconciler/model/target.ts';
import type { ResourceId } from '../../reconciler/model/resource.ts';
import { checkSchema } from './desired-fixtures.ts';
import type { Job, Store } from '../../reconciler/ports/store.ts';
import type { JobDetail, Reconciler, StackView, SyncState } from '../../reconciler/public/reconciler.ts';
import { createReconciler } from '../../reconciler/run/create-reconciler.ts';
import type { ReconcilerOptions } from '../../reconciler/run/create-reconciler.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import { createFixedSecrets } from './desired-fixtures.ts';
import { createMemoryVault } from './fakes/memory-vault.ts';
import { eventually } from './eventually.ts';
import { createFastClock } from './fakes/fast-clock.ts';
import type { MemorySource } from './memory/memory-source.ts';
import { createMemorySource } from './memory/memory-source.ts';
import type { MemoryTarget } from './memory/memory-target.ts';
import { createMemoryEngine } from './memory/memory-engine.ts';
import { createMemoryTarget } from './memory/memory-target.ts';
import type { RecordingLogger } from './fakes/quiet-logger.ts';
import { createQuietLogger } from './fakes/quiet-logger.ts';

/** A reconciler on parts in memory, and hands to push, look and meddle. */
export interface Rig extends AsyncDisposable {
  readonly reconciler: Reconciler;
  readonly source: MemorySource;
  readonly store: Store;
  readonly logger: RecordingLogger;
  /** The engine behind a node, by `host` (`local` when it is not named). */
  engine(host?: string): MemoryTarget;
  /** Another process on the same repository and engines, with a store of its own unless told otherwise. */
  restart(options?: Pick<RigOptions, 'store' | 'clock' | 'seal' | 'secrets'>): Promise<Rig>;
  /** Waits until the stack is in this state; fails with what it is instead. */
  reaches(stack: string, state: SyncState): Promise<StackView>;
  /** Waits until the stack is not listed any more. */
  gone(stack: string): Promise<void>;
  /** Waits until that many jobs of the stack have ended; newest first. */
  ended(stack: string, count: number): Promise<readonly Job[]>;
  jobs(stack: string): readonly Job[];
  tags(stack: string): Promise<readonly string[]>;
  apply(stack: string, more?: Partial<Parameters<Reconciler['apply']>[0]>): Promise<JobDetail>;
}

const SIGNAL = new AbortController().signal;
const WAIT_MS = 4_000;

export type RigOptions = Partial<ReconcilerOptions> & {
  readonly source?: MemorySource;
  /** Directory of the repository that is read. */
  readonly root?: string;
  readonly engines?: Engines;
  /** Values by reference. */
  readonly secrets?: Readonly<Record<string, string>>;
};
type Engines = Map<string, MemoryTarget>;

export function createRig(options: RigOptions = {}): Rig {
  const {
    engines = new Map<string, MemoryTarget>(),
    source = createMemorySource(),
    secrets,
    root,
    ...rest
  } = options;
  const read = root === undefined ? source : createRootedSource(source, root);
  const clock = createFastClock();
  const logger = createQuietLogger();
  const store = rest.store ?? createSqliteStore({ path: ':memory:', clock });
  const vault = rest.vault ?? createMemoryVault();
  const engine = (host = 'local') => engineOf(engines, `docker:${host}`);
  const reconciler = createReconciler({
    desired: createDesiredState({
      source: read,
      secrets: createFixedSecrets(secrets, vault),
      checkSchema,
      ...(rest.seal === undefined ? {} : { seal: rest.seal }),
    }),
    createTarget: (reference) => ({
      ...engineOf(engines, targetKey(reference)),
      async [Symbol.asyncDispose]() {},
    }),
    clock,
    logger,
    ...rest,
    source: read,
    store,
    vault,
  });
  const jobs = (stack: string) => reconciler.listJobs({ stack, limit: 100 }).jobs;
  return {
    reconciler,
    source,
    store,
    logger,
    engine,
    jobs,
    async restart(more = {}) {
      await reconciler[Symbol.asyncDispose]();
      return createRig({ ...options, source, engines, vault, ...more });
    },
    async reaches(stack, state) {
      const look = () => (reconciler.stackNames().includes(stack) ? reconciler.getStack(stack) : undefined);
      const view = await eventually(look, (value) => value?.state === state, WAIT_MS);
      if (view?.state === state) return view;
      throw new Error(`${stack} is ${view?.state ?? 'not known'} (${view?.message ?? ''}), not ${state}`);
    },
    async gone(stack) {
      const names = await eventually(
        () => reconciler.stackNames(),
        (list) => !list.includes(stack),
        WAIT_MS,
      );
      if (names.includes(stack)) throw new Error(`${stack} is still ${reconciler.getStack(stack).state}`);
    },
    ended: (stack, count) =>
      eventually(
        () => jobs(stack).filter(({ endedAt }) => endedAt !== null),
        (list) => list.length >= count,
        WAIT_MS,
      ),
    tags: async (stack) => (await source.tags(`deploy/${stack}/`)).map(({ name }) => name),
    async apply(stack, more = {}) {
      const job = await reconciler.apply({ stack, actor: null, trigger: 'cli', ...more }, SIGNAL);
      return reconciler.waitForJob(job.id, AbortSignal.timeout(WAIT_MS));
    },
    [Symbol.asyncDispose]: () => reconciler[Symbol.asyncDispose](),
  };
}

export function container(name: string, node = 'local'): ResourceId {
  return `${node}/container/${name}` as ResourceId;
}

/** A kombination with one line per service: `stack('shop', { web: 'image: nginx:1.29' })`. */
export function stack(name: string, services: Readonly<Record<string, string>>, more = ''): string {
  const lines = Object.entries(services).map(([service, text]) => `  ${service}: { ${text} }\n`);
  return `version: "1.0"\nmeta: { name: ${name} }\n${more}services:\n${lines.join('')}`;
}

export function file(name: string): string {
  return `kombinations/${name}/kombination.yaml`;
}

function engineOf(engines: Engines, key: string): MemoryTarget {
  const known = engines.get(key);
  if (known !== undefined) return known;
  const target = createMemoryTarget({ name: key, engine: createMemoryEngine(['nginx:1.28', 'nginx:1.29']) });
  engines.set(key, target);
  return target;
}
