import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import type { YamlDocument } from '../../yaml-document.ts';
import type { EnvEntry, ServiceFields } from '../kombination.ts';
import { parseEnvValue } from '../service/env-value.ts';

/* Passwords, tokens and keys that stand in a description as they are. Names and forms are those that secret scanners look for. */

/** Names whose values are passwords, whatever these look like. */
const PASSWORD_NAME =
  /(?:password|passwd|passphrase|passcode|(?:^|[_-]|db|user|smtp|mysql)pass|(?:^|[_-])(?:pwd|pw|psk))[_-]?\d*$/i;
/** Names whose values are keys and tokens; short numbers are times and sizes. */
const KEY_NAME =
  /(?:secret|token|credentials?|(?:api|access|secret|private|encryption|signing|master|account|session|app)[_-]?key(?:[_-]?base)?)[_-]?\d*$/i;
/** Values that say how something is done, and are no password. */
const SETTING = /^(?:true|false|yes|no|on|off|none|null|enabled?|disabled?)$/i;
const SHORT_NUMBER = /^\d{1,5}(?:ms|s|m|h|d)?$/;
/** Forms that tell a secret whatever its name is: private keys, tokens of known services, addresses with a password in them. */
const SECRET_FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\bAGE-SECRET-KEY-1[0-9A-Z]{20}/,
  /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}/,
  /\bglpat-[\w-]{20}/,
  /\bxox[abeprs]-[\w-]{10}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bsk_live_[0-9A-Za-z]{16}|\bsk-(?:ant-|proj-)?[\w-]{32}/,
  /\bSG\.[\w-]{16,64}\.[\w-]{16}/,
  /:\/\/[^/@\s:]{0,256}:[^/@\s]{1,256}@/,
];

/** Tells whether a variable holds a password, a token or a key in clear. */
export function isPlainSecret(name: string, value: string): boolean {
  if (value === '' || SETTING.test(value)) return false;
  if (SECRET_FORMS.some((form) => form.test(value))) return true;
  // A path leads to the secret; what only begins with one of these is rare.
  if (/^(?:\.{0,2}\/|file:)/.test(value)) return false;
  return PASSWORD_NAME.test(name) || (KEY_NAME.test(name) && !SHORT_NUMBER.test(value));
}

/** Warns about variables that hold a secret in clear, with the line that moves each into an age file. */
export function checkPlainSecrets(
  services: readonly ServiceFields[],
  { document, file }: { readonly document: YamlDocument; readonly file: string },
  diagnostics: DiagnosticCollector,
): void {
  for (const { env } of services) {
    for (const entry of env) {
      if (!isWritten(entry) || !isPlainSecret(entry.name, plainText(entry.value))) continue;
      const { name, path } = entry;
      const place = document.position(path, 'value').file ?? file;
      const from = /\.ya?ml$/.test(place)
        ? `kombinator secret set ${name} --from ${place}`
        : `kombinator secret set ${name}, and its reference under env: in its place,`;
      diagnostics.warning('SECRET_IN_CLEAR', path, `${name} is in the repository in clear`, {
        hint: `${from} moves it into a secret; change it as well where others may have read it`,
      });
    }
  }
}

/** The document says it, and not a kit. */
function isWritten({ name, path }: EnvEntry): boolean {
  const [list, last] = path.slice(-2);
  return last === name || (typeof last === 'number' && (list === 'env' || list === 'environment'));
}

/** The value where nothing is filled in; empty where something is. */
function plainText(value: string): string {
  if (!value.includes('$') && !value.startsWith('secret://')) return value;
  const parts = parseEnvValue(value);
  if (isProblem(parts) || parts.some((part) => 'reference' in part)) return '';
  return parts.map((part) => ('text' in part ? part.text : '')).join('');
}
