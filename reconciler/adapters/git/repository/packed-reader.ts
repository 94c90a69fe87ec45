import * as fs from 'node:fs';
import * as git from 'isomorphic-git';
import { withOwnMemory } from '../../../base/bytes.ts';
import { gitError } from '../errors.ts';
import type { GitObject, ObjectType } from './objects.ts';
import { asText } from '../../../base/values.ts';

/** Reads objects in this process, loose and packed, where there is no git command. */
export interface PackedReader extends Disposable {
  /** `null` when the repository does not have it. */
  read(id: string): Promise<GitObject | null>;
  /** Full id of an abbreviated one; `null` for none, throws GIT_ERROR for several. */
  expand(abbreviation: string): Promise<string | null>;
  /** One pack file holding exactly these objects. */
  pack(ids: readonly string[]): Promise<Buffer>;
}

/** isomorphic-git keeps whole packs and unpacked bases in its cache: it is dropped after this time without a read … */
const IDLE_MS = 10_000;
/** … and after this many reads. */
const READS_PER_CACHE = 50_000;

export function createPackedReader(commonDir: string): PackedReader {
  let cache: object = {};
  let reads = 0;
  const forget = (): void => {
    cache = {};
    reads = 0;
  };
  const idle = setTimeout(forget, IDLE_MS).unref();
  const attempt = async (id: string): Promise<GitObject | null> => {
    const result = await git
      .readObject({ fs, gitdir: commonDir, oid: id, format: 'content', cache })
      .catch((error: unknown) => (isNotFound(error) ? null : Promise.reject(asError(error))));
    return result === null ? null : toObject(result);
  };
  return {
    read: async (id) => {
      idle.refresh();
      reads += 1;
      if (reads > READS_PER_CACHE) forget();
      const first = await attempt(id).catch(() => null);
      if (first !== null) return first;
      // The cached list of packs may be of before a `git gc`.
      forget();
      return attempt(id);
    },
    expand: async (abbreviation) => {
      try {
        return await git.expandOid({ fs, gitdir: commonDir, oid: abbreviation });
      } catch (error) {
        if (isNotFound(error)) return null;
        throw gitError(`${abbreviation} is the start of several object ids, or cannot be looked up`, error);
      }
    },
    pack: async (ids) => {
      const { packfile } = await git.packObjects({ fs, gitdir: commonDir, dir: commonDir, oids: [...ids] });
      if (packfile === undefined) throw gitError('a pack file could not be made');
      return Buffer.from(packfile);
    },
    [Symbol.dispose]: () => clearTimeout(idle),
  };
}

function toObject(result: { readonly type?: string | undefined; readonly object?: unknown }): GitObject {
  const { type, object } = result;
  if (!isType(type) || !(object instanceof Uint8Array)) throw gitError('an object cannot be read');
  return { type, content: withOwnMemory(object) };
}

function isType(type: string | undefined): type is ObjectType {
  return type === 'commit' || type === 'tree' || type === 'blob' || type === 'tag';
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NotFoundError';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(asText(error));
}
