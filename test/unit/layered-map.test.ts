import { array, assert, constant, integer, nat, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TreeChange, TreeDirectory, TreeFile } from '../../reconciler/config/file-tree.ts';
import { listFiles, updateTree } from '../../reconciler/config/file-tree.ts';
import { LayeredMap } from '../../reconciler/base/layered-map.ts';

interface Value {
  readonly n: number;
}

const key = integer({ min: 0, max: 20 }).map(String);
const step = oneof(
  record({ kind: constant('set' as const), key, n: nat() }),
  record({ kind: constant('delete' as const), key }),
  record({ kind: constant('copy' as const) }),
);

function sorted(map: ReadonlyMap<string, Value>) {
  return [...map].toSorted(([a], [b]) => a.localeCompare(b));
}

describe('LayeredMap', () => {
  it('answers as a plain map does after any changes and copies, and leaves the originals alone', () => {
    assert(
      property(array(step, { maxLength: 300 }), (steps) => {
        const plain = new Map<string, Value>(Array.from({ length: 10 }, (_, n) => [String(n), { n: -1 }]));
        const original = new Map(plain);
        let layered = new LayeredMap<string, Value>(original);
        const copies: (readonly [LayeredMap<string, Value>, readonly (readonly [string, Value])[]])[] = [];
        for (const one of steps) {
          if (one.kind === 'set') {
            plain.set(one.key, { n: one.n });
            layered.set(one.key, { n: one.n });
          } else if (one.kind === 'delete') {
            plain.delete(one.key);
            layered.delete(one.key);
          } else {
            copies.push([layered, sorted(plain)]);
            layered = new LayeredMap(layered);
          }
        }
        expect(sorted(layered)).toEqual(sorted(plain));
        expect(layered.size).toBe(plain.size);
        expect([...layered.keys()].every((name) => layered.has(name) && plain.has(name))).toBe(true);
        for (const [copy, before] of copies) expect(sorted(copy)).toEqual(before);
        expect(original.size).toBe(10);
      }),
    );
  });

  it('keeps the order of the original and puts new keys last', () => {
    const layered = new LayeredMap(new Map(['a', 'b', 'c'].map((name) => [name, { n: 0 }])));
    layered.set('d', { n: 1 });
    layered.delete('a');
    layered.set('b', { n: 2 });

    expect([...layered.keys()]).toEqual(['b', 'c', 'd']);
  });
});

describe('updateTree in a large directory', () => {
  const file = (blob: string): TreeFile => ({ type: 'file', blob });
  const initial: TreeChange[] = Array.from({ length: 600 }, (_, n) => ({
    path: `stacks/s${n}/kombination.yaml`,
    file: file(`b${n}`),
  }));

  it('changes, adds and removes in the new tree only', () => {
    const before: TreeDirectory = updateTree(new Map(), initial);
    let tree = before;
    for (let n = 0; n < 200; n++) {
      tree = updateTree(tree, [
        { path: `stacks/s${n}/kombination.yaml`, file: n % 2 === 0 ? null : file('changed') },
        { path: `stacks/new${n}/kombination.yaml`, file: file('new') },
      ]);
    }

    const files = new Map(listFiles(tree));
    expect(files.size).toBe(600 - 100 + 200);
    expect(files.has('stacks/s0/kombination.yaml')).toBe(false);
    expect(files.get('stacks/s1/kombination.yaml')).toEqual(file('changed'));
    expect(files.get('stacks/new199/kombination.yaml')).toEqual(file('new'));
    expect([...listFiles(before)]).toHaveLength(600);
  });
});
