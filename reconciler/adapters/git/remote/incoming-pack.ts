import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as git from 'isomorphic-git';
import { PassingError, RemoteError } from '../errors.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { firstErrorLine, FRUGAL } from '../repository/git-command.ts';
import type { Deadline } from './deadline.ts';
import { readPackets } from './pkt-line.ts';

const PACK_HEADER_BYTES = 12;
const HASH_BYTES = 20;

/** A pack that a remote sends, and the mirror that it is for. */
export interface IncomingPack {
  readonly mirrorDir: string;
  /** Repository, as errors tell of it. */
  readonly place: string;
  readonly bytes: AsyncIterable<Buffer>;
}

/**
 * The pack out of the answer to a fetch: acknowledgements, then bands 1 (pack), 2 (progress), 3 (fatal error).
 *
 * @throws GIT_ERROR with what the remote says where it gives up
 */
export async function* packBytes(body: AsyncIterable<Uint8Array>, place: string): AsyncGenerator<Buffer> {
  for await (const packet of readPackets(body, place)) {
    if (packet?.[0] === 1) yield packet.subarray(1);
    const fatal = packet?.[0] === 3 ? packet.toString('utf8', 1) : null;
    const refused = packet?.toString('utf8', 0, 4) === 'ERR ' ? packet.toString('utf8', 4) : null;
    const message = fatal ?? refused;
    if (message !== null) throw new RemoteError(`${place}: the Git server gives up: ${message.trim()}`);
  }
}

/**
 * Indexes a pack beside the others and then puts it among them, the index last: half a pack is never seen.
 *
 * @throws REPOSITORY_UNREACHABLE for one that is cut short, GIT_ERROR for one that cannot be indexed
 */
export async function storePack(
  command: GitCommand,
  incoming: IncomingPack,
  deadline: Deadline,
): Promise<void> {
  const { mirrorDir, place } = incoming;
  const directory = join(mirrorDir, 'incoming');
  await mkdir(directory, { recursive: true });
  const pack = join(directory, `${randomBytes(8).toString('hex')}.pack`);
  const index = pack.replace(/pack$/, 'idx');
  try {
    const { objects, checksum } = await writePack(pack, incoming);
    if (objects === 0) return;
    if (await command.available()) {
      const args = [...FRUGAL, 'index-pack', '-v', '-o', index, pack];
      const { signal } = deadline;
      const { exitCode, stderr } = await command.run(args, { signal, onOutput: () => deadline.touch() });
      if (exitCode !== 0)
        throw new RemoteError(`${place}: the pack from the server is damaged: ${firstErrorLine(stderr)}`);
    } else {
      const filepath = `incoming/${basename(pack)}`;
      await git.indexPack({
        fs,
        dir: mirrorDir,
        gitdir: mirrorDir,
        filepath,
        onProgress: () => deadline.touch(),
      });
    }
    const target = join(mirrorDir, 'objects', 'pack', `pack-${checksum}`);
    await rename(pack, `${target}.pack`);
    await rename(index, `${target}.idx`);
  } finally {
    await rm(pack, { force: true });
    await rm(index, { force: true });
  }
}

async function writePack(
  path: string,
  { bytes, place }: IncomingPack,
): Promise<{ readonly objects: number; readonly checksum: string }> {
  const handle = await open(path, 'wx', 0o444);
  const hash = createHash('sha1');
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  try {
    for await (const chunk of bytes) {
      if (head.length < PACK_HEADER_BYTES) head = Buffer.concat([head, chunk]).subarray(0, PACK_HEADER_BYTES);
      // The last 20 bytes are the checksum of everything before them.
      const held = Buffer.concat([tail, chunk]);
      tail = Buffer.from(held.subarray(Math.max(0, held.length - HASH_BYTES)));
      hash.update(held.subarray(0, held.length - tail.length));
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const checksum = hash.digest('hex');
  if (head.toString('latin1', 0, 4) !== 'PACK' || checksum !== tail.toString('hex'))
    throw new PassingError(place, 'the pack from the server is cut short or damaged');
  return { objects: head.readUInt32BE(8), checksum };
}
