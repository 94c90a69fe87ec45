import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSeal } from '../../../reconciler/daemon/seal-key.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kombinator-seal-'));
});
afterEach(() => {
  chmodSync(stateDir, 0o700);
  rmSync(stateDir, { recursive: true });
});

const VISIBLE = '0'.repeat(32);
const path = () => join(stateDir, 'digest.key');

it('is made at the first use, for its owner only, and is the same for every process after that', () => {
  const seal = openSeal(stateDir);
  expect(existsSync(path())).toBe(false);
  const sealed = seal.of('digest', VISIBLE);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(readdirSync(stateDir)).toEqual(['digest.key']);
  expect(openSeal(stateDir).of('digest', VISIBLE)).toBe(sealed);
  rmSync(path());
  const other = openSeal(stateDir).of('digest', VISIBLE);
  expect(other).not.toBe(sealed);
  expect(openSeal(stateDir).compare(other, sealed)).toBe('unknown');
});

it('that is damaged is not replaced silently', () => {
  writeFileSync(path(), 'abc\n');
  expect(() => openSeal(stateDir).of('digest', VISIBLE)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTIONS', message: expect.stringContaining('64 hex digits') }),
  );
});

it('of a directory that is gone is an error of the store', () => {
  expect(() => openSeal(join(stateDir, 'none')).of('digest', VISIBLE)).toThrow(
    expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true }),
  );
});
