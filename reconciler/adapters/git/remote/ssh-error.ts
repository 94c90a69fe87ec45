import type { ReconcilerError } from '../../../base/errors.ts';
import {
  branchNotFound,
  gitError,
  gitNotInstalled,
  notFound,
  RemoteError,
  unauthorized,
  unreachable,
} from '../errors.ts';
import { firstErrorLine } from '../repository/git-command.ts';

/** Programs in other words are beyond a match; what is not known is passed on as GIT_ERROR with Git's first line. */
export function sshError(address: string, stderr: string): ReconcilerError {
  return knownError(address, stderr) ?? gitError(`${address}: ${firstErrorLine(stderr)}`);
}

/** Turns the same into an error where no repository of ours was touched. */
export function listingError(address: string, stderr: string): ReconcilerError {
  return knownError(address, stderr) ?? new RemoteError(`${address}: ${firstErrorLine(stderr)}`);
}

function knownError(address: string, stderr: string): ReconcilerError | null {
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
  return null;
}

const UNREACHABLE =
  /could not resolve|name or service|connection (refused|reset|closed|timed out)|timed out|no route to host|network is unreachable|kex_exchange|temporary failure/i;
