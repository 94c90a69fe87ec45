import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { OpenedFile } from '../../ports/secrets.ts';
import { decryptAge, MAX_RECIPIENTS, undecryptable } from './age.ts';
import type { Identities } from './identities.ts';
import { describeIdentities } from './identities.ts';
import type { PlainValue } from './sops-cipher.ts';
import { decryptValue, isEncrypted } from './sops-cipher.ts';
import type { SopsDocument, SopsMap, SopsValue } from './sops-format.ts';
import { isMap, listOf, parseSops, renderPlain, textOf } from './sops-format.ts';
import type { EncryptionRule } from './sops-rules.ts';
import { readRule } from './sops-rules.ts';

/**
 * Decrypts a SOPS file with age identities and checks its MAC (format: github.com/getsops/sops). Throws
 * SECRET_NOT_DECRYPTED; messages name keys and recipients, never values.
 */
export async function openSops(
  path: string,
  content: Uint8Array,
  identities: Identities,
): Promise<OpenedFile> {
  const document = parseSops(path, Buffer.from(content).toString('utf8'));
  const key = await findDataKey(path, document.metadata, identities);
  const values = quietly(path, () => decryptTree(path, document, key));
  return { get: (place) => quietly(path, () => pick(path, document, values, place)) };
}

/** Runs what handles plain values. Errors of the language and of libraries quote what they stumbled over, so only our own are passed on. */
function quietly<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isReconcilerError(error)) throw error;
    throw undecryptable(path, 'a value of it is not of the type that it says, or it is nested too deeply');
  }
}

const DATA_KEY_BYTES = 32;
const OTHERS = ['kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'pgp', 'hckms'];

/** The key that all values are encrypted with, itself encrypted once for every recipient. */
async function findDataKey(path: string, metadata: SopsMap, identities: Identities): Promise<Uint8Array> {
  const groups = listOf(metadata.get('key_groups')).filter(isMap);
  if (groups.length > 1)
    throw undecryptable(path, 'its key is split over several key groups; only one group is read');
  const holder = groups[0] ?? metadata;
  const recipients = listOf(holder.get('age')).filter(isMap);
  if (recipients.length > MAX_RECIPIENTS)
    throw undecryptable(
      path,
      `it has ${recipients.length} age recipients; at most ${MAX_RECIPIENTS} are tried`,
    );
  for (const recipient of recipients) {
    const sealed = recipient.get('enc');
    if (typeof sealed !== 'string') continue;
    const key = await decryptAge(Buffer.from(sealed), identities, `the data key of ${path}`);
    if (key?.length === DATA_KEY_BYTES) return key;
  }
  const names = recipients.map((recipient) => textOf(recipient.get('recipient')));
  const others = OTHERS.filter((kind) => listOf(holder.get(kind)).length > 0);
  const wanted =
    names.length > 0
      ? `it is encrypted for the age recipients ${names.join(', ')}`
      : `it has no age recipient${others.length > 0 ? ` (only ${others.join(', ')})` : ''}`;
  throw undecryptable(path, `${wanted}, and ${describeIdentities(identities)}`);
}

/** A tree whose leaves are what SOPS has encrypted, decrypted. */
type PlainTree = null | Leaf | ReadonlyMap<string, PlainTree> | readonly PlainTree[];
interface Leaf {
  readonly bytes: Buffer;
  readonly type: string;
}

interface Walk {
  readonly file: string;
  readonly key: Uint8Array;
  readonly rule: EncryptionRule;
  readonly onlyEncrypted: boolean;
  readonly hash: Hash;
}

/** So that a MAC over encrypted values only is never one over all values; SHA-256 of `sops`. */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

function decryptTree(
  file: string,
  { values, metadata }: SopsDocument,
  key: Uint8Array,
): ReadonlyMap<string, PlainTree> {
  const onlyEncrypted = textOf(metadata.get('mac_only_encrypted')) === 'true';
  const hash = createHash('sha512');
  if (onlyEncrypted) hash.update(ONLY_ENCRYPTED);
  const walk: Walk = { file, key, rule: readRule(metadata, file), onlyEncrypted, hash };
  const plain = decryptMap(values, [], walk);
  checkMac(walk, metadata);
  return plain;
}

function decryptMap(map: SopsMap, path: readonly string[], walk: Walk): ReadonlyMap<string, PlainTree> {
  return new Map([...map].map(([key, value]) => [key, decryptNode(value, [...path, key], walk)]));
}

function decryptNode(value: SopsValue, path: readonly string[], walk: Walk): PlainTree {
  if (value === null) return null;
  if (isMap(value)) return decryptMap(value, path, walk);
  // Positions in lists are no part of a path.
  if (Array.isArray(value)) return value.map((item: SopsValue) => decryptNode(item, path, walk));
  const { file, key, rule, onlyEncrypted, hash } = walk;
  const sealed = typeof value === 'string' && isEncrypted(value);
  const encrypted = rule(path) ?? sealed;
  const leaf = encrypted ? unseal(value, path, { file, key }) : toLeaf(value);
  if (encrypted || !onlyEncrypted) hash.update(macBytes(leaf));
  return leaf;
}

function unseal(value: SopsValue, path: readonly string[], { file, key }: Pick<Walk, 'file' | 'key'>): Leaf {
  if (value === '') return { bytes: Buffer.alloc(0), type: 'str' };
  const plain: PlainValue | undefined =
    typeof value === 'string' ? decryptValue(value, key, `${path.join(':')}:`) : undefined;
  if (plain) return plain;
  throw undecryptable(file, `the value at ${path.join('.')} is not encrypted, or was changed`);
}

function toLeaf(value: SopsValue): Leaf {
  const types = { string: 'str', boolean: 'bool', object: 'time' } as const;
  const kind = typeof value;
  const type = kind === 'string' || kind === 'boolean' || kind === 'object' ? types[kind] : 'float';
  return { bytes: Buffer.from(textOf(value)), type };
}

/** The bytes that go into the MAC: those of Go's value, not of its text in the file. */
function macBytes({ bytes, type }: Leaf): Buffer {
  const text = bytes.toString('latin1');
  if (type === 'bool') return Buffer.from(/^(?:true|t|1)$/i.test(text) ? 'True' : 'False');
  if (type === 'float' && /e/i.test(text)) return Buffer.from(expand(Number(text)));
  return bytes;
}

/** A number without an exponent. */
function expand(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function checkMac({ file, key, hash }: Walk, metadata: SopsMap): void {
  const mac = metadata.get('mac');
  const time = metadata.get('lastmodified');
  const expected = typeof mac === 'string' ? decryptValue(mac, key, textOf(time)) : undefined;
  const computed = hash.digest('hex').toUpperCase();
  if (expected?.bytes.toString('latin1') === computed) return;
  throw undecryptable(file, 'its MAC does not fit its values: somebody changed it without SOPS');
}

function pick(
  file: string,
  { format }: SopsDocument,
  values: ReadonlyMap<string, PlainTree>,
  place: string,
): Secret {
  const reference = `secret://sops/${file}${place === '' ? '' : `#${place}`}`;
  if (place === '') {
    const data = format === 'binary' ? values.get('data') : undefined;
    if (isLeaf(data)) return new Secret(data.bytes, reference);
    const plain = new Map([...values].map(([key, value]) => [key, toValue(value)]));
    return new Secret(renderPlain(format, plain), reference);
  }
  const found = follow(values, place.split('.'));
  if (isLeaf(found)) return new Secret(toText(found), reference);
  const known = [...values.keys()].slice(0, 20).join(', ');
  const problem =
    found === undefined
      ? `${file} has no ${place}; at the top it has: ${known || 'nothing'}`
      : `${place} of ${file} is not a single value`;
  throw new ReconcilerError('SECRET_NOT_FOUND', `no secret ${JSON.stringify(reference)}: ${problem}`);
}

/** Keys may hold dots themselves: the shortest that fits is tried first. */
function follow(tree: PlainTree | undefined, keys: readonly string[]): PlainTree | undefined {
  if (keys.length === 0) return tree;
  if (Array.isArray(tree)) {
    const [first = '', ...rest] = keys;
    return /^\d+$/.test(first) ? follow(tree[Number(first)], rest) : undefined;
  }
  if (!(tree instanceof Map)) return undefined;
  for (let count = 1; count <= keys.length; count += 1) {
    const key = keys.slice(0, count).join('.');
    const found = tree.has(key) ? follow(tree.get(key), keys.slice(count)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isLeaf(tree: PlainTree | undefined): tree is Leaf {
  return tree !== null && typeof tree === 'object' && 'bytes' in tree;
}

function toText({ bytes, type }: Leaf): string | Uint8Array {
  if (type === 'bool') return bytes.toString('latin1').toLowerCase();
  return bytes;
}

function toValue(tree: PlainTree): SopsValue {
  if (tree === null) return null;
  if (isLeaf(tree)) {
    const text = tree.bytes.toString('utf8');
    if (tree.type === 'bool') return text.toLowerCase() === 'true';
    if (tree.type === 'int') return BigInt(text);
    return tree.type === 'float' ? Number(text) : text;
  }
  if (tree instanceof Map) return new Map([...tree].map(([key, value]) => [key, toValue(value)]));
  return Array.isArray(tree) ? tree.map((item: PlainTree) => toValue(item)) : null;
}
