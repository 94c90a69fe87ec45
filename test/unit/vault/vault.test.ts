import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVault } from '../../../reconciler/adapters/vault/vault.ts';
import { createKeyFile } from '../../../reconciler/daemon/key-file.ts';
import type { Vault } from '../../../reconciler/ports/vault.ts';
import { createMemoryVault } from '../../support/fakes/memory-vault.ts';

let stateDir = '';
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kombinator-vault-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const directory = () => join(stateDir, 'vault');
const openVault = (): Vault =>
  createVault({ directory: directory(), key: createKeyFile(join(stateDir, 'vault.key'), 'put it back') });
const files = () => readdirSync(directory()).map((name) => join(directory(), name));

describe.each([
  { name: 'in a directory', create: openVault },
  { name: 'in memory', create: createMemoryVault },
])('Vault contract: $name', ({ create }) => {
  it('gives back what was put in, text and bytes, and what took its place', () => {
    const vault = create();
    expect(vault.get('registry/a')).toBeUndefined();
    expect(vault.names('')).toEqual([]);
    vault.put('registry/a', 'correct-horse');
    vault.put('run/../b', new Uint8Array([0, 255]));
    expect(vault.get('registry/a')?.reveal()).toBe('correct-horse');
    expect([...(vault.get('run/../b')?.revealBytes() ?? [])]).toEqual([0, 255]);
    vault.put('registry/a', '');
    expect(vault.get('registry/a')?.reveal()).toBe('');
  });

  it('lists and deletes by name, and counts changes', () => {
    const vault = create();
    for (const name of ['registry/b', 'registry/a', 'cluster/a']) vault.put(name, 'x');
    expect(vault.names('registry/')).toEqual(['registry/a', 'registry/b']);
    const { version } = vault;
    expect([vault.delete('registry/a'), vault.delete('registry/a')]).toEqual([true, false]);
    expect(vault.version).toBeGreaterThan(version);
    expect(vault.get('registry/a')).toBeUndefined();
    expect(vault.names('registry/')).toEqual(['registry/b']);
  });

  it('shows nothing of a value in a text', () => {
    const vault = create();
    vault.put('a', 'correct-horse');
    expect(`${String(vault.get('a'))}${JSON.stringify(vault.get('a'))}`).not.toContain('correct-horse');
  });
});

describe('a vault in a directory', () => {
  it('holds nothing in clear, for its owner only, and outlives the process', () => {
    openVault().put('registry/a', 'correct-horse-battery');
    for (const file of [...files(), join(stateDir, 'vault.key')]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'utf8')).not.toContain('correct-horse-battery');
      expect(readFileSync(file, 'latin1')).not.toContain(
        Buffer.from('correct-horse-battery').toString('base64'),
      );
    }
    expect(statSync(directory()).mode & 0o777).toBe(0o700);
    expect(openVault().get('registry/a')?.reveal()).toBe('correct-horse-battery');
  });

  it('writes the same value otherwise each time', () => {
    const vault = openVault();
    vault.put('a', 'value');
    const before = readFileSync(files()[0] ?? '', 'utf8');
    vault.put('a', 'value');
    expect(readFileSync(files()[0] ?? '', 'utf8')).not.toBe(before);
    expect(files()).toHaveLength(1);
  });

  it.each([
    {
      when: 'a file is changed',
      harm: (file: string) =>
        writeFileSync(file, readFileSync(file, 'utf8').replace(/"data":"(.)/, '"data":"_$1')),
    },
    { when: 'a file is cut off', harm: (file: string) => writeFileSync(file, '{') },
    {
      when: 'the key is another one',
      harm: () => writeFileSync(join(stateDir, 'vault.key'), '0'.repeat(64)),
    },
    { when: 'the key is damaged', harm: () => writeFileSync(join(stateDir, 'vault.key'), 'short') },
    {
      when: 'the name in it is another one',
      harm: (file: string) =>
        writeFileSync(file, readFileSync(file, 'utf8').replace('"name":"a"', '"name":"b"')),
    },
  ])('says what to do when $when, and never shows the value', ({ harm }) => {
    openVault().put('a', 'correct-horse');
    harm(files()[0] ?? '');
    const read = () => openVault().get('a');
    expect(read).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
    expect(read).toThrow(/put (?:it|both) back/);
    expect(read).not.toThrow(/correct-horse/);
  });

  it('takes no file for another entry', () => {
    openVault().put('a', 'value of a');
    const [a = ''] = files();
    openVault().put('b', 'value of b');
    const b = files().find((file) => file !== a) ?? '';
    renameSync(a, b);
    expect(() => openVault().get('b')).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  });

  it('says so when there is no directory to write into', () => {
    writeFileSync(directory(), 'a file');
    expect(() => openVault().put('a', 'x')).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });
});
