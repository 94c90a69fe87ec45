import { readRule } from '../../../reconciler/adapters/secrets/sops-rules.ts';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSops } from '../../../reconciler/adapters/secrets/sops.ts';
import type { Identities } from '../../../reconciler/adapters/secrets/identities.ts';
import type { PlainNode, SopsOptions } from '../../support/sops-file.ts';
import { encryptSops } from '../../support/sops-file.ts';

let mine: Identities;
let other: Identities;

async function newIdentities(): Promise<Identities> {
  const key = await generateIdentity();
  return { keys: [key], recipients: [await identityToRecipient(key)], problems: [] };
}

beforeAll(async () => {
  [mine, other] = await Promise.all([newIdentities(), newIdentities()]);
});

const PLAIN = {
  db: { password: 'hunter2', port: 5432, ratio: 0.25, tls: true, nothing: null, empty: '' },
  hosts: [{ token: 'abc' }, { token: 'd\nef' }],
  'tls.key': 'dotted',
  note_unencrypted: 'in clear',
  '10': 'after',
} satisfies Readonly<Record<string, PlainNode>>;

const seal = (options: Partial<SopsOptions> = {}, plain: { readonly [key: string]: PlainNode } = PLAIN) =>
  encryptSops(plain, { recipients: [...other.recipients, ...mine.recipients], ...options });

const open = async (text: string, name = 'x.sops.yaml', identities = mine) =>
  openSops(name, Buffer.from(text), identities);

const failure = (text: string, name?: string, identities?: Identities) =>
  open(text, name, identities).then(
    () => 'opened',
    (error: unknown) => String(error),
  );

describe('openSops', () => {
  it.each([
    ['db.password', 'hunter2'],
    ['db.port', '5432'],
    ['db.ratio', '0.25'],
    ['db.tls', 'true'],
    ['db.empty', ''],
    ['hosts.1.token', 'd\nef'],
    ['tls.key', 'dotted'],
    ['note_unencrypted', 'in clear'],
    ['10', 'after'],
  ])('reads %s from YAML and JSON', async (key, value) => {
    const [yaml, json] = await Promise.all([seal(), seal({ format: 'json' })]);
    expect((await open(yaml)).get(key).reveal()).toBe(value);
    expect((await open(json, 'x.sops.json')).get(key).reveal()).toBe(value);
  });

  it('reads dotenv', async () => {
    const text = await seal({ format: 'dotenv' }, { USER: 'eve', PASSWORD: 'two\nlines' });
    const file = await open(text, 'x.sops.env');
    expect(file.get('PASSWORD').reveal()).toBe('two\nlines');
    expect(file.get('').reveal()).toBe('USER=eve\nPASSWORD=two\\nlines\n');
  });

  it('reads binary files as a whole', async () => {
    const text = await seal({ format: 'json' }, { data: '-----BEGIN\n' });
    expect((await open(text, 'cert.sops')).get('').reveal()).toBe('-----BEGIN\n');
  });

  it('gives a whole YAML or JSON file in its own format', async () => {
    const plain = { a: { b: 'x' }, n: 1 };
    expect((await open(await seal({}, plain))).get('').reveal()).toBe('a:\n  b: x\nn: 1\n');
    const json = (await open(await seal({ format: 'json' }, plain), 'x.json')).get('').reveal();
    expect(JSON.parse(json)).toEqual(plain);
  });

  it.each<Partial<SopsOptions>>([
    { rule: { encrypted_regex: '^(password|token)$' } },
    { rule: { encrypted_regex: '^(password|token)$' }, macOnlyEncrypted: true },
    { rule: { unencrypted_suffix: 'port' } },
    // Not run here, as it could take for ever: what is encrypted is told by looking at the values.
    { rule: { encrypted_regex: '(pass(word)?)+' } },
  ])('honours %j', async (options) => {
    const file = await open(await seal(options));
    expect(file.get('db.password').reveal()).toBe('hunter2');
    expect(file.get('db.port').reveal()).toBe('5432');
  });

  it.each([
    `${'.*'.repeat(40)}x`,
    `${'(a|s|.)?'.repeat(40)}x`,
    `^${'a*'.repeat(9)}$`,
    `${'(?:a|a)'.repeat(30)}b`,
  ])('does not run what takes for ever without a group that repeats: %s', (pattern) => {
    const rule = readRule(new Map([['encrypted_regex', pattern]]), 'x.yaml');
    expect(rule(['a'.repeat(190)])).toBeNull();
  });

  it('runs what is cheap until a file has had its share', () => {
    const rule = readRule(new Map([['encrypted_regex', '.*(password|token).*']]), 'x.yaml');
    expect(rule(['db_password'])).toBe(true);
    expect(rule(['db_port'])).toBe(false);
    expect(Array.from({ length: 1_000 }, () => rule(['x'.repeat(60)])).at(-1)).toBeNull();
  });

  it('names recipients and own keys, when none fits', async () => {
    const text = await encryptSops(PLAIN, { recipients: other.recipients });
    const message = await failure(text);
    expect(message).toContain(`it is encrypted for the age recipients ${other.recipients[0]}`);
    expect(message).toContain(`the daemon has the keys of ${mine.recipients[0]}`);
    expect(await failure(text, 'x.yaml', { keys: [], recipients: [], problems: [] })).toContain(
      'the daemon has no age key',
    );
    expect(message).not.toContain('AGE-SECRET-KEY');
  });

  it.each([
    ['a value in clear was changed', (text: string) => text.replace('in clear', 'in fear'), 'MAC'],
    ['a value was replaced by a plain one', (text: string) => text.replace(/^10: .*$/m, '10: x'), 'at 10 '],
    [
      'an encrypted value was moved',
      (text: string) => text.replace('password:', 'passwort:'),
      'at db.passwort ',
    ],
    ['a key was taken out', (text: string) => text.replace(/^"?10"?: .*\n/m, ''), 'MAC'],
    ['the MAC is gone', (text: string) => text.replace(/^ {2}mac: .*\n/m, ''), 'MAC'],
    ['the time was changed', (text: string) => text.replace('2026-01-02', '2026-01-03'), 'MAC'],
  ])('refuses a file when %s', async (_when, change, reason) => {
    const text = (await seal()).replaceAll('"10":', '10:');
    expect(change(text)).not.toBe(text);
    expect(await failure(text)).toBe('opened');
    const message = await failure(change(text));
    expect(message).toContain('cannot decrypt ');
    expect(message).toContain(reason);
    expect(message).not.toContain('hunter2');
  });

  // The seal of a value does not cover its type, and the MAC is over its text.
  it('quotes no value whose type was changed to one that it is not of', async () => {
    const text = await seal({}, { password: 'hunter2' });
    const file = await open(text.replace('type:str]', 'type:int]'));
    expect(() => file.get('')).toThrow('cannot decrypt x.sops.yaml: a value of it is not of the type');
    expect(() => file.get('')).not.toThrow('hunter2');
  });

  it('reads many keys in the time that they are worth, and refuses those that stand twice', async () => {
    const keysOf = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1\n`).join('');
    const timeOf = async (text: string) => {
      const start = performance.now();
      expect(await failure(text)).toContain('no sops metadata');
      return performance.now() - start;
    };
    await timeOf(keysOf(1_000));
    const few = await timeOf(keysOf(1_000));
    // Twenty times as many; a comparison of each key with each other takes 400 times as long.
    expect((await timeOf(keysOf(20_000))) / few).toBeLessThan(150);
    expect(await failure('a: 1\na: 2\n')).toContain('a map of it has the same key twice');
  });

  it('refuses aliases that make much of little, and more recipients than are worth trying', async () => {
    const aliases = Array.from({ length: 200 }, (_, i) => `b${i}: [*a, *a]\n`).join('');
    expect(await failure(`a: &a [x]\n${aliases}`)).toContain('its aliases lead nowhere or say too much');
    const recipients = Array.from({ length: 101 }, () => '  - enc: x\n').join('');
    expect(await failure(`a: 1\nsops:\n  age:\n${recipients}`)).toContain('it has 101 age recipients');
  });

  it.each([
    ['x.sops.yaml', 'a: 1\n', 'no sops metadata'],
    ['x.sops.yaml', 'a: [\n', 'not one well-formed YAML document'],
    ['x.sops.yaml', 'a: 1\nsops: { kms: [{}], mac: x }\n', 'no age recipient (only kms)'],
    ['x.sops.json', 'a: 1\n', 'it is not JSON'],
    ['x.sops.ini', '[a]\n', 'INI'],
    ['x.sops.env', 'A=1\n', 'no sops metadata'],
    ['x.sops.yaml', 'sops: { key_groups: [{}, {}] }\n', 'key groups'],
    [
      'x.sops.yaml',
      'sops: { age: [{ recipient: age1x, enc: nonsense }], mac: x }\n',
      'it is not an age file',
    ],
  ])('says what is wrong with %s holding %j', async (name, text, reason) => {
    expect(await failure(text, name)).toContain(reason);
  });

  it('names the keys that are there when one is missing, never a value', async () => {
    const file = await open(await seal());
    expect(() => file.get('db.passwd')).toThrow('x.sops.yaml has no db.passwd; at the top it has: ');
    expect(() => file.get('db')).toThrow('db of x.sops.yaml is not a single value');
    expect(() => file.get('db.passwd')).not.toThrow(/hunter2/);
  });
});
