import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fs from 'node:fs';
import * as git from 'isomorphic-git';
import { describe, expect, it } from 'vitest';
import { createGitCommand } from '../../../reconciler/adapters/git/repository/git-command.ts';
import { createObjectStore, createRecent } from '../../../reconciler/adapters/git/repository/object-store.ts';

describe('an object store', () => {
  it.each([
    ['with the git command', 'git'],
    ['without it', null],
  ])('reads small objects that keep nothing else in memory, %s', async (_, command) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'kombinator-objects-'));
    await git.init({ fs, dir: directory.path, gitdir: directory.path, bare: true });
    using store = createObjectStore(directory.path, createGitCommand(command));
    const text = 'a small object';
    const id = await store.write('blob', Buffer.from(text));

    const content = (await store.read(id))?.content;

    expect(content?.toString()).toBe(text);
    expect(content?.buffer.byteLength).toBe(text.length);
  });
});

describe('the objects used last', () => {
  it('take no more than their limit, however small each of them is', () => {
    const recent = createRecent(10_000);

    for (let id = 0; id < 1_000; id += 1) recent.set(String(id), { type: 'tree', content: Buffer.alloc(0) });

    expect(recent.size).toBeLessThan(20);
    expect(recent.has('999')).toBe(true);
  });
});
