import type { Problem } from '../../base/problem.ts';

/** Build context that an engine fetches from a Git server. */
export interface GitContext {
  /** Address as written, `https://host/repo.git#ref:directory`. */
  readonly address: string;
}

const SSH = /^(ssh:\/\/|[^/:@]+@[^/:]+:)/i;
const ADDRESS = /^([a-z][a-z0-9+.-]*:\/\/|github\.com\/)/i;
const GIT = /^(git:\/\/|github\.com\/|https?:\/\/[^#]*\.git(#|$))/i;

/** Reads a build context from elsewhere, as Docker recognises them; `null` for a directory. */
export function parseGitContext(text: string): GitContext | Problem | null {
  const code = 'UNSUPPORTED_KEY';
  if (SSH.test(text)) {
    const problem = `${text} is fetched over SSH, and nobody's SSH keys are lent to a build`;
    return { problem, hint: 'use its https:// address, or put the files into this repository', code };
  }
  if (!ADDRESS.test(text)) return null;
  const shown = text.replace(/\/\/[^/@]*@/, '//***@');
  if (!GIT.test(text)) {
    const hint = 'the address of a Git repository ends in .git; put other files into this repository';
    return { problem: `${shown} is no Git repository, and builds from elsewhere begin with one`, hint, code };
  }
  if (shown !== text) {
    const problem = `${shown} holds a password, which everybody who sees the plan could read`;
    const hint = 'take it out of the address, and give the token as the secret GIT_AUTH_TOKEN of the build';
    return { problem, hint, code: 'INVALID_VALUE' };
  }
  return { address: text };
}
