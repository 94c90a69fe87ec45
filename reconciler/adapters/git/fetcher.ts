import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReconcilerError } from '../../base/errors.ts';
import type { Secret } from '../../model/secret.ts';
import type {
  FetchedFile,
  FetchedRepository,
  RepositoryFetcher,
} from '../../ports/builds/repository-fetcher.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Source } from '../../ports/source.ts';
import { gitError } from './errors.ts';
import { createGitSource } from './index.ts';
import type { Credentials } from './location.ts';
import { findPlace, parseModuleLocation, parsePlaces } from './modules/places.ts';

/** Beginning of the addresses of repositories, and who asks there. */
export interface FetchPlace {
  /** `https://github.com/acme/`, `ssh://git@host/` */
  readonly address: string;
  /** Default: what the server makes of none. */
  readonly username?: string;
  /** Reference of a password or token; left out: none is sent. */
  readonly password?: string;
}

export interface FetcherOptions {
  readonly places: readonly FetchPlace[];
  /** Directory of the copies; nothing else is in it. */
  readonly directory: string;
  /** Key of the operator's configuration that names the places. Default `builds.sources`. */
  readonly setting?: string;
  /** Largest pack that is fetched over http(s), in bytes. Default 2 GiB. */
  readonly maxPackBytes?: number;
  /** Throws SECRET_NOT_FOUND. */
  readonly resolveSecret: (reference: string) => Secret;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Program to run for `git`; `null` does without. Default `git`. */
  readonly gitCommand?: string | null;
}

const MAX_FILES = 100_000;

/** Fetches repositories below the operator's places over http(s) and ssh. Throws BAD_OPTIONS for a place that is none. */
export function createRepositoryFetcher(options: FetcherOptions): RepositoryFetcher {
  const { directory, setting: key = 'builds.sources' } = options;
  const places = options.places.flatMap((setting) =>
    parsePlaces([setting.address], 'repositories').map((place) => ({ setting, place })),
  );
  const find = async (address: string) => {
    const written = parseModuleLocation(address);
    if (written === null || written.kind === 'local')
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `${shown(address)} is no address of a repository: write it as https://host/name or ssh://user@host/name`,
      );
    if (written.kind === 'http' && written.credentials !== undefined)
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `leave credentials out of the address of a repository: the operator gives them, under ${key}`,
      );
    for (const { setting, place } of places) {
      const allowed = await findPlace([place], written);
      if (allowed !== null) return { setting, address: allowed.location.address };
    }
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${shown(written.address)} is not below a place that the operator lets repositories be fetched from (${key})`,
    );
  };
  return {
    check: async (address) => (await find(address)).address,
    async fetch(address, branch, signal) {
      const found = await find(address);
      const credentials = credentialsOf(found.setting, options.resolveSecret);
      const cacheDir = join(directory, randomBytes(8).toString('hex'));
      const { clock, logger, gitCommand, maxPackBytes } = options;
      const source = await createGitSource({
        location: found.address,
        cacheDir,
        clock,
        logger,
        ...(branch === null ? {} : { branch }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(gitCommand === undefined ? {} : { gitCommand }),
        ...(maxPackBytes === undefined ? {} : { maxPackBytes }),
      });
      const close = async () => {
        await source[Symbol.asyncDispose]();
        await rm(cacheDir, { recursive: true, force: true });
      };
      try {
        return await read(source, close, signal);
      } catch (error) {
        await close();
        throw error;
      }
    },
    sweep: () => rm(directory, { recursive: true, force: true }),
  };
}

async function read(
  source: Source,
  close: () => Promise<void>,
  signal: AbortSignal,
): Promise<FetchedRepository> {
  const { commit, branch, subject } = await source.resolve(signal);
  const listed = await source.diff(null, commit, signal);
  if (listed.length > MAX_FILES) throw gitError(`the repository has more than ${MAX_FILES} files`);
  const files = listed.flatMap(({ path, after }): readonly FetchedFile[] =>
    after === null ? [] : [{ path, type: after.type, blob: after.blob }],
  );
  return {
    branch,
    commit,
    subject,
    files,
    readBlob: (blob) => source.readBlob(blob),
    readBlobs: (blobs, maxBytes, inner) => source.readBlobs(blobs, maxBytes, inner),
    [Symbol.asyncDispose]: close,
  };
}

function credentialsOf(
  { username, password }: FetchPlace,
  resolve: FetcherOptions['resolveSecret'],
): Credentials | undefined {
  if (password === undefined) return undefined;
  const secret = resolve(password);
  return username === undefined ? { token: secret } : { username, password: secret };
}

function shown(address: string): string {
  return JSON.stringify(
    address
      .replace(/\/\/[^/@]*@/, '//')
      .replaceAll(/\p{Cc}/gu, ' ')
      .slice(0, 200),
  );
}
