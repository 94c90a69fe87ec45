import type { RepositoryFetcher } from '../../../reconciler/ports/builds/repository-fetcher.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { FAKE_COMMIT } from './fake-repositories.ts';

const encoder = new TextEncoder();

/** Files by path, or what is thrown instead; `never`: nothing ever comes. */
export type FakeRepository = Readonly<Record<string, string>> | Error | 'never';

/** Repositories in memory, by address; what was opened and is not closed again can be counted. A blob is the path that it stands at. */
export function createFakeForeign(
  repositories: Readonly<Record<string, FakeRepository>>,
): RepositoryFetcher & { opened(): number } {
  let opened = 0;
  const check = async (address: string): Promise<string> => {
    if (Object.hasOwn(repositories, address)) return address;
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `"${address}" is not below a place that the operator lets be read`,
    );
  };
  return {
    check,
    opened: () => opened,
    sweep: () => Promise.resolve(),
    async fetch(address, branch, signal) {
      signal.throwIfAborted();
      const files = repositories[await check(address)] ?? {};
      if (files instanceof Error) throw files;
      if (files === 'never') {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(signal.reason));
        return promise;
      }
      opened += 1;
      return {
        branch: branch ?? 'main',
        commit: FAKE_COMMIT,
        subject: 'Begin',
        files: Object.keys(files).map((path) => ({ path, type: 'file', blob: path })),
        readBlob: async (blob) => encoder.encode(files[blob]),
        async *readBlobs(blobs) {
          for (const blob of blobs) yield { blob, content: encoder.encode(files[blob]) };
        },
        async [Symbol.asyncDispose]() {
          opened -= 1;
        },
      };
    },
  };
}
