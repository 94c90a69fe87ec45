import { Recent } from './recent.ts';
import type { CommitStatus, GitHost, HostDeployment } from '../../ports/hosts/git-host.ts';

/** Statuses that are told but for what was told last of the same: each one once. */
export interface StatusBoard {
  /** Shows a status at a commit from now on; one that was to be told before and was not goes unsaid. */
  post(commit: string, status: CommitStatus): void;
  /** The same of a deployment, where the host knows such. */
  deploy(deployment: HostDeployment): void;
  /** Tells what a key is for. Throws what `GitHost` does; nothing is lost then. */
  send(key: string, signal: AbortSignal): Promise<void>;
  /** Has everything told that the host has not taken yet: what it refuses now it may take later. */
  retry(): void;
}

interface Posting {
  readonly text: string;
  readonly send: (host: GitHost, signal: AbortSignal) => Promise<void>;
}

/** Statuses that are remembered, and that wait to be told; the oldest go first. */
const MAX_REMEMBERED = 1_000;

/** @param later has `send` called with a key, again and again where it fails */
export function createStatusBoard(host: GitHost, later: (key: string) => void): StatusBoard {
  const wanted = new Recent<string, Posting>(MAX_REMEMBERED);
  const told = new Recent<string, string>(MAX_REMEMBERED);
  const want = (key: string, posting: Posting): void => {
    if ((wanted.get(key)?.text ?? told.get(key)) === posting.text) return;
    wanted.set(key, posting);
    later(key);
  };
  return {
    post(commit, status) {
      want(`status ${status.context} ${commit}`, {
        text: JSON.stringify(status),
        send: (at, signal) => at.setStatus(commit, status, signal),
      });
    },
    deploy(deployment) {
      const { setDeployment } = host;
      if (setDeployment === undefined) return;
      want(`deployment ${deployment.commit}`, {
        text: JSON.stringify(deployment),
        send: (_, signal) => setDeployment(deployment, signal),
      });
    },
    async send(key, signal) {
      const posting = wanted.get(key);
      if (posting === undefined) return;
      await posting.send(host, signal);
      told.set(key, posting.text);
      if (wanted.get(key) === posting) wanted.delete(key);
      else later(key);
    },
    retry() {
      for (const key of wanted.keys()) later(key);
    },
  };
}
