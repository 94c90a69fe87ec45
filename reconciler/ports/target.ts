import type { DesiredResource, Health, ObservedResource, ResourceId } from '../model/resource.ts';
import type { Change } from '../plan/plan.ts';

/** What is asked of `observe`: everything the stack owns here, and the shared resources it wants to know about. */
export interface ObserveScope {
  readonly stack: string;
  readonly desired: readonly DesiredResource[];
}

export interface Observation {
  readonly resources: readonly ObservedResource[];
  /** Identity of the machine: two connections that give the same one lead to the same engine. Left out where it cannot be told. */
  readonly engine?: string;
  /** Worth telling, harmless to go on: `registry did not answer, keeping the image that is here`. */
  readonly warnings: readonly string[];
}

export interface ApplyContext {
  readonly stack: string;
  readonly revision: string | null;
  /** Branch that the revision was read from. */
  readonly branch: string;
  readonly signal: AbortSignal;
  /** Content of a repository file by blob id. */
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
  /** What is going on, for people: `pulling nginx:1.29 (34 %)`. */
  readonly progress: (message: string) => void;
}

/** One decided change with everything needed to carry it out; `desired` is `null` for deletes. */
export interface ResourceChange {
  readonly change: Change;
  readonly desired: DesiredResource | null;
}

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
  /** Of a Kubernetes cluster. */
  readonly cluster?: {
    readonly nodes: readonly string[];
    readonly namespaces: readonly string[];
    readonly storageClasses: readonly string[];
  };
}

/** Resources of a stack that exist on a target, as far as their labels tell. */
export interface OwnedStack {
  readonly stack: string;
  /** Revisions its resources were created from. */
  readonly revisions: readonly string[];
  /** Branches these revisions were read from. */
  readonly branches: readonly string[];
  readonly resources: number;
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
  /** With a terminal: everything that is written is `stdout` then. Default false. */
  readonly tty?: boolean;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/** A program that runs in a container, with somebody at the other end. Disposing of it ends it. */
export interface ExecSession extends AsyncDisposable {
  /** What it writes, as it comes; to be read once. Ends when the program does. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  /** Settles when the program has ended; rejects when the connection was lost before. */
  readonly exitCode: Promise<number>;
  write(bytes: Uint8Array): void;
  /** There is no more input. */
  end(): void;
  /** Of the terminal, in characters. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
}

export interface LogOptions {
  /** Last lines only; default all. */
  readonly tail?: number;
  readonly since?: Date;
  readonly follow?: boolean;
  readonly signal: AbortSignal;
}

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as the engine gives it. */
  readonly time: string;
  readonly text: string;
}

/**
 * A place where resources live. `observe` never writes, `apply` never decides, `health` never waits.
 * Every method throws `ReconcilerError`; `TARGET_UNREACHABLE` (retryable) when the engine does not answer.
 */
export interface Target extends AsyncDisposable {
  readonly name: string;
  /** Changes that it takes at the same time. Default: as many as the reconciler was told. */
  readonly parallelChanges?: number;
  observe(scope: ObserveScope, signal: AbortSignal): Promise<Observation>;
  /**
   * Carries out one change as far as starting goes. Repeating it after a crash at any point must be harmless.
   * A replace keeps the old object (stopped) until `settle`.
   */
  apply(change: ResourceChange, context: ApplyContext): Promise<void>;
  /** Milliseconds after a start of this kind before its health is worth asking for. Default: none. */
  firstLookMs?(kind: string): number;
  /**
   * Makes room for others ahead of a replace: `stop` stops the old object and keeps it, `undo` runs it again when no replace
   * followed. Repeating either is harmless.
   */
  release(change: ResourceChange, outcome: 'stop' | 'undo', context: ApplyContext): Promise<void>;
  /** Health of the object that `apply` has just made or changed, else of the one that is there. */
  health(stack: string, id: ResourceId, signal: AbortSignal): Promise<Health>;
  /** Ends a replace: `keep` removes the old object, `revert` removes the new one and runs the old one again. No-op for other actions. */
  settle(change: ResourceChange, outcome: 'keep' | 'revert', context: ApplyContext): Promise<void>;
  /**
   * Runs a container to its end; resolves to its exit code. What of the stack's networks and volumes is not there yet is left
   * out. Throws HOOK_FAILED when it takes too long.
   */
  runOneOff(oneOff: OneOff, context: ApplyContext): Promise<number>;
  /** One-off containers that this process does not run. */
  leftovers(signal: AbortSignal): Promise<readonly OneOffLeftover[]>;
  removeLeftover(id: string, signal: AbortSignal): Promise<void>;
  /** Stops the object of a resource, and a replacement that is not settled yet. What does not run, or is not there, is no error. */
  stop(stack: string, id: ResourceId, signal: AbortSignal): Promise<void>;
  /**
   * Starts the object of a resource as it is, also one that has done its work. TARGET_ERROR when there is none; one that runs is left alone.
   * `health` then tells how it is.
   */
  start(desired: DesiredResource, context: ApplyContext): Promise<void>;
  /** Runs a program in the running container of a resource to its end. TARGET_ERROR when none runs. Output beyond 1 MiB is cut off. */
  exec(stack: string, id: ResourceId, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /**
   * As `exec`, for output and input of any length and content. Aborting, and an input or `onOutput` that throws, end the connection to the
   * program, which then reads the end of its input and cannot write any more.
   */
  stream(stack: string, id: ResourceId, program: StreamedProgram, signal: AbortSignal): Promise<StreamedEnd>;
  /** Runs a program in the running container of a resource, with input and output. TARGET_ERROR when none runs. */
  openSession(stack: string, id: ResourceId, options: SessionOptions): Promise<ExecSession>;
  /** Every stack with owned resources here, described by the repository or not. */
  owned(signal: AbortSignal): Promise<readonly OwnedStack[]>;
  facts(signal: AbortSignal): Promise<TargetFacts>;
  logs(stack: string, id: ResourceId, options: LogOptions): AsyncIterable<LogLine>;
  /**
   * Calls back with the stack name whenever something happened to one of its resources, and with `null` when events may have been
   * missed. Reconnects by itself; ends when the signal aborts.
   */
  watch(onEvent: (stack: string | null) => void, signal: AbortSignal): Promise<void>;
}
