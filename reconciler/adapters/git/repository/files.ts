import type { Stats } from 'node:fs';
import { chmod, chown, link, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, isMissing } from '../errors.ts';

/**
 * Files in somebody else's repository: what is made new gets the owner (where this process may give it away) and the group
 * permissions of the directory it is made in, so that a daemon that runs as root does not lock the repository's owner out.
 */

/** Makes a directory and its missing parents like the nearest one that exists. */
export async function makeDirectory(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const parent = await makeDirectory(dirname(path));
  try {
    await mkdir(path);
    await chmod(path, parent.mode & 0o7777);
    await adopt(path, parent);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return stat(path);
}

/** Creates a file that must not exist yet, durably: its content is on disk when this resolves. Throws EEXIST. */
export async function createFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const parent = await stat(dirname(path));
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.chmod(mode | (parent.mode & 0o020 ? (mode & 0o200) >> 3 : 0));
    if (mayGiveAway(parent)) await handle.chown(parent.uid, parent.gid);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Puts a finished file under its name at once; another one already there wins (for files named by their content). */
export async function publishFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') await rename(from, to);
  } finally {
    await rm(from, { force: true });
  }
}

/** `null` when nothing is there; a symlink is itself, not what it names. */
export async function lstatOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function adopt(path: string, like: Stats): Promise<void> {
  if (mayGiveAway(like)) await chown(path, like.uid, like.gid);
}

function mayGiveAway(like: Stats): boolean {
  return process.getuid?.() === 0 && (like.uid !== 0 || like.gid !== 0);
}
