import { expect, it } from 'vitest';
import { parseImportAddress } from '../../../reconciler/run/imports/import-address.ts';

const SHOP = 'https://github.com/acme/shop';

it.each([
  [SHOP, { address: SHOP, branch: null, directory: '' }],
  ['github.com/acme/shop', { address: SHOP, branch: null, directory: '' }],
  [` ${SHOP}/ `, { address: SHOP, branch: null, directory: '' }],
  [`${SHOP}.git?x#y`, { address: `${SHOP}.git`, branch: null, directory: '' }],
  [`${SHOP}/tree/next`, { address: SHOP, branch: 'next', directory: '' }],
  [`${SHOP}/tree/next/deploy/prod`, { address: SHOP, branch: 'next', directory: 'deploy/prod' }],
  [
    'https://gitlab.com/a/b/c/-/tree/v1/x',
    { address: 'https://gitlab.com/a/b/c', branch: 'v1', directory: 'x' },
  ],
  [
    'http://git.example/a/b/src/branch/main',
    { address: 'http://git.example/a/b', branch: 'main', directory: '' },
  ],
])('%s is a repository', (text, expected) => expect(parseImportAddress(text)).toEqual(expected));

it.each([
  '',
  '/srv/git',
  'file:///srv/git',
  'ssh://git@github.com/a/b',
  'git@github.com:a/b',
  'ext::sh',
  'https://user:password@github.com/a/b',
  'https://github.com',
  'https://github.com/a/b%2f..%2fc',
  'https://github.com/a/b%5c',
  `${SHOP}/tree/%zz`,
  `${SHOP}/tree/main/%e0%a4`,
  `${SHOP}/tree/main/a%0ab`,
])('%j is none, and its credentials are not told', (text) => {
  const parse = () => parseImportAddress(text);
  expect(parse).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  expect(parse).not.toThrow(/password/);
});
