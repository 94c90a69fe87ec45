import { armor, generateIdentity, identityToRecipient } from 'age-encryption';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCommands } from '../../../reconciler/adapters/secrets/commands.ts';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { errorMessage } from '../../../reconciler/base/errors.ts';
import { createGivenSecrets } from '../../../reconciler/run/operations/given-secrets.ts';
import { createMemoryVault } from '../../support/fakes/memory-vault.ts';
import { encryptAge } from '../../support/sops-file.ts';

const signal = new AbortController().signal;
const node = (code: string) => ({ words: [process.execPath, '-e', code] });

describe('sources of secrets', () => {
  let stateDir: string;
  const env: Record<string, string | undefined> = {};
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'kombinator-sources-'));
    for (const name of Object.keys(env)) delete env[name];
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));
  const vault = createMemoryVault();

  const open = async (content: Uint8Array) =>
    (await createSecrets({ stateDir, env }).open({ store: 'age', path: 'key.age', content }))
      .get('')
      .reveal();
  const run = (command: { readonly words: readonly string[] }, argument = 'x', commandTimeoutMs = 10_000) =>
    createSecrets({ stateDir, env, commands: new Map([['c', command]]), commandTimeoutMs })
      .run('c', argument, signal)
      .then(
        (secret) => secret.reveal(),
        (error: unknown) => String(error),
      );

  it('takes what was given over the API where the operator has no file of that name', () => {
    const { giveSecrets } = createGivenSecrets(vault);
    giveSecrets(new Map([['shop.keys.TOKEN', 'given']]));
    giveSecrets(
      new Map([
        ['shop.keys.TOKEN', 'else'],
        ['shop.keys.OTHER', 'else'],
      ]),
    )();
    const secrets = createSecrets({ stateDir, env, vault });
    const read = (name: string) => secrets.resolve(`secret://file/${name}`).reveal();
    expect(read('shop.keys.TOKEN')).toBe('given');
    expect(() => read('shop.keys.OTHER')).toThrow();
    mkdirSync(join(stateDir, 'secrets'));
    writeFileSync(join(stateDir, 'secrets/shop.keys.TOKEN'), 'of the operator\n', { mode: 0o600 });
    expect(read('shop.keys.TOKEN')).toBe('of the operator');
    expect(() => giveSecrets(new Map([['../admin.key', 'x']]))).toThrow('not names of secrets: ../admin.key');
    const { version } = vault;
    const many = new Map(Array.from({ length: 201 }, (_, at) => [`shop.keys.K${at}`, 'x']));
    expect(() => giveSecrets(many)).toThrow('201 values are given; 200 at once are the most');
    giveSecrets(new Map([['shop.keys.TOKEN', vault.get('secret/shop.keys.TOKEN')?.reveal() ?? '']]))();
    expect(vault.version).toBe(version);
  });

  it('forgets what was given for one stack, and for no other', () => {
    const { giveSecrets, forgetSecrets } = createGivenSecrets(vault);
    giveSecrets(
      new Map([
        ['shop.keys.TOKEN', 'given'],
        ['shop.web.ENV.MODE', 'given'],
        ['shop-2.keys.TOKEN', 'kept'],
      ]),
    );
    forgetSecrets('shop');
    expect(vault.names('secret/')).toEqual(['secret/shop-2.keys.TOKEN']);
  });

  it('opens age files, binary and armored, with a key from any place', async () => {
    const identity = await generateIdentity();
    const sealed = await encryptAge('hunter2', await identityToRecipient(identity));
    const path = join(stateDir, 'keys.txt');
    writeFileSync(path, `# comment\n${await generateIdentity()}\n${identity}\n`);
    await expect(open(sealed)).rejects.toThrow('1 recipient of kind X25519, and the daemon has no age key');
    for (const places of [
      { KOMBINATOR_AGE_KEY: identity },
      { KOMBINATOR_AGE_KEY_FILE: path },
      { SOPS_AGE_KEY_FILE: path },
    ]) {
      for (const name of Object.keys(env)) delete env[name];
      Object.assign(env, places);
      expect(await open(sealed)).toBe('hunter2');
      expect(await open(Buffer.from(armor.encode(sealed)))).toBe('hunter2');
    }
  });

  it('tells of keys that cannot be read, and never repeats them', async () => {
    const identity = await generateIdentity();
    const sealed = await encryptAge('hunter2', await identityToRecipient(identity));
    env['KOMBINATOR_AGE_KEY_FILE'] = join(stateDir, 'nowhere');
    env['KOMBINATOR_AGE_KEY'] = identity.slice(0, -3);
    const message = await open(sealed).catch(String);
    expect(message).toContain('the file of KOMBINATOR_AGE_KEY_FILE cannot be read (ENOENT)');
    expect(message).toContain('KOMBINATOR_AGE_KEY holds a line that is no age identity');
    expect(message).not.toContain('AGE-SECRET-KEY');
  });

  it('refuses a damaged age file', async () => {
    const identity = await generateIdentity();
    env['KOMBINATOR_AGE_KEY'] = identity;
    const sealed = Buffer.from(await encryptAge('hunter2', await identityToRecipient(identity)));
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    await expect(open(sealed)).rejects.toThrow('it is damaged or not an age file');
    await expect(open(Buffer.from('plain'))).rejects.toThrow('it is not an age file');
  });

  it.each([
    ['process.stdout.write(process.argv[1] + "\\n")', '$(id); x', '$(id); x'],
    ['process.stdout.write("two\\n\\n")', '', 'two\n'],
  ])('runs %s without a shell', async (code, argument, value) => {
    expect(await run(node(code), argument)).toBe(value);
  });

  it('puts the argument where the operator wants it', async () => {
    expect(await run({ words: [...node('console.log(process.argv[1])').words, 'a/{}/b'] }, '$&')).toBe(
      'a/$&/b',
    );
  });

  it.each([
    [node('process.exit(3)'), 'it ended with 3'],
    [node('console.error("leaked-value"); process.exit(1)'), 'it ended with 1'],
    [node(''), 'printed nothing'],
    [node('process.stdout.write("y".repeat(1e6)); setInterval(() => {}, 1e6)'), 'more than 65536 bytes'],
    [{ words: ['/no/such/program'] }, 'there is no such program'],
  ])('says why %j gave nothing', async (command, reason) => {
    const message = await run(command);
    expect(message).toContain('no secret "secret://command/c/x"');
    expect(message).toContain(reason);
    expect(message).not.toMatch(/leaked-value|yyy/);
  });

  it('ends a command that takes too long', async () => {
    expect(await run(node('setInterval(() => {}, 1e6)'), 'x', 50)).toContain('did not end within 50 ms');
  });

  it.each([
    // Programs that a command has started hold its output open when it has ended itself, and fill it when it was killed.
    ['sleep 3 & echo x', 'did not end within 500 ms'],
    ['setsid sleep 3 & echo x', 'did not end within 500 ms'],
    ['yes; true', 'more than 65536 bytes'],
  ])('ends with %s what it has started, and waits for nothing else', async (script, reason) => {
    expect(await run({ words: ['/bin/sh', '-c', script] }, '', 500)).toContain(reason);
  });

  it('tries no more recipients of an age file than it may have', async () => {
    env['KOMBINATOR_AGE_KEY'] = await generateIdentity();
    const text = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '');
    const recipients = Array.from({ length: 101 }, () => `-> X25519 ${text(32)}\n${text(32)}\n`).join('');
    const sealed = Buffer.from(`age-encryption.org/v1\n${recipients}--- ${text(32)}\n${text(64)}`);
    await expect(open(sealed)).rejects.toThrow('it has 101 recipients or more; at most 100 are tried');
  });

  it('reads commands of the state directory and of options, the latter win', () => {
    expect([...readCommands(stateDir, [])]).toEqual([]);
    writeFileSync(join(stateDir, 'secrets.yaml'), 'commands:\n  a: [pass, show]\n  b: [/bin/b]\n');
    expect([...readCommands(stateDir, ['b=vault kv  get'])]).toEqual([
      ['a', { words: ['pass', 'show'] }],
      ['b', { words: ['vault', 'kv', 'get'] }],
    ]);
  });

  it.each([
    ['commands: [a]', [], 'no map of commands'],
    ['commands: { a: [./b] }', [], 'the command a is not'],
    ['a: [', [], 'is not YAML (line 1, column 5)'],
    ['commands: {}', ['novalue'], 'the command (no name) is not'],
    ['commands: {}', ['../x=pass'], 'the command ../x is not'],
  ])('refuses %j with %j', (text, options, reason) => {
    writeFileSync(join(stateDir, 'secrets.yaml'), text);
    expect(() => readCommands(stateDir, options)).toThrow(reason);
  });

  it('quotes nothing of a secrets.yaml that cannot be read', () => {
    writeFileSync(join(stateDir, 'secrets.yaml'), 'root: hunter2\nleaked: [hunter2\n: {');
    const read = (): string => {
      try {
        readCommands(stateDir, []);
        return '';
      } catch (error) {
        return errorMessage(error);
      }
    };
    expect(read()).toMatch(/^secrets\.yaml of the state directory is not YAML \(line \d, column \d+\)$/);
  });
});
