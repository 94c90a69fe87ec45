import { LRUCache } from 'lru-cache';
import { errorMessage } from '../../base/errors.ts';
import { createPace } from '../../base/mutex.ts';
import type { Watches } from '../../ports/target-capabilities.ts';
import type { Adapter } from './adapter.ts';
import { AWAITED_PORT } from './adapter.ts';
import { LABEL, readComposePlace, readOwner } from './labels.ts';
import type { EngineEvent } from './engine/engine-events.ts';
import { EVENTS_PER_SECOND, readEvents } from './engine/engine-events.ts';

/** Events that may make a stack differ from its description. Leaves out the noise of health checks (`exec_*`). */
const FILTERS = {
  type: ['container', 'network', 'volume'],
  event:
    'create start die stop oom pause unpause rename update destroy health_status connect disconnect remove'.split(
      ' ',
    ),
};

const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 10_000;

/**
 * Listens to the engine's events until the signal aborts; connects again by itself. The target pool (run/observe/target-pool.ts) passes them to
 * the loop (run/loop/loop.ts), which looks at the stack again.
 */
export async function watchEngine(
  adapter: Adapter,
  onEvent: OnEvent,
  signal: AbortSignal,
  again = false,
): Promise<void> {
  let failures = 0;
  for (let first = !again; !signal.aborted; first = false) {
    let isOpen = false;
    try {
      await listen(adapter, signal, {
        onOpen: () => {
          isOpen = true;
          failures = 0;
          if (!first) onEvent(null);
        },
        onEvent,
      });
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      adapter.logger.debug({ target: adapter.name, error: errorMessage(error) }, 'engine events interrupted');
    }
    if (signal.aborted) return;
    // A look tells how things stand now, or that nobody can know.
    if (isOpen) onEvent(null);
    const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_RECONNECT_PAUSE_MS);
    await adapter.clock.sleep(ceiling * (0.5 + adapter.clock.random() / 2), signal).catch(() => undefined);
  }
}

type OnEvent = Parameters<Watches['watch']>[0];

interface Listeners {
  readonly onOpen: () => void;
  readonly onEvent: OnEvent;
}

async function listen(adapter: Adapter, signal: AbortSignal, { onOpen, onEvent }: Listeners): Promise<void> {
  const stream = await adapter.engine.events(FILTERS, signal);
  try {
    const containers = await readStacks(adapter, signal);
    const pace = createPace(adapter.clock, EVENTS_PER_SECOND);
    onOpen();
    for await (const event of readEvents(stream)) {
      await pace(signal);
      const stack = stackOf(event, containers, adapter);
      if (stack !== undefined) onEvent(stack);
      for (const waiting of waitingFor(event, adapter, stack)) onEvent(waiting, true);
    }
  } finally {
    stream.destroy();
  }
}

/** Containers whose stack is remembered. An engine that tells of ever new ones fills no memory. */
const MAX_CONTAINERS = 50_000;

/** Stacks by the ids of their containers. */
type StacksById = LRUCache<string, string>;

/** Events of networks and volumes name objects, not stacks: these tables translate. */
async function readStacks(adapter: Adapter, signal: AbortSignal): Promise<StacksById> {
  const [containers, networks, volumes] = await Promise.all([
    adapter.engine.listContainers(null, signal),
    adapter.engine.listNetworks(null, signal),
    adapter.engine.listVolumes(null, signal),
  ]);
  for (const { Name, Labels } of [...networks, ...volumes]) {
    const owner = readOwner(Labels);
    if (owner) adapter.stacksByName.set(Name, owner.stack);
  }
  const stacks: StacksById = new LRUCache({ max: MAX_CONTAINERS });
  for (const { Id, Labels } of containers) stacks.set(Id, Labels[LABEL.stack] ?? '');
  return stacks;
}

/** Lists the stacks that wait for what has happened. What happens to a stack itself says nothing of what it waits for. */
function waitingFor(event: EngineEvent, { awaited }: Adapter, own: string | undefined): readonly string[] {
  const stacks = new Set(keysOf(event).flatMap((key) => awaited.stacksFor(key)));
  return [...stacks].filter((stack) => stack !== own);
}

/** Keys of what an event brings about or sets free, as stacks wait for it. */
function keysOf({ Type = '', Action = '', Actor }: EngineEvent): readonly string[] {
  const { name = Actor?.ID ?? '', oldName } = Actor?.Attributes ?? {};
  const named = [name, ...(oldName === undefined ? [] : [oldName.replace(/^\//, '')])].map(
    (one) => `${Type}/${one}`,
  );
  return Type === 'container' && ['die', 'destroy', 'stop'].includes(Action)
    ? [...named, AWAITED_PORT]
    : named;
}

function stackOf(
  event: EngineEvent,
  containers: StacksById,
  { stacksByName, adoptions }: Pick<Adapter, 'adoptions' | 'stacksByName'>,
): string | undefined {
  const id = event.Actor?.ID ?? '';
  const attributes = event.Actor?.Attributes ?? {};
  const project = readComposePlace(attributes)?.project;
  const labelled =
    attributes[LABEL.stack] ?? (project === undefined ? undefined : adoptions.of(project)?.stack);
  if (event.Type === 'container') {
    if (labelled) containers.set(id, labelled);
    if (event.Action === 'destroy') containers.delete(id);
    return labelled;
  }
  if (labelled) return labelled;
  return containers.get(attributes['container'] ?? '') ?? stacksByName.get(attributes['name'] ?? id);
}
