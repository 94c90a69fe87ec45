import { errorMessage } from '../../../base/errors.ts';
import { createPace } from '../../../base/mutex.ts';
import type { InstanceSink } from '../../../ports/instance-backend.ts';
import { EVENTS_PER_SECOND, readEvents } from '../engine/engine-events.ts';
import type { EngineInfo } from '../engine/engine.ts';
import type { Installation } from './ensure.ts';
import { INSTANCE_LABEL } from './labels.ts';

export interface WatchParts extends Installation {
  readonly sink: InstanceSink;
  readonly onInfo: (info: EngineInfo) => void;
}

const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 30_000;

/** Listens to the engine until the signal aborts; connects again by itself, and lists everything then. */
export async function watchInstances(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await listen(parts, signal, () => (failures = 0));
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      logger.debug({ error: errorMessage(error) }, 'the engine of the instances does not answer');
    }
    const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_RECONNECT_PAUSE_MS);
    await clock.sleep(ceiling * (0.5 + clock.random() / 2), signal).catch(() => undefined);
  }
}

async function listen(
  { engine, owner, clock, state, sink, onInfo }: WatchParts,
  signal: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  const filters = {
    type: ['container'],
    event: ['create', 'start', 'die', 'destroy'],
    label: [`${INSTANCE_LABEL.owner}=${owner()}`],
  };
  const stream = await engine.events(filters, signal);
  try {
    const info = await engine.info(signal);
    onInfo(info);
    const since = clock.now();
    state.replace(await engine.listInstances(owner(), null, signal));
    onOpen();
    sink.nodes(new Set([info.Name]));
    sink.replaced(state.all(), since);
    const pace = createPace(clock, EVENTS_PER_SECOND);
    for await (const event of readEvents(stream)) {
      await pace(signal);
      const id = state.onEvent(event);
      if (id !== null) sink.changed(id, state.get(id));
    }
  } finally {
    stream.destroy();
  }
}
