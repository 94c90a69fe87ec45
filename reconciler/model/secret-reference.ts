import type { Problem } from '../base/problem.ts';

/** A parsed reference. Paths are as written: relative to the directory of the file that says so. */
export type SecretReference =
  | { readonly store: 'env' | 'file'; readonly name: string }
  /** `key` is empty for the whole decrypted file. */
  | { readonly store: 'sops'; readonly path: string; readonly key: string }
  | { readonly store: 'age'; readonly path: string }
  | { readonly store: 'command'; readonly name: string; readonly argument: string }
  /** A secret of a provider that was registered, if there is one of that name. */
  | { readonly store: 'provider'; readonly provider: string; readonly path: string };

/** A reference with its file, if it names one, found in the repository. */
export interface SecretSource {
  /** The same for everybody who means the same secret; safe to print. */
  readonly reference: string;
  readonly file?: SecretFile;
  readonly command?: { readonly name: string; readonly argument: string };
  readonly provider?: { readonly name: string; readonly path: string };
}

export interface SecretFile {
  /** `plain` is a file that the author has put into the repository in clear. */
  readonly store: 'sops' | 'age' | 'plain';
  /** Path from the root of the repository. */
  readonly path: string;
  readonly blob: string;
  /** Inside a SOPS file; empty for the whole of it. */
  readonly key: string;
}

/** Stores that need no provider. */
export const BUILT_IN_SECRET_STORES: readonly string[] = ['age', 'command', 'env', 'file', 'sops'];

/** The forms that a reference may have. */
export const SECRET_FORMS =
  'secret://env/NAME, secret://file/NAME, secret://sops/PATH#key, secret://age/PATH or secret://command/NAME/ARGUMENT';
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
// Control characters would garble what is printed of the reference.
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f]/;
const MAX_REFERENCE_LENGTH = 1_024;

/** Takes a `secret://…` reference apart. */
export function parseSecretReference(text: string): SecretReference | Problem {
  const [, store = '', rest = ''] = /^secret:\/\/([a-z]+)\/(.+)$/s.exec(text) ?? [];
  const problem: Problem = { problem: `"${shorten(text)}" is not a secret reference`, hint: SECRET_FORMS };
  if (UNPRINTABLE.test(text) || text.length > MAX_REFERENCE_LENGTH) return problem;
  switch (store) {
    case 'env':
    case 'file':
      return NAME.test(rest) ? { store, name: rest } : problem;
    case 'sops': {
      const [, path = '', key = ''] = /^([^#]+)(?:#(.+))?$/.exec(rest) ?? [];
      return path === '' ? problem : { store, path, key };
    }
    case 'age':
      return rest.includes('#') ? problem : { store, path: rest };
    case 'command':
      return parseCommand(rest) ?? problem;
    default:
      return store === '' ? problem : { store: 'provider', provider: store, path: rest };
  }
}

/** An argument never starts with a hyphen: a repository must not choose options of an operator's program. */
function parseCommand(rest: string): SecretReference | undefined {
  const [, name = '', argument = ''] = /^([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  if (!NAME.test(name) || argument.startsWith('-')) return undefined;
  return { store: 'command', name, argument };
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Beginning of references to entries of the vault. */
export const VAULT_PREFIX = 'vault:';

/** The reference to a member of an entry that is JSON: `vault:registry/4c1f…#password`. */
export function vaultReference(name: string, member: string): string {
  return `${VAULT_PREFIX}${name}#${member}`;
}

/** Name of the entry of a cluster: its credentials are for this address alone, whatever a repository says. */
export function clusterEntry(name: string, server: string): string {
  return `cluster/${name}@${server}`;
}
