import { ReconcilerError } from '../base/errors.ts';
import type { DesiredResource, ResourceId } from '../model/resource.ts';
import type { KeepsInventory } from './inventory/inventory.ts';
import type { FetchesImages, Prunes } from './inventory/images.ts';
import type { MeasuresLoad } from './inventory/measures.ts';
import type { FindsProjects } from './adopt/compose-projects.ts';
import type { MeasuresRuns } from './inventory/run-stats.ts';
import type { MovesData } from './backups/moves-data.ts';
import type { BuildsImages } from './builds/builds-images.ts';
import type { ApplyContext, ResourceChange, Target } from './target.ts';

/** A container that runs once and is removed, whatever happens. */
export interface OneOff {
  readonly resource: DesiredResource;
  /** Fetched, or built, first. */
  readonly image: DesiredResource;
  readonly timeoutMs: number;
  /** A line of its output; secrets that it was given are masked. */
  readonly onLine: (text: string, stream: 'stdout' | 'stderr') => void;
}

/** A one-off container that is still there. */
export interface OneOffLeftover {
  readonly id: string;
  readonly name: string;
  readonly stack: string;
  readonly revision: string | null;
  readonly branch: string | null;
}

/** Facts about the machine behind a target. */
export interface TargetFacts {
  readonly hostname: string;
  readonly os: string;
  readonly arch: string;
  readonly engineVersion: string;
  readonly apiVersion: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Size of the file system that holds the engine's data, `null` when it cannot be told. */
  readonly diskBytes: number | null;
  /** Facts about a Kubernetes cluster. */
  readonly cluster?: {
    readonly nodes: readonly string[];
    readonly namespaces: readonly string[];
    readonly storageClasses: readonly string[];
  };
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program whose input and output may be of any length. */
export interface StreamedProgram {
  readonly argv: readonly string[];
  /** Default: none. Its end does not close the program's input everywhere: the program has to know how much to read. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Standard output, piece by piece; the next piece waits until this one is dealt with. */
  readonly onOutput: (chunk: Uint8Array) => Promise<void>;
}

export interface StreamedEnd {
  readonly exitCode: number;
  /** The end of what it wrote there, 16 KiB at most. */
  readonly stderr: string;
}

export interface SessionOptions {
  readonly argv: readonly string[];
  /** True with a terminal: everything that is written is `stdout` then. Default false. */
  readonly tty?: boolean;
  /** Pod of the resource, where it has several. Default: the newest that runs. */
  readonly pod?: string;
  /** Container, where there are several. Default: the first that runs. */
  readonly container?: string;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/** A program that runs in a container, with somebody at the other end. Disposing of it ends it. */
export interface ExecSession extends AsyncDisposable {
  /** Output as it comes; to be read once. Ends when the program does. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  /** Settles when the program has ended; rejects when the connection was lost before. */
  readonly exitCode: Promise<number>;
  /** Not to be called after the end of the input. */
  write(bytes: Uint8Array): void;
  /** Resolves when the program, or the way to it, has taken most of what was written; at once when it has ended. Writing without it is not bounded. */
  drained(): Promise<void>;
  /** There is no more input. */
  end(): void;
  /** Changes the size of the terminal, in characters. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
}

export interface LogOptions {
  /** Last lines only; default all. */
  readonly tail?: number;
  readonly since?: Date;
  readonly follow?: boolean;
  /** Only lines from before the run that is there now: on a cluster of the run before it, on an engine of all runs of this container. Not with `follow`. Default false. */
  readonly previous?: boolean;
  readonly signal: AbortSignal;
}

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as the engine gives it. */
  readonly time: string;
  readonly text: string;
}

/** Keeps what it replaces until the new one is known to be well. */
export interface Replaces {
  /**
   * Ends a replace, and an update of what the target rolls over: `keep` removes the old object, `revert` removes the new one and runs the old
   * one again. No-op for other actions.
   */
  settle(change: ResourceChange, outcome: 'keep' | 'revert', context: ApplyContext): Promise<void>;
}

/** Has an old object let go ahead of its change of what it holds (a host port, say): a container is stopped for that. */
export interface Releases {
  /**
   * `stop` has the old object let go and keeps it, `undo` has it as it was when no change followed. Repeating either is harmless.
   */
  release(change: ResourceChange, outcome: 'stop' | 'undo', context: ApplyContext): Promise<void>;
}

/** Stops and starts what is there, without a change of its description. */
export interface Controls {
  /** Stops the object of a resource, and a replacement that is not settled yet. What does not run, or is not there, is no error. */
  stop(stack: string, id: ResourceId, signal: AbortSignal): Promise<void>;
  /**
   * Starts the object of a resource as it is, also one that has done its work. TARGET_ERROR when there is none; one that runs is left alone.
   * `health` then tells how it is.
   */
  start(desired: DesiredResource, context: ApplyContext): Promise<void>;
}

/** Runs containers once, for hooks. */
export interface RunsContainers {
  /**
   * Runs a container to its end; resolves to its exit code. What of the stack's networks and volumes is not there yet is left
   * out. Throws HOOK_FAILED when it takes too long.
   */
  runOneOff(oneOff: OneOff, context: ApplyContext): Promise<number>;
  /** One-off containers that this process does not run. */
  leftovers(signal: AbortSignal): Promise<readonly OneOffLeftover[]>;
  removeLeftover(id: string, signal: AbortSignal): Promise<void>;
}

/** Runs programs inside of what runs. */
export interface RunsPrograms {
  /** Runs a program in the running container of a resource to its end. TARGET_ERROR when none runs. Output beyond 1 MiB is cut off. */
  exec(stack: string, id: ResourceId, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** Runs a program in the running container of a resource, with input and output. TARGET_ERROR when none runs. */
  openSession(stack: string, id: ResourceId, options: SessionOptions): Promise<ExecSession>;
}

/** Moves data of any length in and out of what runs: backups of databases. */
export interface StreamsPrograms {
  /**
   * Runs a program as `exec` does, for output and input of any length and content. Aborting, and an input or `onOutput` that throws, end
   * the connection to the program, which then reads the end of its input and cannot write any more.
   */
  stream(stack: string, id: ResourceId, program: StreamedProgram, signal: AbortSignal): Promise<StreamedEnd>;
}

/** Tells what programs have printed. */
export interface Logs {
  logs(stack: string, id: ResourceId, options: LogOptions): AsyncIterable<LogLine>;
}

/** A pod, or a container of an engine, by its own name. */
export interface RunningPlace {
  /** `null`: an engine has none. */
  readonly namespace: string | null;
  readonly name: string;
  /** Stack that it belongs to: what is of another, or of none, is not reached. */
  readonly stack: string;
}

export interface PlaceLogOptions extends LogOptions {
  /** Container of a pod. Default: the first. */
  readonly container?: string;
}

/** Reaches single pods and containers by their names. TARGET_ERROR where there is none of the stack; BAD_OPTIONS for a container that a pod has not. */
export interface ReachesPlaces {
  openSessionAt(place: RunningPlace, options: SessionOptions): Promise<ExecSession>;
  /** One container, without what its stack keeps secret; followed, it ends when the container does. */
  logsAt(place: RunningPlace, options: PlaceLogOptions): AsyncIterable<LogLine>;
}

/** Tells about the machine, or the cluster, behind it. */
export interface Facts {
  facts(signal: AbortSignal): Promise<TargetFacts>;
}

/** Tells of changes as they happen; without it they are found when everything is looked at again. */
export interface Watches {
  /**
   * Calls back with the stack name whenever something happened to one of its resources, and with `null` when events may have been
   * missed, or nothing is heard any more. Reconnects by itself; ends when the signal aborts.
   *
   * @param onEvent `awaited`: nothing of the stack itself, but what it waits for has changed
   * @param again it was watched before, so events have been missed: calls back with `null` once it is heard. Default false
   */
  watch(
    onEvent: (stack: string | null, awaited?: boolean) => void,
    signal: AbortSignal,
    again?: boolean,
  ): Promise<void>;
}

/** Everything that a target may be able to do beside what each of them can. */
export interface Capabilities {
  readonly replaces: Replaces;
  readonly releases: Releases;
  readonly controls: Controls;
  readonly runsContainers: RunsContainers;
  readonly runsPrograms: RunsPrograms;
  readonly streamsPrograms: StreamsPrograms;
  readonly logs: Logs;
  readonly reachesPlaces: ReachesPlaces;
  readonly facts: Facts;
  readonly watches: Watches;
  readonly inventory: KeepsInventory;
  readonly measures: MeasuresLoad;
  readonly measuresRuns: MeasuresRuns;
  readonly fetchesImages: FetchesImages;
  readonly prunes: Prunes;
  readonly buildsImages: BuildsImages;
  readonly findsProjects: FindsProjects;
  readonly movesData: MovesData;
}

export type Capability = keyof Capabilities;

/** A target with these capabilities: `TargetWith<'logs' | 'facts'>`. */
export type TargetWith<C extends Capability> = Target & CapabilitiesOf<C>;
type CapabilitiesOf<C extends Capability> = UnionToIntersection<Capabilities[C]>;
type UnionToIntersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer A) => void
  ? A
  : never;

/** The methods that make each capability, and what is said of a target without it. */
const CAPABILITIES: {
  readonly [C in Capability]: { readonly methods: readonly (keyof Capabilities[C])[]; readonly lack: string };
} = {
  replaces: { methods: ['settle'], lack: 'cannot put back what it replaced' },
  releases: { methods: ['release'], lack: 'cannot make room ahead of a replace' },
  controls: { methods: ['stop', 'start'], lack: 'cannot stop and start what it runs' },
  runsContainers: { methods: ['runOneOff', 'leftovers', 'removeLeftover'], lack: 'cannot run hooks' },
  runsPrograms: { methods: ['exec', 'openSession'], lack: 'cannot run programs in what it runs' },
  streamsPrograms: { methods: ['stream'], lack: 'cannot stream data in and out of what it runs' },
  logs: { methods: ['logs'], lack: 'keeps no logs' },
  reachesPlaces: { methods: ['openSessionAt', 'logsAt'], lack: 'is not reached container by container' },
  facts: { methods: ['facts'], lack: 'tells nothing about its machine' },
  watches: { methods: ['watch'], lack: 'tells of no changes' },
  inventory: { methods: ['inventory', 'eventsOf'], lack: 'does not list what is there' },
  measures: { methods: ['measure'], lack: 'does not say how loaded it is' },
  measuresRuns: { methods: ['runStats'], lack: 'does not measure what it runs' },
  fetchesImages: { methods: ['fetchImage'], lack: 'fetches images itself, when it needs them' },
  prunes: {
    methods: ['remnants', 'stackBytes', 'removeRemnant'],
    lack: 'takes away by itself what it does not need any more',
  },
  buildsImages: { methods: ['buildImage', 'pushImage', 'dropBuild'], lack: 'builds no images' },
  findsProjects: {
    methods: ['composeProjects', 'readHostPath', 'describeProject'],
    lack: 'has no Compose projects',
  },
  movesData: {
    methods: ['dataUsers', 'readData', 'stageData', 'swapData', 'dropData'],
    lack: 'does not give its data out',
  },
};

/** Every capability that there is. */
export const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as readonly Capability[];

/** Tells whether a target can do this; its methods are typed then. */
export function hasCapability<C extends Capability>(
  target: Target,
  capability: C,
): target is Target & Capabilities[C] {
  return CAPABILITIES[capability].methods.every(
    (method) => typeof Reflect.get(target, method) === 'function',
  );
}

/** The target, typed with what it has to be able to do. Throws TARGET_UNSUPPORTED naming the target, its kind and what it cannot do. */
export function requireCapability<C extends Capability>(
  target: Target,
  capability: C,
): Target & Capabilities[C] {
  if (hasCapability(target, capability)) return target;
  const { lack } = CAPABILITIES[capability];
  throw new ReconcilerError(
    'TARGET_UNSUPPORTED',
    `${target.name} ${lack}: it is a target of kind ${target.kind}`,
  );
}
