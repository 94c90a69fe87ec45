import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureTokenKey, openUsersBegun } from '../../../api/accounts/state-file.ts';

let stateDir: string;
beforeEach(() => void (stateDir = mkdtempSync(join(tmpdir(), 'kombinator-accounts-'))));
afterEach(() => rmSync(stateDir, { recursive: true }));

it('makes a key for tokens once, private', () => {
  const key = ensureTokenKey(stateDir);

  expect(key).toHaveLength(32);
  expect(ensureTokenKey(stateDir)).toEqual(key);
  expect(statSync(join(stateDir, 'tokens.key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(stateDir)).toEqual(['tokens.key']);
});

it('makes a key that somebody has opened to others private again', () => {
  writeFileSync(join(stateDir, 'tokens.key'), `${'ab'.repeat(32)}\n`, { mode: 0o644 });

  expect(ensureTokenKey(stateDir)).toEqual(Buffer.from('ab'.repeat(32), 'hex'));
  expect(statSync(join(stateDir, 'tokens.key')).mode & 0o777).toBe(0o600);
});

it.each(['', 'secret', 'ab'.repeat(16)])('refuses a key file that holds "%s", and leaves it', (text) => {
  const path = join(stateDir, 'tokens.key');
  writeFileSync(path, text);

  expect(() => ensureTokenKey(stateDir)).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  expect(() => ensureTokenKey(stateDir)).toThrow(`${path} is damaged`);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('remembers that there have been users', () => {
  expect(openUsersBegun(stateDir).has()).toBe(false);
  openUsersBegun(stateDir).note();
  openUsersBegun(stateDir).note();
  expect(openUsersBegun(stateDir).has()).toBe(true);
});
