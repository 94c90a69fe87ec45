import { link, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReconcilerError } from '../../../base/errors.ts';
import type { Logger } from '../../../ports/logger.ts';
import { errnoOf, gitError, isMissing } from '../errors.ts';
import { firstErrorLine } from '../repository/git-command.ts';
import { runProgram } from './programs.ts';

/** Signs what this program commits, with an SSH key of its own. */
export interface CommitSigner {
  /** Signature of a commit object without one, armored. Throws GIT_NOT_INSTALLED, GIT_ERROR. */
  sign(commit: Uint8Array): Promise<string>;
  /** Public key, as files of SSH have it; `null` while nothing was signed. */
  publicKey(): Promise<string | null>;
}

export interface CommitSignerOptions {
  /** File of the private key, mode 0600; its public key is beside it, as `<path>.pub`. Made by the first signature. */
  readonly path: string;
  readonly logger: Logger;
}

export function createCommitSigner({ path, logger }: CommitSignerOptions): CommitSigner {
  let known: string | null = null;
  const publicKey = async (): Promise<string | null> => {
    known ??= await readKey(path);
    return known;
  };
  return {
    publicKey,
    async sign(commit) {
      if ((await publicKey()) === null && (await makeKey(path)))
        logger.info(
          { publicKey: await publicKey(), file: `${path}.pub` },
          'commits of this daemon are signed with a key of its own: whoever else checks them has to know it',
        );
      const { exitCode, stdout, stderr } = await runProgram(
        'ssh-keygen',
        ['-Y', 'sign', '-n', 'git', '-f', path],
        { input: commit },
      );
      if (exitCode !== 0)
        throw gitError(`the commit cannot be signed with ${path}: ${firstErrorLine(stderr)}`);
      return stdout.toString('utf8').trimEnd();
    },
  };
}

/** The private key tells the public one; the file beside it is for people. */
async function readKey(path: string): Promise<string | null> {
  try {
    await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ReconcilerError('BAD_OPTIONS', `the key ${path} cannot be read`, { cause: error });
  }
  const { exitCode, stdout, stderr } = await runProgram('ssh-keygen', ['-y', '-P', '', '-f', path]);
  if (exitCode === 0) return stdout.toString('utf8').trim();
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `the key ${path} cannot be used (${firstErrorLine(stderr)}): put it back, or remove it, and commits that it has signed have to be signed anew`,
  );
}

/** Another process may make it at the same moment: the first one wins. @returns whether this one did */
async function makeKey(path: string): Promise<boolean> {
  const directory = await mkdtemp(join(dirname(path), 'signing-'));
  const draft = join(directory, 'key');
  try {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'kombinator', '-f', draft];
    const { exitCode, stderr } = await runProgram('ssh-keygen', args);
    if (exitCode !== 0) throw gitError(`no key can be made: ${firstErrorLine(stderr)}`);
    await link(draft, path);
    await rename(`${draft}.pub`, `${path}.pub`);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
