import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatTree,
  hashObject,
  parseTree,
  TREE_MODE,
} from '../../../reconciler/adapters/git/repository/objects.ts';
import type { TreeEntry } from '../../../reconciler/adapters/git/repository/objects.ts';
import { diffEntries, diffTrees } from '../../../reconciler/adapters/git/repository/tree-diff.ts';

/** Files by path, written as tree objects in memory; counts how many are read. */
function createTrees(): {
  readonly write: (files: Readonly<Record<string, string>>) => string;
  readonly put: (entries: readonly TreeEntry[]) => string;
  readonly read: (id: string) => Promise<Buffer>;
  readonly reads: () => number;
} {
  const stored = new Map<string, Buffer>();
  let reads = 0;
  const put = (entries: readonly TreeEntry[]): string => {
    const raw = formatTree(entries);
    const id = hashObject('tree', raw);
    stored.set(id, raw);
    return id;
  };
  const write = (files: Readonly<Record<string, string>>): string => {
    const entries = new Map<string, TreeEntry>();
    const below = new Map<string, Record<string, string>>();
    for (const [path, content] of Object.entries(files)) {
      const slash = path.indexOf('/');
      if (slash < 0) entries.set(path, blob(path, content));
      else {
        const name = path.slice(0, slash);
        const part = below.get(name) ?? {};
        part[path.slice(slash + 1)] = content;
        below.set(name, part);
      }
    }
    for (const [name, part] of below) entries.set(name, { mode: TREE_MODE, name, id: write(part) });
    return put([...entries.values()]);
  };
  return {
    write,
    put,
    read: async (id) => {
      reads += 1;
      return stored.get(id) ?? Buffer.alloc(0);
    },
    reads: () => reads,
  };
}

function blob(name: string, content: string, mode = '100644'): TreeEntry {
  return { mode, name, id: hashObject('blob', Buffer.from(content)) };
}

describe('diffTrees', () => {
  it.each([
    { when: 'nothing changed', before: { a: '1' }, after: { a: '1' }, want: [] },
    { when: 'a file is new', before: { a: '1' }, after: { a: '1', b: '2' }, want: ['+b'] },
    { when: 'a file is gone', before: { a: '1', b: '2' }, after: { b: '2' }, want: ['-a'] },
    {
      when: 'a deep file changed',
      before: { 'x/y/z': '1', q: '1' },
      after: { 'x/y/z': '2', q: '1' },
      want: ['~x/y/z'],
    },
    { when: 'a file became a directory', before: { a: '1' }, after: { 'a/b': '1' }, want: ['-a', '+a/b'] },
    { when: 'a directory became a file', before: { 'a/b': '1' }, after: { a: '1' }, want: ['+a', '-a/b'] },
    {
      when: 'a directory was renamed',
      before: { 'a/f': '1' },
      after: { 'b/f': '1' },
      want: ['-a/f', '+b/f'],
    },
    {
      when: 'names sort differently as files and directories',
      before: { 'a/x': '1', 'a.b': '1', a0: '1' },
      after: { a: '1', 'a.b': '2', 'a0/x': '1' },
      want: ['+a', '~a.b', '-a/x', '-a0', '+a0/x'],
    },
  ])('tells $want when $when', async ({ before, after, want }) => {
    const trees = createTrees();

    const changes = await diffTrees(trees.read, trees.write(before), trees.write(after));

    const signs = changes.map(
      (change) => `${change.before ? (change.after ? '~' : '-') : '+'}${change.path}`,
    );
    expect(signs).toEqual(want);
  });

  it('reads two trees a level for one change among 10,000 directories', async () => {
    const trees = createTrees();
    const stacks = Array.from({ length: 10_000 }, (_, index) =>
      blob(`stack-${index}`, `${index}`, TREE_MODE),
    );
    const root = (content: string): string => {
      const id = trees.write({ 'kombination.yaml': content });
      const changed = stacks.map((entry) => (entry.name === 'stack-5000' ? { ...entry, id } : entry));
      return trees.put([{ mode: TREE_MODE, name: 'kombinations', id: trees.put(changed) }]);
    };
    const [before, after] = [root('before'), root('after')];

    const changes = await diffTrees(trees.read, before, after);

    expect(changes.map(({ path }) => path)).toEqual(['kombinations/stack-5000/kombination.yaml']);
    expect(trees.reads()).toBe(6);
  });

  it('agrees with a comparison of all files, whatever changes', async () => {
    const name = fc.constantFrom('a', 'a.b', 'a0', 'b', 'c/a', 'c/b', 'd/e/f', 'd/e/g', 'ü/x', 'z');
    const files = fc.dictionary(name, fc.constantFrom('1', '2', '3'));
    await fc.assert(
      fc.asyncProperty(files, files, async (before, after) => {
        const trees = createTrees();

        const changes = await diffTrees(trees.read, trees.write(before), trees.write(after));

        const expected = [...new Set([...Object.keys(before), ...Object.keys(after)])]
          .filter((path) => before[path] !== after[path])
          .sort();
        expect(changes.map(({ path }) => path)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('takes a mode with a zero in front for what it is', async () => {
    const trees = createTrees();
    const inner = trees.put([blob('f', '1')]);
    const root = trees.put([{ mode: `0${TREE_MODE}`, name: 'd', id: inner }]);
    expect((await diffTrees(trees.read, null, root)).map(({ path }) => path)).toEqual(['d/f']);
  });

  it('leaves out names that lead out of the repository, and names submodules', async () => {
    const raw = Buffer.concat(
      ['100644 ..', '40000 .git', '160000 module', '100644 a/b', '100644 good'].map((head) =>
        Buffer.concat([Buffer.from(`${head}\0`), Buffer.alloc(20, 1)]),
      ),
    );

    const changes = await diffTrees(async () => raw, null, 'root');

    expect(changes.map(({ path, after }) => `${path} ${after?.type}`)).toEqual([
      'good file',
      'module submodule',
    ]);
  });

  it('refuses damaged trees instead of reading past their end', async () => {
    const cut = formatTree([blob('a', '1'), blob('b', '2')]).subarray(0, -1);

    await expect(diffTrees(async () => cut, null, 'root')).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });
});

describe('diffEntries', () => {
  it('parses only what differs', () => {
    const many = Array.from({ length: 2000 }, (_, index) => blob(`file-${index}`, 'same'));
    const changed = many.map((entry) => (entry.name === 'file-77' ? blob('file-77', 'other') : entry));

    const [left, right] = diffEntries(formatTree(many), formatTree(changed));

    expect([left.map(({ name }) => name), right.map(({ name }) => name)]).toEqual([['file-77'], ['file-77']]);
  });

  it('is not misled by ids that share bytes or contain separators', () => {
    const entry = (name: string, fill: number, last: number): TreeEntry => {
      const id = Buffer.alloc(20, fill);
      id[19] = last;
      return { mode: '100644', name, id: id.toString('hex') };
    };
    const a = [entry('a', 0, 0), entry('b', 0x20, 1), entry('c', 0, 1)];
    const b = [entry('a', 0, 0), entry('b', 0x20, 0), entry('c', 0, 1)];

    const [left, right] = diffEntries(formatTree(a), formatTree(b));

    expect(left).toEqual([a[1]]);
    expect(right).toEqual([b[1]]);
    expect(parseTree(formatTree(a))).toEqual(a);
  });
});
