import { expect, it } from 'vitest';
import { signersAt } from '../../../reconciler/adapters/git/signatures/allowed-signers.ts';

const KEY = 'ssh-ed25519 AAAA';
const NOW = Date.UTC(2026, 5, 15, 12, 0, 0);

it.each([
  ['', true],
  ['namespaces="git" ', true],
  ['valid-after="20200101",valid-before="20270101" ', true],
  ['valid-before="20260101" ', false],
  ['namespaces="git",valid-before="20260101" ', false],
  ['VALID-BEFORE="20260101",namespaces="git" ', false],
  ['valid-after="20270101" ', false],
  ['valid-before="202606151159Z" ', false],
  ['valid-before="202606151201Z" ', true],
  ['valid-before="20260615115959Z" ', false],
  ['valid-before="20260615120001z" ', true],
  ['valid-after="20260615120001Z" ', false],
  // Refused by ssh-keygen itself.
  ['valid-before="soon" ', true],
  // Certificates live for hours: their commits are merged later.
  ['cert-authority,valid-before="20260101" ', true],
])('a line with %j counts: %s', (options, counts) => {
  const line = `ada@example.org ${options}${KEY}`;
  expect(signersAt(`# keys\n${line}\n`, NOW)).toBe(counts ? `# keys\n${line}\n` : '# keys\n');
});

it('other lines stay as they are, with the principals as they are written', () => {
  const file = `"ada@example.org,*@b.example" valid-before="20260101" ${KEY}\nbob@example.org ${KEY}`;
  expect(signersAt(file, NOW)).toBe(`bob@example.org ${KEY}`);
});
