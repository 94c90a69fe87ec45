import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

/** A repository for one merge: it reads from another one, has none of its settings, and writes nothing there. */
export interface MergePlace extends AsyncDisposable {
  readonly directory: string;
  /** Environment of the commands that work in it. */
  readonly env: Readonly<Record<string, string>>;
  /** Ids of the objects that were made in it. */
  made(): Promise<ReadonlySet<string>>;
  /** Content of an object that was made in it. Throws for one that has more bytes than this. */
  read(id: string, maxBytes: number): Promise<Buffer>;
}

/** Settings of the machine, and of a repository, may name programs that merge; a proposal must not choose among them. */
const SETTINGS = '[core]\n\trepositoryformatversion = 0\n\tbare = true\n';
const HEADER_BYTES = 64;

const unpack = promisify(inflate);

/** @param commonDir repository that has both sides */
export async function openMergePlace(commonDir: string): Promise<MergePlace> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-merge-'));
  const objects = join(directory, 'objects');
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    for (const part of [objects, join(directory, 'refs')]) await mkdir(part);
    await writeFile(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
    await writeFile(join(directory, 'config'), SETTINGS);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    directory,
    env: {
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quotePath(join(commonDir, 'objects')),
      GIT_SHALLOW_FILE: join(commonDir, 'shallow'),
    },
    async made() {
      const names = (await readdir(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name));
      const rest = await Promise.all(names.map((name) => readdir(join(objects, name))));
      return new Set(names.flatMap((name, at) => (rest[at] ?? []).map((end) => `${name}${end}`)));
    },
    async read(id, maxBytes) {
      const packed = await readFile(join(objects, id.slice(0, 2), id.slice(2)));
      const whole = await unpack(packed, { maxOutputLength: maxBytes + HEADER_BYTES });
      return whole.subarray(whole.indexOf(0) + 1);
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Paths with colons, or that begin with a quote, are written as in C. */
function quotePath(path: string): string {
  return JSON.stringify(path);
}
