import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireStateLock } from '../../../api/cli/session/state-lock.ts';

const holder = { pid: 4711, command: 'serve', since: '2026-01-01T00:00:00Z' };
let parent: string;
let stateDir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kombinator-lock-'));
  stateDir = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true }));

it('lets one in and tells the next who is there and how to reach it', () => {
  using lock = acquireStateLock(stateDir, holder);
  lock.describe({ ...holder, url: 'http://127.0.0.1:5260' });
  expect(() => acquireStateLock(stateDir, { ...holder, command: 'apply' })).toThrow(
    /`kombinator serve` \(process 4711, since 2026-01-01T00:00:00Z\).*--server http:\/\/127\.0\.0\.1:5260/,
  );
});

it('advises to wait for one that ends by itself', () => {
  using _lock = acquireStateLock(stateDir, { ...holder, command: 'apply' });
  expect(() => acquireStateLock(stateDir, holder)).toThrow(
    `is using the state directory ${stateDir}: wait until it has ended, or choose another directory with --state-dir`,
  );
});

it('is free again once it was released, and leaves no note', () => {
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
  expect(existsSync(join(stateDir, 'lock.json'))).toBe(false);
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
});

it.each([
  { what: 'of a killed process', note: JSON.stringify(holder) },
  { what: 'that was half written', note: '{"pid":' },
])('is not held by a note $what', ({ note }) => {
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
  writeFileSync(join(stateDir, 'lock.json'), note);
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
});

it('says that a state directory cannot be used', () => {
  const file = join(parent, 'a-file');
  writeFileSync(file, '');
  expect(() => acquireStateLock(file, holder)).toThrow('cannot use the state directory');
});

it('takes a damaged lock file for none, unless somebody holds it', () => {
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
  const damage = () => {
    writeFileSync(join(stateDir, 'lock.db'), 'garbage '.repeat(500));
    writeFileSync(join(stateDir, 'lock.json'), '{');
  };
  damage();
  using _lock = acquireStateLock(stateDir, holder);
  damage();
  expect(() => acquireStateLock(stateDir, { ...holder, command: 'apply' })).toThrow(
    'is using the state directory',
  );
});

it('says in a sentence that the note cannot be written', () => {
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
  mkdirSync(join(stateDir, 'lock.json'));
  expect(() => acquireStateLock(stateDir, holder)).toThrow(`cannot use the state directory ${stateDir}`);
  rmdirSync(join(stateDir, 'lock.json'));
  acquireStateLock(stateDir, holder)[Symbol.dispose]();
});

it('is open to nobody else, who could hold it for ever', () => {
  using _lock = acquireStateLock(stateDir, holder);
  expect(statSync(join(stateDir, 'lock.db')).mode & 0o777).toBe(0o600);
});
