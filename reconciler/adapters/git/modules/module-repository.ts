import { join } from 'node:path';
import { isReconcilerError } from '../../../base/errors.ts';
import { createMutex } from '../../../base/mutex.ts';
import type { Clock } from '../../../ports/clock.ts';
import { gitError } from '../errors.ts';
import type { Credentials, Location } from '../location.ts';
import type { Deadline } from '../remote/deadline.ts';
import { withDeadline } from '../remote/deadline.ts';
import { createHttpTransport } from '../remote/http-transport.ts';
import { compactMirror, discardMirror, ensureMirror, mirrorPath } from '../remote/mirror-files.ts';
import type { SshOptions } from '../remote/ssh-transport.ts';
import { createSshTransport } from '../remote/ssh-transport.ts';
import type { Transport, WantedRef } from '../remote/transport.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { readLayout } from '../repository/layout.ts';
import { createObjectStore } from '../repository/object-store.ts';
import { MAX_COMMIT_BYTES } from '../repository/objects.ts';
import { createRefs } from '../repository/refs.ts';
import type { Repository } from '../repository/repository.ts';
import { createRepository } from '../repository/repository.ts';

/** The repository of a submodule: one on this machine, or a mirror of one elsewhere. */
export interface ModuleRepository extends Disposable {
  readonly address: string;
  readonly location: Location;
  readonly credentials: Credentials | undefined;
  /** Returns the repository once it has the commit, which is fetched unless it is there. Throws as `Source` does. */
  withCommit(commit: string, signal: AbortSignal): Promise<Repository>;
  /** Something that should be there could not be read: a mirror is fetched anew next time. */
  suspect(): void;
}

export interface ModuleOptions {
  readonly cacheDir: string;
  readonly git: GitCommand;
  readonly clock: Clock;
  readonly ssh: SshOptions | undefined;
  readonly timeoutMs: number;
}

export function openModule(
  location: Location,
  credentials: Credentials | undefined,
  options: ModuleOptions,
): ModuleRepository {
  const opened =
    location.kind === 'local'
      ? openLocal(location.address, options)
      : openRemote(location, credentials, options);
  return { ...opened, address: location.address, location, credentials };
}

type Opened = Omit<ModuleRepository, 'address' | 'location' | 'credentials'>;

function openLocal(address: string, options: ModuleOptions): Opened {
  let opened: Repository | undefined;
  return {
    async withCommit(commit) {
      const { commonDir } = await readLayout(address);
      if (opened?.commonDir !== commonDir) {
        opened?.store[Symbol.dispose]();
        opened = openRepository(commonDir, options);
      }
      if (!(await opened.store.has(commit))) throw lacks(address, commit);
      return opened;
    },
    suspect: () => undefined,
    [Symbol.dispose]: () => opened?.store[Symbol.dispose](),
  };
}

function openRemote(
  { kind, address }: Location,
  credentials: Credentials | undefined,
  options: ModuleOptions,
): Opened {
  const { git, ssh, timeoutMs } = options;
  const isHttp = kind === 'http';
  const transport = isHttp
    ? createHttpTransport({ address, credentials, git, clock: options.clock })
    : createSshTransport({ address, git, ssh });
  const cacheDir = join(options.cacheDir, 'modules');
  const path = mirrorPath(cacheDir, address);
  const exclusively = createMutex();
  let repository = openRepository(path, options);
  let isDamaged = false;
  const withCommit = async (commit: string, signal: AbortSignal): Promise<Repository> => {
    if (isDamaged) {
      repository.store[Symbol.dispose]();
      await discardMirror(path);
      repository = openRepository(path, options);
      isDamaged = false;
    }
    await ensureMirror(cacheDir, path);
    const pin = `refs/pinned/${commit}`;
    // The ref is written last: without it a fetch may have been cut short.
    if ((await repository.refs.read(pin)) !== null && (await repository.store.has(commit))) return repository;
    await withDeadline({ location: address, timeoutMs, signal }, async (deadline) => {
      await fetchCommit({ transport, repository, path, isHttp }, commit, deadline);
      if ((await repository.store.read(commit, MAX_COMMIT_BYTES))?.type !== 'commit')
        throw lacks(address, commit);
      await repository.refs.put([{ name: pin, id: commit }]);
      await compactMirror(path, git, deadline.signal);
    });
    return repository;
  };
  return {
    withCommit: (commit, signal) => exclusively(() => withCommit(commit, signal)),
    suspect: () => {
      isDamaged = true;
    },
    [Symbol.dispose]: () => repository.store[Symbol.dispose](),
  };
}

interface Fetching {
  readonly transport: Transport;
  readonly repository: Repository;
  readonly path: string;
  readonly isHttp: boolean;
}

/**
 * Fetches a commit that nobody has to be pointing at: the branch or tag that is on it; else the commit itself, where the server lets itself be
 * asked for one; else all branches and tags, of which one may lead to it.
 */
async function fetchCommit(
  { transport, repository, path, isHttp }: Fetching,
  commit: string,
  deadline: Deadline,
): Promise<void> {
  const { refs } = await transport.listRefs(['refs/heads/', 'refs/tags/'], deadline);
  const listed = [...refs]
    .map(([ref, id]): WantedRef => ({ ref, id }))
    .filter(({ ref }) => /^refs\/(heads|tags)\/(?!.*\^\{\}$)/.test(ref));
  const tip = listed.find(({ id }) => id === commit);
  if (tip !== undefined) return transport.fetch(path, [tip], deadline);
  if (isHttp && (await fetchByName(transport, path, { commit, deadline }))) return;
  if (listed.length === 0) return;
  await transport.fetch(path, listed, deadline);
  // The next fetch tells the server by these what is here.
  await repository.refs.put(listed.map(({ ref, id }) => ({ name: ref, id })));
}

async function fetchByName(
  transport: Transport,
  path: string,
  { commit, deadline }: { readonly commit: string; readonly deadline: Deadline },
): Promise<boolean> {
  try {
    await transport.fetch(path, [{ ref: commit, id: commit }], deadline);
    return true;
  } catch (error) {
    if (!isReconcilerError(error) || deadline.signal.aborted) throw error;
    return false;
  }
}

function openRepository(commonDir: string, { git, clock }: ModuleOptions): Repository {
  return createRepository({
    commonDir,
    store: createObjectStore(commonDir, git),
    refs: createRefs(commonDir),
    // Nothing is ever written to it.
    committer: { name: '', email: '' },
    signer: null,
    now: () => clock.now(),
    branch: () => 'HEAD',
  });
}

function lacks(address: string, commit: string): Error {
  return gitError(`${address}: no branch and no tag leads to the commit ${commit.slice(0, 12)}`);
}
