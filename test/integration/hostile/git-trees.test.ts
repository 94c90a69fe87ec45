import { expect, it } from 'vitest';
import { formatTree, hashObject, TREE_MODE } from '../../../reconciler/adapters/git/repository/objects.ts';
import type { TreeEntry } from '../../../reconciler/adapters/git/repository/objects.ts';
import { diffTrees } from '../../../reconciler/adapters/git/repository/tree-diff.ts';

it.each([
  ['directories without a file', 100, 6, 'more than 1000000 files and directories'],
  ['a path that no file system has', 1, 3_000, 'a path of'],
])('a diff gives up on %s, made of a few objects', async (_name, copies, levels, reason) => {
  const stored = new Map<string, Buffer>();
  const put = (entries: readonly TreeEntry[]): string => {
    const raw = formatTree(entries);
    const id = hashObject('tree', raw);
    stored.set(id, raw);
    return id;
  };
  let id = put([]);
  for (let level = 0; level < levels; level += 1)
    id = put(Array.from({ length: copies }, (_, at) => ({ mode: TREE_MODE, name: `d${at}`, id })));
  const read = async (name: string) => stored.get(name) ?? Buffer.alloc(0);
  await expect(diffTrees(read, null, id)).rejects.toThrow(reason);
});
