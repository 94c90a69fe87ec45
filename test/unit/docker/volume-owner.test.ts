import { expect, it } from 'vitest';
import { findOwner } from '../../../reconciler/adapters/docker/containers/owner.ts';

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
