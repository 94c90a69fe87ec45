import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile, HostLimits, HostPath } from '../../../../reconciler/index.ts';

/** Reads a file or a directory of this machine, as engines read those of theirs: links are left out. */
export function readLocalPath(path: string, limits: HostLimits): HostPath {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'missing' };
  if (found.isFile()) {
    if (found.size > limits.bytes) return { kind: 'too-large' };
    const file = readFile(path, found.mode);
    return file === null ? { kind: 'missing' } : { kind: 'file', file };
  }
  return found.isDirectory() ? readDirectory(path, limits) : { kind: 'missing' };
}

function readDirectory(root: string, limits: HostLimits): HostPath {
  const files = new Map<string, HostFile>();
  let bytes = 0;
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const name of listNames(join(root, below))) {
      const path = below === '' ? name : `${below}/${name}`;
      const found = lstatSync(join(root, path), { throwIfNoEntry: false });
      if (found?.isDirectory()) waiting.push(path);
      if (!found?.isFile()) continue;
      bytes += found.size;
      if (bytes > limits.bytes || files.size >= limits.files) return { kind: 'too-large' };
      const file = readFile(join(root, path), found.mode);
      // Content of which a part cannot be read is none.
      if (file === null) return { kind: 'missing' };
      files.set(path, file);
    }
  }
  return { kind: 'directory', files };
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // Not to be read by this user: as good as empty.
    return [];
  }
}

function readFile(path: string, mode: number): HostFile | null {
  try {
    return { content: readFileSync(path), executable: (mode & 0o111) !== 0 };
  } catch {
    return null;
  }
}
