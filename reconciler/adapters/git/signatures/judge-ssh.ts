import { showLine } from '../../../base/shown-text.ts';
import { signersAtAnyTime, signersFor } from './allowed-signers.ts';
import { runProgram } from './programs.ts';
import type { SignatureCheck, Verdict } from './signature-check.ts';
import type { SignedCommit } from './signed-commit.ts';
import type { Judgement, Reasons } from './judgement.ts';

/** Commits of which is found out what exactly is wrong; of others only that something is. */
const EXPLAINED = 20;

/** SSH signatures, author by author: each is checked against the keys of that author alone. */
export async function judgeSsh(check: SignatureCheck, judgement: Judgement): Promise<Reasons> {
  const { commits, files, signal } = judgement;
  if (commits.length === 0) return new Map();
  // Git takes a machine without the program for a signature that is bad.
  await runProgram('ssh-keygen', ['-Y', 'find-principals', '-s', '/dev/null', '-f', '/dev/null'], { signal });
  const refused: SignedCommit[] = [];
  for (const [email, theirs] of Map.groupBy(commits, ({ author }) => author.email)) {
    const signers = signersFor(files.signers ?? '', email, files.own);
    const ids = theirs.map(({ commit }) => commit);
    const verdicts = signers === '' ? new Map<string, Verdict>() : await check.judge(ids, signers, signal);
    refused.push(...theirs.filter(({ commit }) => verdicts.get(commit)?.status !== 'G'));
  }
  return explain(check, { ...judgement, commits: refused });
}

async function explain(check: SignatureCheck, { commits, files, signal }: Judgement): Promise<Reasons> {
  const reasons = new Map(commits.map(({ commit }) => [commit, 'has a signature that does not count']));
  if (files.signers === null) {
    for (const { commit } of commits)
      reasons.set(commit, 'has an SSH signature, and git.signatures.allowedSigners names no file');
    return reasons;
  }
  const ids = commits.slice(0, EXPLAINED).map(({ commit }) => commit);
  if (ids.length === 0) return reasons;
  const now = await check.judge(ids, files.signers, signal);
  const ever = await check.judge(ids, signersAtAnyTime(files.signers), signal);
  for (const id of ids) reasons.set(id, reasonOf(now.get(id), ever.get(id)));
  return reasons;
}

function reasonOf(now: Verdict | undefined, ever: Verdict | undefined): string {
  const key = showLine(ever?.key ?? '');
  switch (ever?.status) {
    case 'G':
      return now?.status === 'G'
        ? `is signed by ${showLine(now.signer)}, who is not its author`
        : `is signed with a key that did not count at its time (${key}, valid-after or valid-before)`;
    case 'U':
      return `is signed with a key that is not among the allowed signers (${key})`;
    case 'B':
      return 'has a signature that is not one of this content: it was changed after it was signed';
    default:
      return 'has a signature that cannot be checked (git 2.34 and OpenSSH 8.9, or newer, can)';
  }
}
