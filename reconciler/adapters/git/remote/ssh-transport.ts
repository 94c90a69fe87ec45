import type { ReconcilerError } from '../../../base/errors.ts';
import type { Deadline } from './deadline.ts';
import { withinSize } from './pack-size.ts';
import { branchNotFound, gitError, gitNotInstalled, notFound, unauthorized, unreachable } from '../errors.ts';
import type { GitCommand, GitResult } from '../repository/git-command.ts';
import { firstErrorLine, FRUGAL } from '../repository/git-command.ts';
import type { PushRequest, RemoteRefs, Transport, UpdateResult } from './transport.ts';
import { judgeRejection, takeRefs } from './transport.ts';

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

/** Everything through the system's `git` and `ssh`, which never ask a question: keys and known hosts must be in place. */
export function createSshTransport(options: SshTransportOptions): Transport {
  const { address, git } = options;
  const env = { GIT_SSH_COMMAND: buildSshCommand(options.ssh ?? {}, process.env['GIT_SSH_COMMAND']) };
  const run = async (args: readonly string[], deadline: Deadline): Promise<GitResult> => {
    if (!(await git.available())) throw gitNotInstalled('An SSH repository');
    return git.run(args, { env, signal: deadline.signal, onOutput: deadline.touch });
  };
  return {
    listRefs: async (_prefixes, deadline) => {
      const patterns = ['HEAD', 'refs/heads/*', 'refs/tags/*'];
      const result = await run(['ls-remote', '--symref', '--', address, ...patterns], deadline);
      if (result.exitCode !== 0) throw sshError(address, result.stderr);
      return parseRemoteRefs(result.stdout.toString('utf8'));
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
const PATTERNS = ['refs/tags/deploy/', 'refs/tags/', 'refs/heads/'];

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

function parseRemoteRefs(output: string): RemoteRefs {
  const listed: (readonly [string, string])[] = [];
  let head: string | null = null;
  for (const line of output.split('\n')) {
    const [value = '', name = ''] = line.split('\t');
    if (value.startsWith('ref: refs/heads/') && name === 'HEAD')
      head = value.slice('ref: refs/heads/'.length);
    else listed.push([name, value]);
  }
  return { head, refs: takeRefs(listed), covers: [''] };
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

/** Programs in other words are beyond a match; what is not known is passed on as GIT_ERROR with Git's first line. */
function sshError(address: string, stderr: string): ReconcilerError {
  const line = firstErrorLine(stderr);
  if (/host key verification failed/i.test(stderr)) {
    return unauthorized(
      address,
      'the host key is not known or has changed; compare it and add it to known_hosts (ssh-keyscan prints it)',
    );
  }
  if (/permission denied|publickey|authentication fail|access denied|unauthorized/i.test(stderr)) {
    return unauthorized(address, `the server refuses the SSH key (${line})`);
  }
  if (/cannot run ssh|ssh: (command )?not found|ssh: No such file/i.test(stderr)) {
    return gitNotInstalled('An SSH repository');
  }
  const missing = /couldn't find remote ref (?:refs\/heads\/)?(\S+)/i.exec(stderr)?.[1];
  if (missing !== undefined) return branchNotFound(missing, []);
  if (UNREACHABLE.test(stderr)) return unreachable(address, line);
  if (
    /not appear to be a git repository|repository .*not found|does not exist|not a git repository/i.test(
      stderr,
    )
  ) {
    return notFound(address, line);
  }
  if (/could not read from remote|hung up|early EOF/i.test(stderr)) return unreachable(address, line);
  return gitError(`${address}: ${line}`);
}

const UNREACHABLE =
  /could not resolve|name or service|connection (refused|reset|closed|timed out)|timed out|no route to host|network is unreachable|kex_exchange|temporary failure/i;
