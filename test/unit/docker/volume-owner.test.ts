import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import type { Engine } from '../../../reconciler/adapters/docker/engine/engine.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { findOwner, giveVolumes } from '../../../reconciler/adapters/docker/containers/owner.ts';

const TABLES: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/:/bin/sh\nweb:x:1000:50:web:/:/bin/sh\n7:x:70:70::/:\n',
  '/etc/group': 'root:x:0:\nstaff:x:50:web\n',
};

it.each([
  ['1000', { uid: 1000, gid: 50 }],
  ['2000', { uid: 2000, gid: 0 }],
  ['2000:3', { uid: 2000, gid: 3 }],
  ['2000:staff', { uid: 2000, gid: 50 }],
  ['web', { uid: 1000, gid: 50 }],
  ['web:0', { uid: 1000, gid: 0 }],
  ['nobody', null],
  ['web:nogroup', null],
])('finds who %s is', async (user, want) => {
  expect(await findOwner(user, (path) => Promise.resolve(TABLES[path] ?? ''))).toEqual(want);
});

it('asks for no table when numbers say it all', async () => {
  expect(await findOwner('5:6', () => Promise.reject(new Error('asked')))).toEqual({ uid: 5, gid: 6 });
});

it('reads no table that is larger than any', async () => {
  const account = 'web:x:1000:50:web:/:/bin/sh\n';
  const asked: string[] = [];
  const tableOf = (size: number): Pick<Engine, 'getArchive' | 'putArchive'> => ({
    getArchive(_id, path) {
      asked.push(path);
      const archive = pack();
      archive.entry({ name: 'passwd' }, account.padEnd(size, '#'));
      archive.finalize();
      return Promise.resolve(Readable.from(archive));
    },
    putArchive: () => Promise.resolve(),
  });
  const spec = { user: 'web', mounts: [{ type: 'volume', source: 'v', target: '/v', chown: true }] } as const;
  const give = (size: number) =>
    giveVolumes(
      tableOf(size) as Engine,
      'id',
      spec as unknown as ContainerSpec,
      new AbortController().signal,
    );
  expect(await give(1_024)).toMatchObject({ owner: { uid: 1000, gid: 50 } });
  expect(await give(2 ** 20 + 1)).toBeNull();
  expect(new Set(asked)).toEqual(new Set(['/etc/passwd', '/v']));
});
