import { ReconcilerError } from '../../../base/errors.ts';
import { showLine } from '../../../base/shown-text.ts';
import type { SignatureCheck, Verdict } from './signature-check.ts';
import type { SignedCommit } from './signed-commit.ts';
import type { Judgement, Reasons, SignatureFiles } from './judgement.ts';

/** OpenPGP signatures: one of the addresses of the key has to be the author's. */
export async function judgeOpenpgp(
  check: SignatureCheck,
  { commits, files, signal }: Judgement,
): Promise<Reasons> {
  const reasons = new Map<string, string>();
  if (commits.length === 0) return reasons;
  if (files.keyring === null) {
    for (const { commit } of commits)
      reasons.set(commit, 'has an OpenPGP signature, and git.signatures.keyring names no file');
    return reasons;
  }
  const keys = await check.importKeys(files.keyring, signal);
  if (keys.size === 0)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${files.keyring} holds no OpenPGP key that can be read: export the keys of those who sign into it (gpg --export --armor ADDRESS)`,
    );
  const ids = commits.map(({ commit }) => commit);
  const verdicts = await check.judge(ids, '', signal);
  for (const commit of commits) {
    const reason = reasonOf(verdicts.get(commit.commit), commit, { keys, files });
    if (reason !== null) reasons.set(commit.commit, reason);
  }
  return reasons;
}

interface Keys {
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly files: Pick<SignatureFiles, 'hostKeys'>;
}

function reasonOf(
  verdict: Verdict | undefined,
  { author }: SignedCommit,
  { keys, files }: Keys,
): string | null {
  const key = showLine(verdict?.key ?? '');
  switch (verdict?.status) {
    case 'G':
    case 'U':
      if (files.hostKeys.includes(verdict.primary)) return null;
      if (keys.get(verdict.primary)?.includes(author.email.toLowerCase())) return null;
      return `is signed by ${showLine(verdict.signer)}, who is not its author (key ${showLine(verdict.primary)})`;
    case 'X':
      return `has a signature that has expired (key ${key})`;
    case 'Y':
      return `is signed with a key that has expired (${key})`;
    case 'R':
      return `is signed with a key that was revoked (${key})`;
    case 'B':
      return 'has a signature that is not one of this content: it was changed after it was signed';
    default:
      return `is signed with a key that is not in the keyring (${key})`;
  }
}
