import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { ReconcilerError } from '../../base/errors.ts';
import { asText } from '../../base/values.ts';
import type { Sealer } from '../../ports/adopt/adoption-draft.ts';
import type { IdentityOptions } from './identities.ts';
import { describeIdentities, readIdentities } from './identities.ts';

export interface SealRequest extends IdentityOptions {
  /** Root of the work tree; absolute. `.age-recipients` is looked for from the directory of the stack up to here, and made here. */
  readonly root: string;
  /** Directory of the stack's description; absolute, in the root. */
  readonly directory: string;
  /** Letters, digits, `_`, `-` and `.`; a variable keeps its own. */
  readonly name: string;
  /** The value itself, to the byte; not empty. */
  readonly value: string | Uint8Array;
}

export interface SealedSecret {
  /** Absolute path of the age file: `secrets/NAME.age` below the directory of the stack. */
  readonly path: string;
  /** The reference for descriptions in that directory: `secret://age/secrets/NAME.age`. */
  readonly reference: string;
  /** The reference for descriptions anywhere in the repository: `secret://age//stacks/web/secrets/NAME.age`. */
  readonly rootReference: string;
  /** Public keys that it is encrypted for. */
  readonly recipients: readonly string[];
  /** Absolute path of the file that names them, which belongs into the repository. */
  readonly recipientsFile: string;
  /** Absolute path of the age key if there was none and one was made. */
  readonly madeKey: string | null;
  /** One of the keys of this machine opens it. */
  readonly opensHere: boolean;
}

/** Name of the file with the public keys, one a line, as `age --recipients-file` takes it. */
const RECIPIENTS_FILE = '.age-recipients';
const KEY_FILE = 'age.key';
const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const LARGEST_VALUE = 65_536;

/**
 * Encrypts a value with age into a file beside the description of a stack, and replaces what that file held. It is encrypted for
 * the public keys of the closest `.age-recipients`; where the repository has none, for the age keys of the state directory, and the
 * file is made. A state directory without a key gets one (`age.key`, mode 0600).
 *
 * @throws BAD_OPTIONS for a name, a value or recipients that cannot be used, and for keys that are named and cannot be read
 */
export async function sealSecret(request: SealRequest): Promise<SealedSecret> {
  const { root, directory, name } = request;
  if (!SECRET_NAME.test(name))
    throw refused(`"${name}" is no name of a secret: letters, digits, "_", "-" and "." only`);
  const plain = toPlain(request.value, name);
  const known = findRecipients(directory, root);
  const keys = await readIdentities(request);
  const made = known === null && keys.recipients.length === 0 ? await makeKey(request) : null;
  const own = made === null ? keys.recipients : [made.recipient];
  const recipients = known?.recipients ?? own;
  const path = join(directory, 'secrets', `${name}.age`);
  const content = await encrypt(plain, recipients, known?.file);
  const recipientsFile = known?.file ?? join(root, RECIPIENTS_FILE);
  if (known === null) replaceFile(recipientsFile, renderRecipients(recipients));
  replaceFile(path, content);
  return {
    path,
    reference: `secret://age/secrets/${name}.age`,
    rootReference: `secret://age//${relative(root, path).split(sep).join('/')}`,
    recipients,
    recipientsFile,
    madeKey: made?.path ?? null,
    opensHere: own.some((recipient) => recipients.includes(recipient)),
  };
}

/** Encrypts values, to the byte, for a repository that is not checked out; see `Sealer`. */
export function createSealer(options: IdentityOptions): Sealer {
  return async (value, written) => {
    const named = written === null ? null : parseRecipients(written, RECIPIENTS_FILE);
    const keys = named === null ? await readIdentities(options) : null;
    const own = keys?.recipients ?? [];
    const recipients = named ?? (own.length > 0 ? own : [(await makeKey(options)).recipient]);
    return {
      text: await encrypt(toBytes(value, 'a secret'), recipients, undefined),
      recipients: written ?? renderRecipients(recipients),
    };
  };
}

/** The value as a file. Readers of variables drop one newline at the end, so a value that ends with one has another. */
function toPlain(value: string | Uint8Array, name: string): Uint8Array {
  const bytes = toBytes(value, name);
  return bytes.at(-1) === 0x0a ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes;
}

function toBytes(value: string | Uint8Array, name: string): Uint8Array {
  const bytes = Buffer.from(value);
  if (bytes.length === 0) throw refused(`the value of ${name} is empty`);
  if (bytes.length > LARGEST_VALUE)
    throw refused(`the value of ${name} has ${bytes.length} bytes; a secret has at most ${LARGEST_VALUE}`);
  return bytes;
}

interface Recipients {
  readonly file: string;
  readonly recipients: readonly string[];
}

function findRecipients(directory: string, root: string): Recipients | null {
  for (let place = directory; ; place = dirname(place)) {
    const file = join(place, RECIPIENTS_FILE);
    if (existsSync(file)) return { file, recipients: readRecipients(file) };
    if (place === root || dirname(place) === place) return null;
  }
}

function readRecipients(file: string): readonly string[] {
  return parseRecipients(readFileSync(file, 'utf8'), file);
}

function parseRecipients(text: string, file: string): readonly string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
  const other = lines.find(({ text }) => !text.startsWith('age1'));
  // It may be a private key, which is not repeated.
  if (other !== undefined)
    throw refused(`${file}:${other.line}: the line is no public key of age; those begin with age1`);
  if (lines.length === 0)
    throw refused(`${file} names no public key; write one a line, each begins with age1`);
  return lines.map(({ text }) => text);
}

function renderRecipients(recipients: readonly string[]): string {
  const head =
    "# Public keys that this repository's age files are encrypted for, one a line: age -R .age-recipients";
  return `${[head, ...recipients].join('\n')}\n`;
}

interface MadeKey {
  readonly path: string;
  readonly recipient: string;
}

/** Makes the key of the state directory, unless keys were named that cannot be read: those are meant. */
async function makeKey(options: IdentityOptions): Promise<MadeKey> {
  const { stateDir } = options;
  const { problems } = await readIdentities(options);
  if (problems.length > 0) throw refused(`no age key is made: ${problems.join('; ')}`);
  const path = join(stateDir, KEY_FILE);
  const key = await generateIdentity();
  const recipient = await identityToRecipient(key);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `# public key: ${recipient}\n${key}\n`, { mode: 0o600, flag: 'wx' });
    return { path, recipient };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  // There is a file already: another process has just made it, or it holds no key.
  const there = await readIdentities(options);
  const [first] = there.recipients;
  if (first === undefined)
    throw refused(`${path} is there and holds no age key: ${describeIdentities(there)}`);
  return { path, recipient: first };
}

async function encrypt(
  plain: Uint8Array,
  recipients: readonly string[],
  file: string | undefined,
): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient, file);
  return armor.encode(await encrypter.encrypt(plain));
}

function addRecipient(encrypter: Encrypter, recipient: string, file = RECIPIENTS_FILE): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (error) {
    throw refused(`${file}: ${recipient} is no public key of age (${reasonOf(error)})`);
  }
}

/** Nobody ever reads half a file; a link at the place is replaced, not followed. */
function replaceFile(path: string, content: string): void {
  const draft = `${path}.${process.pid}.new`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(draft, content, { flag: 'wx' });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : asText(error);
}

function refused(message: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', message);
}
