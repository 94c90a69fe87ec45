import { canonicalJson, sha256 } from '../../../reconciler/base/json.ts';
import type { KeepsInventory, SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import type { MemoryEngine, MemoryObject } from './memory-engine.ts';

/** Tells what is on a pretended engine, at the beginning and after each event. */
export function createMemoryInventory(engine: MemoryEngine): KeepsInventory {
  return {
    async inventory(sink, signal) {
      const known = new Map<string, SeenObject>();
      const tell = () => sink.told(listAll(engine, known));
      const ended = Promise.withResolvers<void>();
      engine.listeners.add(tell);
      signal.addEventListener('abort', () => ended.resolve());
      tell();
      if (!signal.aborted) await ended.promise;
      engine.listeners.delete(tell);
    },
    eventsOf: () => [],
  };
}

function listAll({ stacks }: MemoryEngine, known: Map<string, SeenObject>): readonly SeenObject[] {
  return [...stacks].flatMap(([stack, slots]) =>
    [...slots.values()].flatMap(({ current }) => (current === null ? [] : [keep(stack, current, known)])),
  );
}

function keep(stack: string, object: MemoryObject, known: Map<string, SeenObject>): SeenObject {
  const { engineId: uid, kind, name, state, exitCode } = object;
  const version = sha256(canonicalJson({ spec: object.spec, state, exitCode })).slice(0, 16);
  const before = known.get(uid);
  if (before?.version === version) return before;
  const status =
    state === 'running'
      ? 'running'
      : state === 'created'
        ? 'pending'
        : exitCode === 0
          ? 'completed'
          : 'failed';
  const blank = { apiVersion: '', namespace: null, annotations: {}, owners: [], generation: null };
  const seen = { ...blank, uid, version, kind, name, stack, status, message: null } as const;
  const image = object.spec['image'];
  const facts =
    typeof image === 'string' ? { containers: [{ name, image, ports: [], restartCount: 0 }] } : {};
  const labels = { 'io.kombinator.name': object.id.slice(object.id.indexOf('/') + 1) };
  const one = { ...seen, labels, createdAt: null, facts };
  known.set(uid, one);
  return one;
}
