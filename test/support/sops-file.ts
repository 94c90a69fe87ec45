import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { armor, Encrypter } from 'age-encryption';
import { stringify } from 'yaml';

/** A value of a document to encrypt; keys keep their order. */
export type PlainNode =
  | null
  | boolean
  | number
  | string
  | readonly PlainNode[]
  | { readonly [key: string]: PlainNode };

export interface SopsOptions {
  /** Age recipients. */
  readonly recipients: readonly string[];
  readonly format?: 'yaml' | 'json' | 'dotenv';
  /** Written into the metadata, and honoured. Default: suffix `_unencrypted`. */
  readonly rule?: { readonly unencrypted_suffix?: string; readonly encrypted_regex?: string };
  readonly macOnlyEncrypted?: boolean;
}

const TIME = '2026-01-02T03:04:05Z';

interface Walk {
  readonly key: Buffer;
  readonly hash: ReturnType<typeof createHash>;
  readonly isEncrypted: (path: readonly string[]) => boolean;
  readonly onlyEncrypted: boolean;
}

/** A file as `sops encrypt --age …` writes it, made independently of the code that reads it. */
export async function encryptSops(
  plain: { readonly [key: string]: PlainNode },
  options: SopsOptions,
): Promise<string> {
  const {
    recipients,
    format = 'yaml',
    rule = { unencrypted_suffix: '_unencrypted' },
    macOnlyEncrypted = false,
  } = options;
  const key = randomBytes(32);
  const hash = createHash('sha512');
  if (macOnlyEncrypted) hash.update(createHash('sha256').update('sops').digest());
  const { encrypted_regex: regex, unencrypted_suffix: suffix = '\0' } = rule;
  const isEncrypted = (path: readonly string[]) =>
    regex === undefined
      ? !path.some((part) => part.endsWith(suffix))
      : path.some((part) => new RegExp(regex).test(part));
  const values = seal(plain, [], { key, hash, isEncrypted, onlyEncrypted: macOnlyEncrypted });
  const mac = sealText(hash.digest('hex').toUpperCase(), 'str', TIME, key);
  const age = await Promise.all(
    recipients.map(async (recipient) => ({ recipient, enc: await sealKey(key, recipient) })),
  );
  const metadata = {
    age,
    lastmodified: TIME,
    mac,
    ...rule,
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    version: '3.10.2',
  };
  const document = values as Record<string, unknown>;
  if (format === 'dotenv') return toDotenv(document, flatten(metadata, 'sops'));
  const whole = { ...document, sops: metadata };
  return format === 'json' ? JSON.stringify(whole, null, '\t') : stringify(whole, { lineWidth: 0 });
}

function seal(node: PlainNode, path: readonly string[], walk: Walk): unknown {
  if (node === null) return null;
  if (Array.isArray(node)) return node.map((item: PlainNode) => seal(item, path, walk));
  if (typeof node === 'object') {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, seal(value, [...path, key], walk)]),
    );
  }
  const text = typeof node === 'boolean' ? (node ? 'True' : 'False') : String(node);
  const type = { boolean: 'bool', number: Number.isInteger(node) ? 'int' : 'float', string: 'str' }[
    typeof node as 'string'
  ];
  const encrypted = walk.isEncrypted(path);
  if (encrypted || !walk.onlyEncrypted) walk.hash.update(text);
  if (!encrypted) return node;
  return text === '' ? '' : sealText(text, type, `${path.join(':')}:`, walk.key);
}

function sealText(text: string, type: string, place: string, key: Buffer): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:${type}]`;
}

async function sealKey(key: Uint8Array, recipient: string): Promise<string> {
  return armor.encode(await encryptAge(key, recipient));
}

/** A binary age file. */
export function encryptAge(content: Uint8Array | string, recipient: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(content);
}

function flatten(value: unknown, prefix: string): readonly (readonly [string, string])[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => flatten(item, `${prefix}__list_${index}`));
  if (typeof value !== 'object' || value === null) return [[prefix, String(value)]];
  const glue = prefix === 'sops' ? '_' : '__map_';
  return Object.entries(value).flatMap(([key, item]) => flatten(item, `${prefix}${glue}${key}`));
}

function toDotenv(
  document: Record<string, unknown>,
  metadata: readonly (readonly [string, string])[],
): string {
  const lines = [
    ...Object.entries(document).map(([key, value]) => [key, String(value)] as const),
    ...metadata,
  ];
  return lines.map(([key, value]) => `${key}=${value.replaceAll('\n', '\\n')}\n`).join('');
}
