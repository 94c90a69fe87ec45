import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { SignatureSettings } from '../../ports/signatures.ts';

const ROOT = ['git', 'signatures'];

/** Reads `git.signatures`, which the schema has passed; what that cannot tell is added to the collector. `null`: commits need not be signed. */
export function readSignatures(
  git: Fields | undefined,
  diagnostics: DiagnosticCollector,
): SignatureSettings | null {
  const fields = asFields(git?.['signatures']);
  if (fields === undefined) return null;
  const text = (key: string) => asString(own(fields, key)) ?? null;
  const hostKeys = (asList(fields['hostKeys']) ?? []).filter((key) => typeof key === 'string');
  const rules = {
    allowedSigners: text('allowedSigners'),
    keyring: text('keyring'),
    hostKeys: hostKeys.map((key) => key.toUpperCase()),
  };
  if (rules.allowedSigners === null && rules.keyring === null)
    diagnostics.error(
      'REQUIRED',
      ROOT,
      'nobody could sign a commit: allowedSigners or keyring has to name a file',
      {
        hint: 'allowedSigners: /etc/kombinator/allowed_signers',
      },
    );
  if (hostKeys.length > 0 && rules.keyring === null)
    diagnostics.error(
      'INVALID_VALUE',
      [...ROOT, 'hostKeys'],
      'there is no keyring that these keys could be in',
      {
        hint: 'a host that signs with an SSH key is a line of allowedSigners, with the addresses that it signs for',
      },
    );
  return { rules, since: text('since')?.toLowerCase() ?? null };
}

/** Files of the rules, none of which authors may write. */
export function filesOf(settings: SignatureSettings | null): readonly string[] {
  return [settings?.rules.allowedSigners, settings?.rules.keyring].filter((path) => typeof path === 'string');
}
