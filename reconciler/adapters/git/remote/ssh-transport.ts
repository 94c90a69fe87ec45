import type { Deadline } from './deadline.ts';
import { withinSize } from './pack-size.ts';
import { gitError, gitNotInstalled } from '../errors.ts';
import type { GitCommand, GitResult } from '../repository/git-command.ts';
import { HISTORY } from '../repository/folded-tags.ts';
import { FRUGAL } from '../repository/git-command.ts';
import { sshError } from './ssh-error.ts';
import { listOverSsh } from './ssh-listing.ts';
import type { PushRequest, Transport, UpdateResult } from './transport.ts';
import { judgeRejection } from './transport.ts';

export interface SshOptions {
  /** A shell command, as in `GIT_SSH_COMMAND`. Default that variable, else `ssh`. */
  readonly command?: string;
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
}

export interface SshTransportOptions {
  readonly address: string;
  readonly git: GitCommand;
  readonly ssh?: SshOptions | undefined;
}

const CONNECT_TIMEOUT_SECONDS = 15;
/** Refs that are asked for by name; more are asked for by pattern, as a command line has an end. */
const MAX_REFS_NAMED = 100;

/** Everything through the system's `git` and `ssh`, which never ask anybody: keys and known hosts must be in place. */
export function createSshTransport(options: SshTransportOptions): Transport {
  const { address, git } = options;
  const command = buildSshCommand(options.ssh ?? {}, process.env['GIT_SSH_COMMAND']);
  const env = { GIT_SSH_COMMAND: command };
  const needGit = async (): Promise<void> => {
    if (!(await git.available())) throw gitNotInstalled('An SSH repository');
  };
  const run = async (args: readonly string[], deadline: Deadline): Promise<GitResult> => {
    await needGit();
    return git.run(args, { env, signal: deadline.signal, onOutput: deadline.touch });
  };
  return {
    listRefs: async (prefixes, deadline) => {
      await needGit();
      return listOverSsh({ address, command }, prefixes, deadline);
    },
    fetch: async (mirrorDir, wanted, deadline) => {
      const names = wanted.map(({ ref }) => ref);
      const few = summarize(names);
      const refspecs = few.map((ref) => `+${ref}:${ref.replace(/^refs\//, 'refs/incoming/')}`);
      const quiet = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false'];
      const args = [`--git-dir=${mirrorDir}`, ...FRUGAL, ...quiet];
      const fetch = ['fetch', '--no-tags', '--no-recurse-submodules', '--progress', '--', address];
      const result = await withinSize(mirrorDir, deadline, (bounded) =>
        run([...args, ...fetch, ...refspecs], bounded),
      );
      if (result.exitCode !== 0) throw sshError(address, result.stderr);
    },
    push: async (request, deadline) => {
      const leases = request.updates.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`);
      const refspecs = request.updates.map(({ ref, to }) => `${to ?? ''}:${ref}`);
      const args = [`--git-dir=${request.mirrorDir}`, 'push', '--porcelain', '--no-verify', ...leases];
      const result = await run([...args, '--', address, ...refspecs], deadline);
      return readPushReport(address, request, result);
    },
  };
}

/** Patterns in place of too many names, the most specific that will do. */
const PATTERNS = ['refs/tags/deploy/', HISTORY, 'refs/tags/', 'refs/heads/'];

function summarize(names: readonly string[]): readonly string[] {
  let few = names;
  for (const prefix of PATTERNS) {
    if (few.length <= MAX_REFS_NAMED) return few;
    const others = few.filter((name) => !name.startsWith(prefix));
    if (others.length < few.length) few = [...others, `${prefix}*`];
  }
  return few;
}

/** The command line that Git hands to a shell; file names are quoted for it. */
export function buildSshCommand(ssh: SshOptions, inherited: string | undefined): string {
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parts = [ssh.command ?? inherited ?? 'ssh', '-o BatchMode=yes'];
  parts.push(`-o ConnectTimeout=${CONNECT_TIMEOUT_SECONDS}`);
  if (ssh.identityFile !== undefined) parts.push('-o IdentitiesOnly=yes', '-i', quote(ssh.identityFile));
  if (ssh.knownHostsFile !== undefined) parts.push('-o', quote(`UserKnownHostsFile=${ssh.knownHostsFile}`));
  return parts.join(' ');
}

/** Lines of `git push --porcelain`: flag, tab, `from:to`, tab, summary with the reason in brackets. */
function readPushReport(
  address: string,
  request: PushRequest,
  { exitCode, stdout, stderr }: GitResult,
): readonly UpdateResult[] {
  const lines = stdout.toString('utf8').split('\n');
  return request.updates.map(({ ref }) => {
    const fields = lines.map((line) => line.split('\t')).find(([, names]) => names?.endsWith(`:${ref}`));
    if (fields === undefined) {
      if (exitCode !== 0) throw sshError(address, stderr);
      throw gitError(`${address}: git push did not report on ${ref}`);
    }
    if (fields[0] !== '!') return { ref, outcome: 'done', reason: '' };
    return judgeRejection(ref, fields[2] ?? 'rejected');
  });
}
