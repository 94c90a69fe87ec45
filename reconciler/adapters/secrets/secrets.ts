import { asFields, asString, asText, own } from '../../base/values.ts';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SecretProvider } from '../../ports/secret-provider.ts';
import type { OpenedFile, SealedFile, Secrets } from '../../ports/secrets.ts';
import type { Vault } from '../../ports/vault.ts';
import { givenSecret } from '../../ports/vault.ts';
import { VAULT_PREFIX } from '../../model/secret-reference.ts';
import type { SecretCommand } from './commands.ts';
import { runCommand } from './commands.ts';
import { createProviders } from './ask-provider.ts';

export interface SecretsOptions {
  /** Secret files are read from `secrets/` in it. */
  readonly stateDir: string;
  /** Environment of the daemon. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told once per file that others than its owner may read. */
  readonly logger?: Logger;
  /** Programs of the operator by name. Default: none. */
  readonly commands?: ReadonlyMap<string, SecretCommand>;
  /** Secrets that were given over the API. Default: none. */
  readonly vault?: Pick<Vault, 'get'>;
  /** Further places that secrets are kept in. Default: none. */
  readonly providers?: readonly SecretProvider[];
  /** Time that a command may take, in milliseconds. Default 10,000. */
  readonly commandTimeoutMs?: number;
}

const REFERENCE = /^secret:\/\/(env|file)\/(.+)$/s;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** No separator and no leading dot, so a name can never leave the directory. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MAX_SECRET_FILE_BYTES = 65_536;

/** Reads secrets from the environment and from files, anew each time: a changed secret is seen by the next plan. Throws BAD_OPTIONS, see providers.ts. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { stateDir, env, logger } = options;
  const warned = new Set<string>();

  function fromFile(name: string, reference: string): string {
    if (!FILE_NAME.test(name))
      throw notFound(reference, 'the name may hold letters, digits, "_", "-" and "." only');
    const path = join(stateDir, 'secrets', name);
    // A file is the operator's: no caller of the API changes it.
    const given = existsSync(path) ? undefined : options.vault?.get(givenSecret(name));
    if (given !== undefined) return given.reveal();
    const { bytes, mode } = readSecretFile(path, reference);
    if ((mode & 0o077) !== 0 && !warned.has(name)) {
      warned.add(name);
      logger?.warn(
        { file: path, mode: (mode & 0o777).toString(8).padStart(4, '0') },
        'A secret file can be read by others; make it mode 0600',
      );
    }
    return decode(bytes, reference).replace(/\r?\n$/, '');
  }

  function fromEnv(name: string, reference: string): string {
    if (!ENV_NAME.test(name)) throw notFound(reference, 'the name is not one of an environment variable');
    const value = own(env, `KOMBINATOR_SECRET_${name}`);
    if (value === undefined)
      throw notFound(reference, `the daemon has no variable KOMBINATOR_SECRET_${name}`);
    return value;
  }

  return {
    resolve(reference) {
      if (reference.startsWith(VAULT_PREFIX)) return fromVault(reference, options.vault);
      const [, kind, name] = REFERENCE.exec(reference) ?? [];
      if (kind === undefined || name === undefined) {
        throw notFound(reference, 'a reference is secret://env/NAME or secret://file/NAME');
      }
      const value = kind === 'file' ? fromFile(name, reference) : fromEnv(name, reference);
      if (value === '') throw notFound(reference, 'it is empty');
      return new Secret(value, reference);
    },
    open: (file) => openFile(file, options),
    run: (name, argument, signal) => runSecret(name, argument, { ...options, signal }),
    ...createProviders(options.providers ?? []),
  };
}

/** A member of an entry that is JSON. No document of a repository can name one: references in those begin with `secret://`. */
function fromVault(reference: string, vault: Pick<Vault, 'get'> | undefined): Secret {
  const [name = '', member = ''] = reference.slice(VAULT_PREFIX.length).split('#');
  const entry = vault?.get(name);
  const fields: unknown = entry === undefined ? undefined : JSON.parse(entry.reveal());
  const value = asString(own(asFields(fields), member));
  if (value === undefined) throw notFound(reference, 'it was not given over the API, or taken away');
  return new Secret(value, reference);
}

/** Opens a file. The code that decrypts takes a while to load, and most repositories need none of it. */
async function openFile({ store, path, content }: SealedFile, options: SecretsOptions): Promise<OpenedFile> {
  if (store === 'plain') return whole(content, path);
  const { readIdentities } = await import('./identities.ts');
  const identities = await readIdentities(options);
  if (store === 'sops') return (await import('./sops.ts')).openSops(path, content, identities);
  const { openAge } = await import('./age.ts');
  return whole(await openAge(content, identities, path), `secret://age/${path}`);
}

function whole(content: Uint8Array, reference: string): OpenedFile {
  const secret = new Secret(content, reference);
  return { get: () => secret };
}

async function runSecret(
  name: string,
  argument: string,
  { commands, commandTimeoutMs, env, signal }: SecretsOptions & { readonly signal: AbortSignal },
): Promise<Secret> {
  const reference = `secret://command/${name}${argument === '' ? '' : `/${argument}`}`;
  const command = commands?.get(name);
  if (!command) {
    const known = [...(commands?.keys() ?? [])].join(', ') || 'none';
    throw notFound(
      reference,
      `the daemon has no command ${name} (it has: ${known}); see --secret-command and secrets.yaml of the state directory`,
    );
  }
  const limits = commandTimeoutMs === undefined ? {} : { timeoutMs: commandTimeoutMs };
  const output = await runCommand(command, argument, { ...limits, env, signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    const reason = `the command ${name} failed: ${error instanceof Error ? error.message : 'unknown'}`;
    if (!isReconcilerError(error, 'SECRET_TIMEOUT')) throw notFound(reference, reason);
    throw new ReconcilerError('SECRET_TIMEOUT', `${reference}: ${reason}`, { retryable: true });
  });
  if (output.length === 0) throw notFound(reference, `the command ${name} printed nothing`);
  return new Secret(withoutNewline(output), reference);
}

/** Drops the one newline that programs print at the end. */
function withoutNewline(output: Buffer): Buffer {
  if (output.at(-1) !== 0x0a) return output;
  return output.subarray(0, output.at(-2) === 0x0d ? -2 : -1);
}

function readSecretFile(path: string, reference: string): { readonly bytes: Buffer; readonly mode: number } {
  try {
    const status = statSync(path);
    if (!status.isFile()) throw notFound(reference, 'it is not a regular file');
    if (status.size > MAX_SECRET_FILE_BYTES)
      throw notFound(reference, `the file is larger than ${MAX_SECRET_FILE_BYTES} bytes`);
    return { bytes: readFileSync(path), mode: status.mode };
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    const code = error instanceof Error && 'code' in error ? asText(error.code) : 'unreadable';
    const reason =
      code === 'ENOENT' ? 'the state directory has no such file in secrets/' : `cannot be read (${code})`;
    throw notFound(reference, reason);
  }
}

function decode(bytes: Buffer, reference: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's error could quote the content.
    throw notFound(reference, 'the file is not UTF-8 text');
  }
}

/**
 * Makes the error for a reference that leads nowhere. What is no reference may be a value that was put in the wrong place, so it is not
 * repeated.
 */
function notFound(reference: string, reason: string): ReconcilerError {
  const named = /^(?:secret:\/\/|vault:)/.test(reference) ? JSON.stringify(reference) : 'of that name';
  return new ReconcilerError('SECRET_NOT_FOUND', `no secret ${named}: ${reason}`);
}
