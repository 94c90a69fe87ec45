import { createAbortScope, streamWithAbortScope, withAbortScope } from '../../base/abort-scope.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { KeepsInventory } from '../../ports/inventory/inventory.ts';
import type { FetchesImages, Prunes } from '../../ports/inventory/images.ts';
import type { MeasuresRuns } from '../../ports/inventory/run-stats.ts';
import type { MovesData } from '../../ports/backups/moves-data.ts';
import type { FindsProjects } from '../../ports/adopt/compose-projects.ts';
import type { BuildsImages } from '../../ports/builds/builds-images.ts';
import type { Capability, ExecSession, SessionOptions, TargetWith } from '../../ports/target-capabilities.ts';
import type { ApplyContext, ResourceChange } from '../../ports/target.ts';
import type { Adapter, AdapterOptions } from './adapter.ts';
import { createAdapter } from './adapter.ts';
import { describeProject } from './adopted/describe-project.ts';
import { readHostPath } from './adopted/host-files.ts';
import { findProjects } from './adopted/projects.ts';
import { applyContainer, releaseContainer, settleContainer } from './containers/apply-container.ts';
import {
  execIn,
  openSession,
  openSessionAt,
  startResource,
  stopResource,
  streamIn,
} from './containers/control-container.ts';
import { applyNetwork } from './networks-and-volumes/apply-network.ts';
import { releaseNetwork } from './networks-and-volumes/replace-network.ts';
import { applyVolume } from './networks-and-volumes/apply-volume.ts';
import { readStats } from './containers/container-stats.ts';
import { readLogs, readLogsAt } from './containers/container-logs.ts';
import { readDataUsers } from './data/data-users.ts';
import { dropData, readData, stageData, swapData } from './data/move-data.ts';
import type { Engine } from './engine/engine.ts';
import { toStreamError } from './engine/engine-errors.ts';
import { readFacts, readOwned } from './facts.ts';
import { readHealth } from './health.ts';
import { fetchImage } from './images/fetch-image.ts';
import { applyImage } from './images/image.ts';
import { findRemnants, removeRemnant } from './images/remnants.ts';
import { buildForOthers, dropBuild, pushBuild } from './images/image-builds.ts';
import type { RunningOneOffs } from './containers/one-off.ts';
import { listOneOffs, removeOneOff, runOneOff } from './containers/one-off.ts';
import { createInventory } from './inventory.ts';
import { observeStack } from './observe.ts';
import { watchEngine } from './watch.ts';

export interface EngineTargetOptions extends AdapterOptions {
  readonly engine: Engine;
  /** Called once, when the target is disposed of. */
  readonly close: () => void;
}

/** Most containers that end at once have ended after so many milliseconds. */
const FIRST_LOOK_MS = 300;

/** A Docker Engine can do all that a target may be able to do, but measures nothing. */
export type DockerTarget = TargetWith<Exclude<Capability, 'measures'>>;

/** The `Target` port over one Docker Engine. */
export function createEngineTarget({ engine, close, ...options }: EngineTargetOptions): DockerTarget {
  const adapter = createAdapter(engine, options);
  const running: RunningOneOffs = new Set();
  const closing = new AbortController();
  /** Runs work that ends with the target. */
  const within: Within = (signal, work) =>
    withAbortScope({ signals: [signal, closing.signal] }, (both) => guard(engine.address, both, work));
  const inContext = <T>(context: ApplyContext, work: (context: ApplyContext) => Promise<T>): Promise<T> =>
    within(context.signal, (signal) => work({ ...context, signal }));
  return {
    name: options.name,
    kind: 'docker',
    observe: (scope, signal) => within(signal, (until) => observeStack(adapter, scope, until)),
    apply: (change, context) => inContext(context, (until) => applyChange(adapter, change, until)),
    firstLookMs: (kind) => (kind === 'container' ? FIRST_LOOK_MS : 0),
    health: (stack, id, signal) => within(signal, (until) => readHealth(adapter, stack, id, until)),
    settle: async (change, outcome, context) =>
      change.change.action === 'replace' && change.change.kind === 'container'
        ? inContext(context, (until) => settleContainer(adapter, change, outcome, until))
        : undefined,
    stop: (stack, id, signal) => within(signal, (until) => stopResource(adapter, stack, id, until)),
    start: (desired, context) => inContext(context, (until) => startResource(adapter, desired, until)),
    release: (change, outcome, context) =>
      inContext(context, (until) => releaseObject(adapter, change, outcome, until)),
    exec: (stack, id, argv, signal) => within(signal, (until) => execIn(adapter, { stack, id, argv }, until)),
    stream: (stack, id, program, signal) =>
      within(signal, (until) => streamIn(adapter, { stack, id, program }, until)),
    openSession: (stack, id, session) =>
      keep(closing.signal, session, (both) => openSession(adapter, { stack, id }, both)),
    openSessionAt: (place, session) =>
      keep(closing.signal, session, (both) => openSessionAt(adapter, place, both)),
    runOneOff: (oneOff, context) =>
      inContext(context, (until) => runOneOff(adapter, { oneOff, context: until, running })),
    async leftovers(signal) {
      const found = await within(signal, (until) => listOneOffs(adapter, until));
      return found.filter(({ name }) => !running.has(name));
    },
    removeLeftover: (id, signal) => within(signal, (until) => removeOneOff(adapter, id, until)),
    owned: (signal) => within(signal, (until) => readOwned(adapter, until)),
    facts: (signal) => within(signal, (until) => readFacts(adapter, until)),
    logs: (stack, id, logOptions) =>
      streamWithAbortScope({ signals: [logOptions.signal, closing.signal] }, (signal) =>
        readLogs(adapter, { stack, id }, { ...logOptions, signal }),
      ),
    logsAt: (place, logOptions) =>
      streamWithAbortScope({ signals: [logOptions.signal, closing.signal] }, (signal) =>
        readLogsAt(adapter, place, { ...logOptions, signal }),
      ),
    watch: (onEvent, signal, again) => within(signal, (until) => watchEngine(adapter, onEvent, until, again)),
    ...upkeep(adapter, within),
    ...inventoryPart(adapter, within),
    ...imageBuilds(adapter, within),
    ...projects(engine, within),
    ...dataPart(adapter, within),
    async [Symbol.asyncDispose]() {
      closing.abort(new ReconcilerError('CANCELLED', `the connection to ${options.name} was closed`));
      close();
    },
  };
}

function inventoryPart(adapter: Adapter, within: Within): KeepsInventory {
  const { inventory, eventsOf } = createInventory(adapter);
  return {
    inventory: (sink, signal) => within(signal, (until) => inventory(sink, until)),
    eventsOf,
  };
}

function upkeep(adapter: Adapter, within: Within): MeasuresRuns & FetchesImages & Prunes {
  return {
    runStats: (stack, signal) => within(signal, (until) => readStats(adapter, stack, until)),
    fetchImage: (desired, context) =>
      within(context.signal, (signal) => fetchImage(adapter, desired, { ...context, signal })),
    remnants: (scope, signal) => within(signal, (until) => findRemnants(adapter, scope, until)),
    stackBytes: (stack, signal) => within(signal, (until) => adapter.engine.writtenBytes(stack, until)),
    removeRemnant: (remnant, signal) => within(signal, (until) => removeRemnant(adapter, remnant, until)),
  };
}

function projects(engine: Engine, within: Within): FindsProjects {
  return {
    composeProjects: (signal) => within(signal, (until) => findProjects(engine, until)),
    readHostPath: (project, path, limits, signal) =>
      within(signal, (until) => readHostPath(engine, { project, path }, limits, until)),
    describeProject: (project, signal) => within(signal, (until) => describeProject(engine, project, until)),
  };
}

function imageBuilds(adapter: Adapter, within: Within): BuildsImages {
  return {
    buildImage: (build, signal) => within(signal, (until) => buildForOthers(adapter, build, until)),
    pushImage: (push, signal) => within(signal, (until) => pushBuild(adapter, push, until)),
    dropBuild: (build, signal) => within(signal, (until) => dropBuild(adapter, build, until)),
  };
}

function dataPart(adapter: Adapter, within: Within): MovesData {
  return {
    dataUsers: (signal) => within(signal, (until) => readDataUsers(adapter.engine, until)),
    readData: (place, options, signal) => within(signal, (until) => readData(adapter, place, options, until)),
    stageData: (place, staged, signal) => within(signal, (until) => stageData(adapter, place, staged, until)),
    swapData: (place, folders, signal) => within(signal, (until) => swapData(adapter, place, folders, until)),
    dropData: (place, folder, signal) => within(signal, (until) => dropData(adapter, place, folder, until)),
  };
}

/** Opens a session, which outlives the call that opens it and ends with the target. */
async function keep(
  closing: AbortSignal,
  options: SessionOptions,
  open: (options: SessionOptions) => Promise<ExecSession>,
): Promise<ExecSession> {
  const scope = createAbortScope({ signals: [options.signal, closing] });
  try {
    const opened = await open({ ...options, signal: scope.signal });
    void opened.exitCode.catch(() => undefined).finally(() => scope[Symbol.dispose]());
    return opened;
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

type Within = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Runs work with errors in our words. */
async function guard<T>(
  address: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(signal);
  } catch (error) {
    throw toStreamError(error, address, signal);
  }
}

/** Makes room ahead of a change, or undoes it; images and volumes are in nobody's way. */
async function releaseObject(
  adapter: Adapter,
  change: ResourceChange,
  outcome: 'stop' | 'undo',
  context: ApplyContext,
): Promise<void> {
  const { kind } = change.change;
  if (kind === 'container') await releaseContainer(adapter, change, outcome, context);
  if (kind === 'network') await releaseNetwork(adapter, change, outcome, context);
}

async function applyChange(adapter: Adapter, change: ResourceChange, context: ApplyContext): Promise<void> {
  if (change.change.action === 'no-op') return;
  const { kind } = change.change;
  switch (kind) {
    case 'container':
      return applyContainer(adapter, change, context);
    case 'network':
      return applyNetwork(adapter, change, context);
    case 'volume':
      return applyVolume(adapter, change, context);
    case 'image':
      return applyImage(adapter, change, context);
    default:
      throw new ReconcilerError('TARGET_UNSUPPORTED', `a Docker Engine has no resources of kind ${kind}`);
  }
}
