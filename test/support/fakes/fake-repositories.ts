import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { RepositoryFetcher } from '../../../reconciler/ports/builds/repository-fetcher.ts';

export interface FakeRepositories extends RepositoryFetcher {
  /** Copies that nobody has disposed of. */
  readonly open: () => number;
  readonly swept: () => number;
  /** Holds up the next fetch until it is called off. */
  hang(): void;
}

export const FAKE_COMMIT = 'abcdef0123'.repeat(4);
const PLACE = 'https://git.example.org/';
/** One that never answers. */
const SLOW = `${PLACE}slow`;

/** Repositories below `https://git.example.org/`, files by path; a blob is the path that it stands at. */
export function createFakeRepositories(
  repositories: Readonly<Record<string, Readonly<Record<string, string>>>>,
): FakeRepositories {
  let open = 0;
  let swept = 0;
  let hangs = false;
  const check = async (address: string): Promise<string> => {
    if (address.startsWith(PLACE)) return address;
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `"${address}" is not below a place that the operator lets repositories be fetched from (builds.sources)`,
    );
  };
  return {
    check,
    open: () => open,
    swept: () => swept,
    hang: () => void (hangs = true),
    async fetch(address, branch, signal) {
      await check(address);
      if (hangs || address === SLOW)
        await new Promise((_, reject) => {
          hangs = false;
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      const files = repositories[address.slice(PLACE.length)];
      if (files === undefined)
        throw new ReconcilerError('REPOSITORY_NOT_FOUND', `${address}: there is no such repository`);
      if (branch !== null && branch !== 'main')
        throw new ReconcilerError('BRANCH_NOT_FOUND', `no branch ${branch} in the repository: it has main`);
      open += 1;
      return {
        branch: 'main',
        commit: FAKE_COMMIT,
        subject: 'Begin',
        files: Object.keys(files)
          .sort()
          .map((path) => ({ path, type: path.startsWith('vendor') ? 'submodule' : 'file', blob: path })),
        readBlob: async (blob) => Buffer.from(files[blob] ?? ''),
        async *readBlobs(blobs) {
          for (const blob of blobs) yield { blob, content: Buffer.from(files[blob] ?? '') };
        },
        async [Symbol.asyncDispose]() {
          open -= 1;
        },
      };
    },
    async sweep() {
      swept += 1;
    },
  };
}
