import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { ApplyContext, LogLine, LogOptions, ResourceChange, Target } from '../../ports/target.ts';
import type { Adapter, AdapterOptions } from './adapter.ts';
import { createAdapter } from './adapter.ts';
import { applyContainer, releaseContainer, settleContainer } from './containers/apply-container.ts';
import {
  execIn,
  openSession,
  startResource,
  stopResource,
  streamIn,
} from './containers/control-container.ts';
import { applyNetwork } from './networks-and-volumes/apply-network.ts';
import { applyVolume } from './networks-and-volumes/apply-volume.ts';
import { readGroup } from './containers/container-group.ts';
import type { Engine } from './engine/engine.ts';
import { readFacts, readOwned } from './facts.ts';
import { readHealth } from './health.ts';
import { applyImage } from './images/image.ts';
import { closeAfter, readLogLines } from './logs.ts';
import type { RunningOneOffs } from './containers/one-off.ts';
import { listOneOffs, removeOneOff, runOneOff } from './containers/one-off.ts';
import { observeStack } from './observe.ts';
import { watchEngine } from './watch.ts';

export interface EngineTargetOptions extends AdapterOptions {
  readonly engine: Engine;
  /** Called once, when the target is disposed of. */
  readonly close: () => void;
}

/** The `Target` port over one Docker Engine. */
export function createEngineTarget({ engine, close, ...options }: EngineTargetOptions): Target {
  const adapter = createAdapter(engine, options);
  const running: RunningOneOffs = new Set();
  const closing = new AbortController();
  const until = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal]);
  return {
    name: options.name,
    observe: (scope, signal) => observeStack(adapter, scope, until(signal)),
    apply: (change, context) => applyChange(adapter, change, { ...context, signal: until(context.signal) }),
    firstLookMs: (kind) => (kind === 'container' ? adapter.stableMs : 0),
    health: (stack, id, signal) => readHealth(adapter, stack, id, until(signal)),
    async settle(change, outcome, context) {
      if (change.change.action !== 'replace' || change.change.kind !== 'container') return;
      await settleContainer(adapter, change, outcome, { ...context, signal: until(context.signal) });
    },
    stop: (stack, id, signal) => stopResource(adapter, stack, id, until(signal)),
    start: (desired, context) =>
      startResource(adapter, desired, { ...context, signal: until(context.signal) }),
    async release(change, outcome, context) {
      if (change.change.kind !== 'container') return;
      await releaseContainer(adapter, change, outcome, { ...context, signal: until(context.signal) });
    },
    exec: (stack, id, argv, signal) => execIn(adapter, { stack, id, argv }, until(signal)),
    stream: (stack, id, program, signal) => streamIn(adapter, { stack, id, program }, until(signal)),
    openSession: (stack, id, session) =>
      openSession(adapter, { stack, id }, { ...session, signal: until(session.signal) }),
    runOneOff: (oneOff, context) =>
      runOneOff(adapter, { oneOff, context: { ...context, signal: until(context.signal) }, running }),
    async leftovers(signal) {
      const found = await listOneOffs(adapter, until(signal));
      return found.filter(({ name }) => !running.has(name));
    },
    removeLeftover: (id, signal) => removeOneOff(adapter, id, until(signal)),
    owned: (signal) => readOwned(adapter, until(signal)),
    facts: (signal) => readFacts(adapter, until(signal)),
    logs: (stack, id, logOptions) =>
      readLogs(adapter, stack, id, { ...logOptions, signal: until(logOptions.signal) }),
    watch: (onEvent, signal) => watchEngine(adapter, onEvent, until(signal)),
    async [Symbol.asyncDispose]() {
      closing.abort(new ReconcilerError('CANCELLED', `the connection to ${options.name} was closed`));
      close();
    },
  };
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

async function* readLogs(
  adapter: Adapter,
  stack: string,
  id: ResourceId,
  { signal, tail, since, follow }: LogOptions,
): AsyncGenerator<LogLine> {
  const name = id.split('/').slice(2).join('/');
  const { current, next } = await readGroup(adapter.engine, stack, name, signal);
  const container = next ?? current;
  if (container === null)
    throw new ReconcilerError('TARGET_ERROR', `${id} has no container`, { retryable: true });
  const query = {
    follow: follow ?? false,
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since: since.getTime() / 1_000 }),
  };
  const stream = await adapter.engine.containerLogs(container.id, query, signal);
  try {
    yield* closeAfter(stream, readLogLines(stream, container.owner.spec['tty'] === true));
  } catch (error) {
    // Whoever follows a log ends it by aborting.
    if (!signal.aborted) throw error;
  }
}
