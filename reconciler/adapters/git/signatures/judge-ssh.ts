import { showLine } from '../../../base/shown-text.ts';
import { signersAt, signersAtAnyTime, signersFor } from './allowed-signers.ts';
import { runProgram } from './programs.ts';
import type { SignatureCheck, Verdict } from './signature-check.ts';
import type { SignedCommit } from './signed-commit.ts';
import type { Judgement, Reasons } from './judgement.ts';

/** Commits of which is found out what exactly is wrong; of others only that something is. */
const EXPLAINED = 20;

/** SSH signatures, author by author: each is checked against the keys of that author alone. */
export async function judgeSsh(check: SignatureCheck, judgement: Judgement): Promise<Reasons> {
  const { commits, files, at, signal } = judgement;
  if (commits.length === 0) return new Map();
  // Git takes a machine without the program for a signature that is bad.
  await runProgram('ssh-keygen', ['-Y', 'find-principals', '-s', '/dev/null', '-f', '/dev/null'], { signal });
  const refused: SignedCommit[] = [];
  const counting = signersAt(files.signers ?? '', at);
  for (const [email, theirs] of Map.groupBy(commits, ({ author }) => author.email)) {
    const signers = signersFor(counting, email, files.own);
    const ids = theirs.map(({ commit }) => commit);
    const verdicts = signers === '' ? new Map<string, Verdict>() : await check.judge(ids, signers, signal);
    refused.push(...theirs.filter(({ commit }) => verdicts.get(commit)?.status !== 'G'));
  }
  return explain(check, { ...judgement, commits: refused });
}

async function explain(check: SignatureCheck, { commits, files, at, signal }: Judgement): Promise<Reasons> {
  const reasons = new Map(commits.map(({ commit }) => [commit, 'has a signature that does not count']));
  if (files.signers === null) {
    for (const { commit } of commits)
      reasons.set(commit, 'has an SSH signature, and git.signatures.allowedSigners names no file');
    return reasons;
  }
  const ids = commits.slice(0, EXPLAINED).map(({ commit }) => commit);
  if (ids.length === 0) return reasons;
  const now = await check.judge(ids, signersAt(files.signers, at), signal);
  const dated = await check.judge(ids, files.signers, signal);
  const ever = await check.judge(ids, signersAtAnyTime(files.signers), signal);
  for (const id of ids)
    reasons.set(id, reasonOf({ now: now.get(id), dated: dated.get(id), ever: ever.get(id) }));
  return reasons;
}

interface Verdicts {
  /** Verdict with the keys that count by now. */
  readonly now: Verdict | undefined;
  /** Verdict with the keys that counted at the date that the commit has. */
  readonly dated: Verdict | undefined;
  readonly ever: Verdict | undefined;
}

function reasonOf({ now, dated, ever }: Verdicts): string {
  const key = showLine(ever?.key ?? '');
  switch (ever?.status) {
    case 'G':
      if (now?.status === 'G') return `is signed by ${showLine(now.signer)}, who is not its author`;
      return dated?.status === 'G'
        ? `is signed with a key that does not count any more, or not yet (${key}, valid-after or valid-before)`
        : `is signed with a key that did not count at its time (${key}, valid-after or valid-before)`;
    case 'U':
      return `is signed with a key that is not among the allowed signers (${key})`;
    case 'B':
      return 'has a signature that is not one of this content: it was changed after it was signed';
    default:
      return 'has a signature that cannot be checked (git 2.34 and OpenSSH 8.9, or newer, can)';
  }
}
