import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { access, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withDeadline } from '../../../reconciler/adapters/git/remote/deadline.ts';
import { createHttpClient } from '../../../reconciler/adapters/git/remote/http-client.ts';
import { withinSize } from '../../../reconciler/adapters/git/remote/pack-size.ts';
import { takeRefs } from '../../../reconciler/adapters/git/remote/transport.ts';
import { createGitCommand } from '../../../reconciler/adapters/git/repository/git-command.ts';
import { hashObject, TREE_MODE, formatTree } from '../../../reconciler/adapters/git/repository/objects.ts';
import { createObjectStore } from '../../../reconciler/adapters/git/repository/object-store.ts';
import { createRefs } from '../../../reconciler/adapters/git/repository/refs.ts';
import { diffTrees } from '../../../reconciler/adapters/git/repository/tree-diff.ts';

const { signal } = new AbortController();

it('reads a list of refs up to a bound, and lets go of who goes on sending', async () => {
  const block = Buffer.alloc(1024 ** 2, '0');
  const ended = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    function* endless() {
      for (;;) yield block;
    }
    pipeline(Readable.from(endless()), response, () => ended.resolve());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/info/refs`;
  const reading = withDeadline({ location: url, timeoutMs: 60_000, signal }, async (deadline) => {
    const { body } = await createHttpClient(undefined)(deadline).request({ url, method: 'GET' });
    for await (const _ of body ?? []) continue;
  });
  await expect(reading).rejects.toMatchObject({
    code: 'GIT_ERROR',
    message: expect.stringContaining('more than 64 MiB') as string,
  });
  await ended.promise;
  server.close();
});

it('waits no longer for a remote that only says that it is there', async () => {
  const dripping = withDeadline({ location: 'remote', timeoutMs: 100, signal }, async (deadline) => {
    while (!deadline.signal.aborted) {
      await delay(1);
      deadline.touch(1);
    }
  });
  await expect(dripping).rejects.toMatchObject({ code: 'REPOSITORY_UNREACHABLE' });
});

const ID = '1'.repeat(40);

it.each(['refs/tags/../../x', 'refs/tags/a/../../../x', 'HEAD', '../x', 'refs/heads/a b', 'refs/tags/a\n/b'])(
  'takes %s for no ref, from a remote and in a repository',
  async (name) => {
    expect([...takeRefs([[name, ID]])]).toEqual([]);
    await using directory = await mkdtempDisposable(join(tmpdir(), 'kombinator-refs-'));
    const refs = createRefs(join(directory.path, 'x.git'));
    const refused = { code: 'GIT_ERROR', message: expect.stringContaining('cannot be the name') as string };
    await expect(refs.update(name, ID)).rejects.toMatchObject(refused);
    await expect(refs.put([{ name, id: ID }])).rejects.toMatchObject(refused);
    await expect(refs.remove(name, ID)).rejects.toMatchObject(refused);
  },
);

it('takes no more refs, and no ids that are none', () => {
  expect([...takeRefs([['refs/tags/a', 'HEAD:x']])]).toEqual([]);
  function* endless() {
    for (let number = 0; ; number += 1) yield [`refs/tags/${number}`, ID] as const;
  }
  expect(() => takeRefs(endless())).toThrow('more than 250000 branches and tags');
});

it('reads no directories without end: each holds the same one twice', async () => {
  const put = (id: string) =>
    formatTree(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => ({ mode: TREE_MODE, name, id })),
    );
  const bomb = put(ID);
  let read = 0;
  const reading = diffTrees(
    async () => {
      read += 1;
      if (read > 500_000) throw new Error('it goes on for ever');
      return bomb;
    },
    null,
    ID,
  );
  await expect(reading).rejects.toThrow('more than 1000000 files and directories');
});

it('reads no commit, tag or tree that is larger than any', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'kombinator-objects-'));
  const git = createGitCommand();
  await git.run(['init', '-q', '--bare', directory.path]);
  using store = createObjectStore(directory.path, git);
  const id = await store.write('commit', Buffer.alloc(5 * 1024 ** 2, 'a'));
  await expect(store.read(id)).rejects.toMatchObject({
    code: 'GIT_ERROR',
    message: expect.stringContaining(`the commit ${id} has 5242880 bytes`) as string,
  });
  expect(hashObject('commit', Buffer.alloc(5 * 1024 ** 2, 'a'))).toBe(id);
});

it('ends a fetch that fills the disk, and takes away what it has written', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'kombinator-pack-'));
  await mkdir(join(directory.path, 'objects', 'pack'), { recursive: true });
  const part = join(directory.path, 'objects', 'pack', 'tmp_pack_1');
  const deadline = { signal, touch: () => undefined };
  const fetching = withinSize(
    directory.path,
    deadline,
    async (bounded) => {
      await writeFile(part, Buffer.alloc(2 * 1024 ** 2));
      const { promise, reject } = Promise.withResolvers<never>();
      bounded.signal.addEventListener('abort', () => reject(bounded.signal.reason as Error));
      return promise;
    },
    1024 ** 2,
  );
  await expect(fetching).rejects.toMatchObject({ code: 'GIT_ERROR' });
  await expect(access(part)).rejects.toThrow('ENOENT');
});

it('tells how much a program says, and not only that it does', async () => {
  const signs: number[] = [];
  await createGitCommand('printf').run(['12345'], { onOutput: (bytes) => void signs.push(bytes) });
  expect(signs).toEqual([5]);
});
