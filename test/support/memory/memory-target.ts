import type { JsonObject } from '../../../reconciler/base/json.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { canonicalJson } from '../../../reconciler/base/json.ts';
import type { Health, ResourceId } from '../../../reconciler/model/resource.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type {
  Capability,
  ExecResult,
  LogLine,
  LogOptions,
  StreamedEnd,
  StreamedProgram,
  TargetWith,
} from '../../../reconciler/ports/target-capabilities.ts';
import type { MemoryBuilds } from './memory-builds.ts';
import { createMemoryUpkeep } from './memory-upkeep.ts';
import { createMemoryBuilds } from './memory-builds.ts';
import type { MemoryData } from './memory-data.ts';
import { createMemoryData } from './memory-data.ts';
import type { MemoryEngine, MemoryObject } from './memory-engine.ts';
import { createMemoryEngine, emit, listOwned, slotOf, text } from './memory-engine.ts';
import { createMemorySession } from '../cli/memory-session.ts';
import type { Fault, Faults } from './memory-faults.ts';
import { createFaults } from './memory-faults.ts';
import { createMemoryInventory } from './memory-inventory.ts';
import { createMachine } from './memory-machine.ts';

export interface MemoryControl {
  readonly engine: MemoryEngine;
  /** Calls of the pretended engine so far: one for every thing looked at or changed. */
  readonly calls: number;
  /** The last thousand, `create edge/container/web`. */
  readonly log: readonly string[];
  /** Milliseconds before every call. Default 0. */
  delayMs: number;
  /** The n-th call from now (from 1) throws, never answers, or dies together with everything after it. */
  fail(nth: number, fault: Fault): void;
  /** The next call of that name, as `log` has it, throws, never answers, or dies. */
  failCall(name: string, fault: Fault): void;
  /** Every call fails until told otherwise; `null` ends it. */
  outage(error: Error | null): void;
  /** Ends an outage, and forgets failures that were planned and have not come. */
  revive(): void;
  find(stack: string, id: ResourceId): MemoryObject | undefined;
  /** True when changes are taken, and nothing is done about them. Default false. */
  idle: boolean;
  /** Plays a program that is run in a container. Default: the shell's `echo` and `exit`. */
  program: ((argv: readonly string[]) => ExecResult) | null;
  /** Plays a program whose input and output are streams. Default: `head -c N`, else as `program`. */
  streamed: ((program: StreamedProgram) => Promise<StreamedEnd>) | null;
  /** Plays somebody's hand: stops the container. */
  stop(stack: string, id: ResourceId): void;
  remove(stack: string, id: ResourceId): void;
  /** Changes spec keys behind the reconciler's back. */
  drift(stack: string, id: ResourceId, spec: JsonObject): void;
  setHealth(stack: string, id: ResourceId, health: Health | null): void;
  /** Sends an event, `null` for "may have been missed". */
  emit(stack: string | null): void;
}

export type MemoryTarget = TargetWith<Capability> & {
  readonly control: MemoryControl;
  /** Contents of volumes and directories. */
  readonly data: MemoryData;
  readonly builds: MemoryBuilds;
};

export interface MemoryTargetOptions {
  readonly name?: string;
  readonly engine?: MemoryEngine;
}

/**
 * A `Target` in memory that passes the contract of the real ones. Observing a stack costs what the stack holds,
 * however many stacks there are. Of a container it understands `exit N`, `echo TEXT` and the health check `false`.
 */
export function createMemoryTarget(options: MemoryTargetOptions = {}): MemoryTarget {
  const { name = 'edge', engine = createMemoryEngine() } = options;
  const faults = createFaults();
  const machine = createMachine(engine, faults.step);
  const control = createControl(engine, faults);
  return {
    name,
    kind: 'memory',
    control,
    ...createMemoryBuilds(faults.step),
    composeProjects: () => Promise.resolve([]),
    readHostPath: () => Promise.resolve({ kind: 'missing' }),
    describeProject: () => Promise.resolve({ document: {}, remarks: [] }),
    ...createMemoryUpkeep(engine, faults.step),
    observe: (scope, signal) => machine.observe(scope, signal),
    apply: async (change, context) => (control.idle ? undefined : machine.apply(change, context)),
    health: (stack, id, signal) => machine.health(stack, id, signal),
    release: (change, outcome, context) => machine.release(change, outcome, context),
    settle: (change, outcome, context) => machine.settle(change, outcome, context),
    async runOneOff({ resource, onLine }, { stack, revision, branch, signal }) {
      const name = text(resource.spec, 'name');
      const command = canonicalJson(maskSpec(resource.spec)['command'] ?? null);
      const hook = { id: name, name, stack, revision, branch };
      engine.hooks.push(hook);
      await faults.step(`run ${name}`, signal);
      engine.hooks.splice(engine.hooks.indexOf(hook), 1);
      const said = /\becho ([^"&;]+)/.exec(command)?.[1];
      if (said !== undefined) onLine(said.trim(), 'stdout');
      return Number(/\bexit (\d+)/.exec(command)?.[1] ?? 0);
    },
    async leftovers(signal) {
      await faults.step('leftovers', signal);
      return [...engine.hooks];
    },
    async removeLeftover(id, signal) {
      await faults.step(`remove ${id}`, signal);
      engine.hooks.splice(0, engine.hooks.length, ...engine.hooks.filter((hook) => hook.id !== id));
    },
    stop: (stack, id, signal) => machine.stop(stack, id, signal),
    start: (desired, context) => machine.start(desired, context),
    async exec(stack, id, argv, signal) {
      await faults.step(`exec ${id}`, signal);
      if (slotOf(engine, stack, id)?.current?.state !== 'running')
        throw new ReconcilerError('TARGET_ERROR', `${id} has no running container`, { retryable: true });
      return (control.program ?? runShell)(argv);
    },
    async stream(stack, id, program, signal) {
      await faults.step(`stream ${id}`, signal);
      if (slotOf(engine, stack, id)?.current?.state !== 'running')
        throw new ReconcilerError('TARGET_ERROR', `${id} has no running container`, { retryable: true });
      const end = await (control.streamed ?? runStreamed)(program);
      signal.throwIfAborted();
      return end;
    },
    async openSession(stack, id, { argv, signal }) {
      await faults.step(`session ${id}`, signal);
      if (slotOf(engine, stack, id)?.current?.state !== 'running')
        throw new ReconcilerError('TARGET_ERROR', `${id} has no running container`, { retryable: true });
      return createMemorySession((control.program ?? runShell)(argv), argv, signal);
    },
    async openSessionAt({ stack, name: container }, { argv, signal }) {
      await faults.step(`session at ${container}`, signal);
      const running = slotNamed(engine, stack, container);
      if (running?.state !== 'running')
        throw new ReconcilerError('TARGET_ERROR', `the container ${container} does not run`, {
          retryable: true,
        });
      return createMemorySession((control.program ?? runShell)(argv), argv, signal);
    },
    async *logsAt({ stack, name: container }, options) {
      const found = slotNamed(engine, stack, container);
      if (found === undefined)
        throw new ReconcilerError('TARGET_ERROR', `${stack} has no container ${container}`);
      yield* readLogs(engine, stack, found.id, options);
    },
    async owned(signal) {
      await faults.step('owned', signal);
      return listOwned(engine);
    },
    async facts(signal) {
      await faults.step('facts', signal);
      const versions = { engineVersion: '0.0', apiVersion: '0.0', os: 'memory', arch: 'none' };
      return { hostname: name, ...versions, cpuCores: 2, memoryBytes: 2 ** 30, diskBytes: null };
    },
    async measure(signal) {
      await faults.step('measure', signal);
      const half = { used: 1, capacity: 2 };
      return { health: [], cpu: half, memory: half, storage: half, nodes: 1, pods: 1, isMeasured: true };
    },
    logs: (stack, id, options) => readLogs(engine, stack, id, options),
    watch: (onEvent, signal) => watch(engine, onEvent, signal),
    ...createMemoryInventory(engine),
    ...createMemoryData(engine, faults.step),
    async [Symbol.asyncDispose]() {
      faults.close();
    },
  };
}

function runShell(argv: readonly string[]): ExecResult {
  const script = argv.at(-1) ?? '';
  const echoes = [...script.matchAll(/\becho (\w+)( >&2)?/g)];
  const lines = (wanted: boolean) =>
    echoes.flatMap(([, text, err]) => ((err !== undefined) === wanted ? [`${text}\n`] : [])).join('');
  const exitCode = Number(/\bexit (\d+)/.exec(script)?.[1] ?? 0);
  return { exitCode, stdout: lines(false), stderr: lines(true) };
}

async function runStreamed({ argv, input, onOutput }: StreamedProgram): Promise<StreamedEnd> {
  const [name, , count] = argv;
  if (name !== 'head' || input === undefined) {
    const { stdout, ...end } = runShell(argv);
    await onOutput(Buffer.from(stdout));
    return end;
  }
  let left = Number(count);
  for await (const chunk of input) {
    await onOutput(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
    if (left === 0) break;
  }
  return { exitCode: 0, stderr: '' };
}

function createControl(engine: MemoryEngine, faults: Faults): MemoryControl {
  const need = (stack: string, id: ResourceId) => {
    const found = slotOf(engine, stack, id)?.current;
    if (!found) throw new Error(`${stack} has no ${id}`);
    return found;
  };
  const control: MemoryControl = {
    engine,
    idle: false,
    program: null,
    streamed: null,
    get calls() {
      return faults.calls;
    },
    log: faults.log,
    get delayMs() {
      return faults.delayMs;
    },
    set delayMs(value: number) {
      faults.delayMs = value;
    },
    fail: (nth: number, fault: Fault) => void faults.planned.set(faults.calls + nth, fault),
    failCall: (call: string, fault: Fault) => void faults.byName.set(call, fault),
    outage: (error: Error | null) => void (faults.outage = error),
    revive() {
      faults.outage = null;
      faults.planned.clear();
    },
    find: (stack: string, id: ResourceId) => slotOf(engine, stack, id)?.current ?? undefined,
    stop(stack: string, id: ResourceId) {
      Object.assign(need(stack, id), { state: 'exited', exitCode: 143 });
      emit(engine, stack);
    },
    remove(stack: string, id: ResourceId) {
      engine.stacks.get(stack)?.delete(id);
      emit(engine, stack);
    },
    drift(stack: string, id: ResourceId, spec: JsonObject) {
      const found = need(stack, id);
      found.spec = { ...found.spec, ...spec };
      emit(engine, stack);
    },
    setHealth(stack: string, id: ResourceId, health: Health | null) {
      need(stack, id).health = health;
      emit(engine, stack);
    },
    emit: (stack: string | null) => emit(engine, stack),
  };
  return control;
}

/** The container that bears a name, or has it in its stack. */
function slotNamed(engine: MemoryEngine, stack: string, name: string): MemoryObject | undefined {
  const slots = [...(engine.stacks.get(stack)?.values() ?? [])];
  const containers = slots.flatMap(({ current }) => (current?.kind === 'container' ? [current] : []));
  return containers.find((one) => one.name === name || text(one.spec, 'name') === name);
}

async function* readLogs(
  engine: MemoryEngine,
  stack: string,
  id: ResourceId,
  { tail }: LogOptions,
): AsyncGenerator<LogLine> {
  const slot = slotOf(engine, stack, id);
  const command = canonicalJson((slot?.next ?? slot?.current)?.spec['command'] ?? null);
  const lines = [...command.matchAll(/echo (\w+)/g)].map((match) => match[1] ?? '');
  for (const text of tail === undefined ? lines : lines.slice(-tail)) {
    yield { stream: 'stdout', time: '2026-01-01T00:00:00.000000000Z', text };
  }
}

function watch(
  engine: MemoryEngine,
  onEvent: (stack: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    engine.listeners.add(onEvent);
    signal.addEventListener('abort', () => {
      engine.listeners.delete(onEvent);
      resolve();
    });
  });
}
