import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealSecret } from '../../../reconciler/adapters/secrets/seal.ts';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';

describe('sealSecret', () => {
  let root: string;
  let stateDir: string;
  let directory: string;
  const env: Record<string, string | undefined> = {};

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kombinator-seal-'));
    stateDir = join(root, '..', `${root.split('/').at(-1)}-state`);
    directory = join(root, 'stacks', 'web');
    for (const name of Object.keys(env)) delete env[name];
  });
  afterEach(() => {
    for (const path of [root, stateDir]) rmSync(path, { recursive: true, force: true });
  });

  const seal = (value: string | Uint8Array, name = 'DB_PASSWORD') =>
    sealSecret({ root, directory, stateDir, env, name, value });
  const open = async (path: string) => {
    const secrets = createSecrets({ stateDir, env });
    const file = await secrets.open({ store: 'age', path, content: readFileSync(path) });
    return file.get('').reveal();
  };
  const refusal = (name: string, value: string) =>
    seal(value, name).then(
      () => 'written',
      (error: unknown) => String(error),
    );

  it('makes the key of the state directory, and keeps its public half in the repository', async () => {
    const sealed = await seal('hunter2');

    expect(sealed).toMatchObject({
      path: join(directory, 'secrets/DB_PASSWORD.age'),
      reference: 'secret://age/secrets/DB_PASSWORD.age',
      rootReference: 'secret://age//stacks/web/secrets/DB_PASSWORD.age',
      recipientsFile: join(root, '.age-recipients'),
      madeKey: join(stateDir, 'age.key'),
      opensHere: true,
    });
    expect(statSync(join(stateDir, 'age.key')).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(readFileSync(sealed.recipientsFile, 'utf8').split('\n')[1]).toBe(sealed.recipients[0]);
    expect(readFileSync(sealed.recipientsFile, 'utf8')).not.toContain('SECRET');
    expect(readFileSync(sealed.path, 'utf8')).not.toContain('hunter2');
    expect(await open(sealed.path)).toBe('hunter2');
  });

  it('uses the key that is there, and replaces the value that was', async () => {
    const first = await seal('one');
    const second = await seal('two');

    expect([second.madeKey, second.recipients]).toEqual([null, first.recipients]);
    expect(await open(second.path)).toBe('two');
  });

  it('encrypts for the closest recipients of the repository, and says when no key here opens it', async () => {
    const theirs = await identityToRecipient(await generateIdentity());
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(root, '.age-recipients'), 'age1never-read\n');
    writeFileSync(join(root, 'stacks', '.age-recipients'), `# them\n\n${theirs}\n`);

    const sealed = await seal('hunter2');

    expect(sealed).toMatchObject({ recipients: [theirs], opensHere: false, madeKey: null });
    expect(existsSync(join(stateDir, 'age.key'))).toBe(false);
  });

  it('takes keys from the environment', async () => {
    const key = await generateIdentity();
    env['KOMBINATOR_AGE_KEY'] = key;

    const sealed = await seal('hunter2');

    expect(sealed).toMatchObject({ recipients: [await identityToRecipient(key)], madeKey: null });
    expect(await open(sealed.path)).toBe('hunter2');
  });

  // Readers drop one newline at the end.
  it.each(['one', 'one\n', 'two\nlines\n\n', ' '])('keeps %j as env gets it', async (value) => {
    const { path } = await seal(value);
    expect((await open(path)).replace(/\r?\n$/, '')).toBe(value);
  });

  it('refuses what cannot be a secret, and names no value', async () => {
    mkdirSync(directory, { recursive: true });
    expect(await refusal('../up', 'hunter2')).toContain('"../up" is no name of a secret');
    expect(await refusal('A', '')).toContain('the value of A is empty');
    expect(await refusal('A', 'x'.repeat(65_537))).toContain('65537 bytes');
    writeFileSync(join(directory, '.age-recipients'), 'age1x\nAGE-SECRET-KEY-1ABC\n');
    const private_ = await refusal('A', 'hunter2');
    expect(private_).toContain('.age-recipients:2: the line is no public key');
    expect(private_).not.toContain('SECRET-KEY');
    writeFileSync(join(directory, '.age-recipients'), 'age1mistyped\n');
    expect(await refusal('A', 'hunter2')).toContain('age1mistyped is no public key');
    expect(existsSync(join(directory, 'secrets'))).toBe(false);
  });

  it('makes no key where one is named that cannot be read', async () => {
    env['KOMBINATOR_AGE_KEY_FILE'] = join(root, 'away');
    expect(await refusal('A', 'hunter2')).toContain('the file of KOMBINATOR_AGE_KEY_FILE cannot be read');
    expect(existsSync(stateDir)).toBe(false);
  });
});
