import fs from 'node:fs';
import { dirname, join } from 'node:path';
import * as git from 'isomorphic-git';
import { isReconcilerError } from '../../base/errors.ts';
import type { Layout } from './repository/layout.ts';
import { readLayout } from './repository/layout.ts';

/** A work tree that a directory is in. */
export interface WorkTreeFiles {
  /** Absolute path. */
  readonly root: string;
  /** Directory of its objects and refs, which all work trees of one repository share. */
  readonly commonDir: string;
  /** Files that Git knows, as absolute paths; none when its index cannot be read. */
  readonly tracked: ReadonlySet<string>;
}

/**
 * The work tree around a directory; `null` outside of one.
 *
 * @param directory absolute path
 */
export async function findWorkTree(directory: string): Promise<WorkTreeFiles | null> {
  const layout = await findLayout(directory);
  if (layout === null || layout.workTree === null) return null;
  const { workTree: root, gitdir, commonDir } = layout;
  try {
    const files = await git.listFiles({ fs, dir: root, gitdir });
    return { root, commonDir, tracked: new Set(files.map((file) => join(root, file))) };
  } catch {
    // Formats of the index that the library does not know.
    return { root, commonDir, tracked: new Set() };
  }
}

async function findLayout(directory: string): Promise<Layout | null> {
  for (let place = directory; ; place = dirname(place)) {
    if (fs.existsSync(join(place, '.git'))) {
      return await readLayout(place).catch((error: unknown) => {
        if (isReconcilerError(error)) return null;
        throw error;
      });
    }
    if (dirname(place) === place) return null;
  }
}
