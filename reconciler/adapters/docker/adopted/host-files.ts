import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { ReconcilerError } from '../../../base/errors.ts';
import type { HostFile, HostLimits, HostPath } from '../../../ports/adopt/compose-projects.ts';
import type { Engine } from '../engine/engine.ts';
import { statusOf } from '../engine/engine-errors.ts';
import { COMPOSE } from '../labels.ts';

/** Place of the directory that is looked into, inside of the container that is made for it. */
const INSIDE = '/kombinator-host';

/**
 * Reads a path of the engine's host: the directory around it is mounted, for reading, into a container of an image that is there anyway. The container is
 * never started, and removed again.
 */
export async function readHostPath(
  engine: Engine,
  { project, path }: { readonly project: string; readonly path: string },
  limits: HostLimits,
  signal: AbortSignal,
): Promise<HostPath> {
  const [member] = await engine.containersOfProject(project, signal);
  if (member === undefined)
    throw new ReconcilerError('TARGET_ERROR', `there is no container of the Compose project ${project}`);
  const id = await mountBeside(engine, member.ImageID, posix.dirname(path), signal);
  if (id === null) return { kind: 'missing' };
  try {
    const name = posix.basename(path);
    const archive = await engine.getArchive(id, `${INSIDE}/${name}`, signal);
    return archive === null ? { kind: 'missing' } : await unpack(archive, name, limits);
  } finally {
    await engine.removeContainer(id, signal);
  }
}

/** `null`: there is no such directory. */
async function mountBeside(
  engine: Engine,
  image: string,
  directory: string,
  signal: AbortSignal,
): Promise<string | null> {
  const body = {
    Image: image,
    Entrypoint: ['/never-started'],
    Cmd: [],
    Labels: { [`${COMPOSE}.oneoff`]: 'True' },
    NetworkDisabled: true,
    // A directory that is missing is an error in the long form; the short one would make it.
    HostConfig: { Mounts: [{ Type: 'bind', Source: directory, Target: INSIDE, ReadOnly: true }] },
  };
  try {
    return await engine.createContainer(`kombinator-look-${randomUUID().slice(0, 8)}`, body, { signal });
  } catch (error) {
    if (statusOf(error) === 400) return null;
    throw error;
  }
}

async function unpack(archive: Readable, name: string, limits: HostLimits): Promise<HostPath> {
  const entries = extract();
  archive.on('error', (error) => entries.destroy(error));
  archive.pipe(entries);
  const files = new Map<string, HostFile>();
  let isDirectory = false;
  let bytes = 0;
  try {
    for await (const entry of entries) {
      const { header } = entry;
      const below = header.name.replace(/\/$/, '').slice(name.length + 1);
      if (header.type === 'directory') isDirectory ||= below === '';
      if (header.type !== 'file') {
        entry.resume();
        continue;
      }
      bytes += header.size;
      if (bytes > limits.bytes || files.size >= limits.files) return { kind: 'too-large' };
      files.set(below, { content: await buffer(entry), executable: ((header.mode ?? 0) & 0o111) !== 0 });
    }
  } finally {
    archive.destroy();
  }
  const [first] = files.values();
  if (!isDirectory) return first === undefined ? { kind: 'missing' } : { kind: 'file', file: first };
  return { kind: 'directory', files };
}
