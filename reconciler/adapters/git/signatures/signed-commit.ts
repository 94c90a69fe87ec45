import type { UnverifiedCommit } from '../../../ports/signatures.ts';
import type { BatchObject } from '../repository/cat-file.ts';
import { hashObject, parseCommit } from '../repository/objects.ts';

export type SignatureKind = 'ssh' | 'openpgp' | 'x509' | 'unknown';

/** A commit as far as its signature goes. */
export interface SignedCommit extends Omit<UnverifiedCommit, 'reason'> {
  /** `null`: it has no signature. */
  readonly kind: SignatureKind | null;
  /** Reason why it cannot count whatever its signature; `null`: none is known. */
  readonly broken: string | null;
}

/** Reads what is there under the id of a commit. Pure. */
export function readSigned({ id, type, content }: BatchObject): SignedCommit {
  const nobody = { commit: id, author: { name: '', email: '' }, subject: '', kind: null };
  if (type !== 'commit') return { ...nobody, broken: 'is not in the repository' };
  if (content === null) return { ...nobody, broken: 'is too large for a commit' };
  if (hashObject('commit', content) !== id)
    return {
      ...nobody,
      broken: 'has another content than its id says: the repository is damaged, or was tampered with',
    };
  const { author, message } = parseCommit(content);
  const subject = message.trimStart().split('\n', 1)[0] ?? '';
  return { commit: id, author, subject, kind: kindOf(content), broken: null };
}

function kindOf(content: Buffer): SignatureKind | null {
  const text = content.toString('latin1');
  const end = text.indexOf('\n\n');
  const head = /^gpgsig (.*)$/m.exec(end < 0 ? text : text.slice(0, end))?.[1];
  if (head === undefined) return null;
  if (head === '-----BEGIN SSH SIGNATURE-----') return 'ssh';
  if (head === '-----BEGIN PGP SIGNATURE-----' || head === '-----BEGIN PGP MESSAGE-----') return 'openpgp';
  return head === '-----BEGIN SIGNED MESSAGE-----' ? 'x509' : 'unknown';
}
