import { asFields, asList, asString } from '../../../reconciler/base/values.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type {
  DataMount,
  DataPlace,
  DataUser,
  MovesData,
} from '../../../reconciler/ports/backups/moves-data.ts';
import type { MemoryEngine } from './memory-engine.ts';

/** Archives by place: what is there, under the name of no folder, and what a restore has put beside it. */
export type MemoryData = Map<string, Map<string, Buffer>>;

/** Volumes and directories as archives that are kept whole. */
export function createMemoryData(
  engine: MemoryEngine,
  step: (name: string, signal: AbortSignal) => Promise<void>,
): MovesData & { readonly data: MemoryData } {
  const data: MemoryData = new Map();
  const need = ({ source }: DataPlace): Map<string, Buffer> => {
    const found = data.get(source);
    if (found === undefined) throw new ReconcilerError('TARGET_ERROR', `there is no volume ${source}`);
    return found;
  };
  return {
    data,
    async dataUsers(signal) {
      await step('data users', signal);
      return usersOf(engine);
    },
    async readData(place, { folder = '', onOutput }, signal) {
      await step(`read ${place.source}`, signal);
      await onOutput(need(place).get(folder) ?? Buffer.alloc(0));
    },
    async stageData(place, { folder, content }, signal) {
      await step(`stage ${place.source}`, signal);
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      need(place).set(folder, Buffer.concat(chunks));
    },
    async swapData(place, { staged, kept }, signal) {
      await step(`swap ${place.source}`, signal);
      const tree = need(place);
      const [next, now] = [tree.get(staged), tree.get('')];
      if (next === undefined || now === undefined) throw new ReconcilerError('TARGET_ERROR', `no ${staged}`);
      tree.set(kept, now);
      tree.set('', next);
      tree.delete(staged);
    },
    async dropData(place, folder, signal) {
      await step(`drop ${folder} of ${place.source}`, signal);
      need(place).delete(folder);
    },
  };
}

function usersOf(engine: MemoryEngine): readonly DataUser[] {
  const users: DataUser[] = [];
  for (const [stack, slots] of engine.stacks) {
    for (const { current } of slots.values()) {
      if (current?.kind !== 'container') continue;
      const mounts = (asList(current.spec['mounts']) ?? []).flatMap((mount) => toMount(mount));
      const name = asString(current.spec['name']) ?? current.name;
      const running = current.state === 'running';
      if (mounts.length > 0) users.push({ name, owner: { stack, id: current.id }, running, mounts });
    }
  }
  return users.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toMount(value: unknown): readonly DataMount[] {
  const fields = asFields(value) ?? {};
  const [source, target] = [asString(fields['source']), asString(fields['target'])];
  const kind = fields['type'] === 'volume' ? 'volume' : fields['type'] === 'bind' ? 'directory' : null;
  if (kind === null || source === undefined || target === undefined) return [];
  return [{ kind, source, target, readOnly: fields['readOnly'] === true }];
}
