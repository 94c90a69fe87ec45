import { readFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { ReconcilerError } from '../../../base/errors.ts';
import { sha256 } from '../../../base/json.ts';
import type {
  SignatureRules,
  UnverifiedCommit,
  Verification,
  VerifyRequest,
} from '../../../ports/signatures.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { MAX_COMMIT_BYTES } from '../repository/objects.ts';
import type { Repository } from '../repository/repository.ts';
import type { CommitSigner } from './commit-signer.ts';
import { judgeOpenpgp } from './judge-openpgp.ts';
import type { Judgement, Reasons, SignatureFiles } from './judgement.ts';
import { judgeSsh } from './judge-ssh.ts';
import { missingGit } from './programs.ts';
import type { SignatureCheck } from './signature-check.ts';
import { openSignatureCheck } from './signature-check.ts';
import type { SignedCommit } from './signed-commit.ts';
import { readSigned } from './signed-commit.ts';

/** Finds out which new commits are signed by their authors, as the system's git has it. */
export interface CommitVerifier {
  /** Throws GIT_NOT_INSTALLED without git, or without the program that the signatures need; BAD_OPTIONS; GIT_ERROR for a commit that is not there. */
  verify(
    repository: Pick<Repository, 'commonDir' | 'store'>,
    request: VerifyRequest,
    signal: AbortSignal,
  ): Promise<Verification>;
}

export interface CommitVerifierOptions {
  readonly git: GitCommand;
  /** A directory of our own. */
  readonly cacheDir: string;
  /** Its signatures count for every author. */
  readonly signer: Pick<CommitSigner, 'publicKey'> | null;
  readonly clock: Pick<Clock, 'now'>;
}

/** Commits whose outcome is remembered for as long as the rules stay as they are. */
const REMEMBERED = 20_000;
/** Time for which a commit that does not count is not looked at again, in milliseconds. */
const REFUSED_MS = 60_000;
const GOOD = '';

export function createCommitVerifier({
  git,
  cacheDir,
  signer,
  clock,
}: CommitVerifierOptions): CommitVerifier {
  const outcomes = new LRUCache<string, string>({ max: REMEMBERED });
  let digest = '';
  return {
    async verify(repository, { tip, known, rules }, signal) {
      if (known.includes(tip)) return { checked: 0, unverified: [] };
      if (!(await git.available())) throw missingGit();
      const { files, digest: current } = await readFiles(rules, (await signer?.publicKey()) ?? null);
      if (current !== digest) outcomes.clear();
      digest = current;
      await using check = await openSignatureCheck(git, cacheDir, repository.commonDir);
      const between = known.length === 0 ? [] : await check.listNew(tip, known, signal);
      const ids = [...new Set([tip, ...between])];
      const commits = await readCommits(repository, ids, signal);
      const open = commits.filter(({ commit }) => !outcomes.has(commit));
      const reasons = await judge(check, { commits: open, files, at: clock.now(), signal });
      for (const { commit, broken } of open) {
        const reason = reasons.get(commit) ?? GOOD;
        // A program that could not run for a moment looks like a bad signature, and objects may yet come.
        if (broken === null) outcomes.set(commit, reason, reason === GOOD ? {} : { ttl: REFUSED_MS });
      }
      const unverified = commits.flatMap(({ commit, author, subject }): readonly UnverifiedCommit[] => {
        const reason = reasons.get(commit) ?? outcomes.get(commit) ?? GOOD;
        return reason === GOOD ? [] : [{ commit, author, subject, reason }];
      });
      return { checked: ids.length, unverified };
    },
  };
}

async function readFiles(
  { allowedSigners, keyring, hostKeys }: SignatureRules,
  own: string | null,
): Promise<{ readonly files: SignatureFiles; readonly digest: string }> {
  const signers = allowedSigners === null ? null : (await readOperatorFile(allowedSigners)).toString('utf8');
  const keys = keyring === null ? null : (await readOperatorFile(keyring)).toString('base64');
  const digest = sha256(JSON.stringify([signers, keys, hostKeys, own]));
  return { files: { signers, keyring, hostKeys, own }, digest };
}

async function readOperatorFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const message = `signatures of commits are required (git.signatures), and ${path} cannot be read: nothing new is applied until it can`;
    throw new ReconcilerError('BAD_OPTIONS', message, { cause: error });
  }
}

/** Reads commits in the order of their ids. */
async function readCommits(
  { store }: Pick<Repository, 'store'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly SignedCommit[]> {
  const found = new Map<string, SignedCommit>();
  for await (const object of store.readMany(ids, MAX_COMMIT_BYTES, signal))
    found.set(object.id, readSigned(object));
  return ids.map((id) => found.get(id) ?? readSigned({ id, type: null, size: 0, content: null }));
}

async function judge(check: SignatureCheck, { commits, files, at, signal }: Judgement): Promise<Reasons> {
  const reasons = new Map<string, string>();
  const whole = commits.filter(({ broken }) => broken === null);
  const of = (kind: SignedCommit['kind']) => ({
    commits: whole.filter((one) => one.kind === kind),
    files,
    at,
    signal,
  });
  for (const { commit, broken } of commits) if (broken !== null) reasons.set(commit, broken);
  for (const { commit } of of(null).commits) reasons.set(commit, 'is not signed');
  for (const { commit } of [...of('x509').commits, ...of('unknown').commits])
    reasons.set(commit, 'has a signature of a kind that is not checked: SSH and OpenPGP are');
  for (const [commit, reason] of await judgeSsh(check, of('ssh'))) reasons.set(commit, reason);
  for (const [commit, reason] of await judgeOpenpgp(check, of('openpgp'))) reasons.set(commit, reason);
  return reasons;
}
