import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findWorkTree } from '../../reconciler/index.ts';
import type { Invocation } from './invocation.ts';
import { isRemoteLocation } from './options.ts';

/**
 * Says what becomes of deployment tags that no other copy of the repository has; `null` when nothing has to be said. A daemon goes on
 * pushing, a command ends, and its machine may be thrown away.
 *
 * @param tags those that the command has made
 * @param tagError reason why a tag was not made, or not pushed
 */
export async function findLostTags(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  tags: readonly string[],
  tagError: string | null,
): Promise<string | null> {
  if (options.server !== undefined) return null;
  const named = tags.length === 0 ? 'the deployment tag' : tags.join(', ');
  if (tagError !== null)
    return `${named} did not get to the repository (${tagError}): the next deployment with this state directory tries again; a machine that is thrown away loses it`;
  if (tags.length === 0 || isRemoteLocation(options.repo)) return null;
  if (!(await hasRemote(resolve(options.repo)))) return null;
  const lost = terminal.env['CI'] ? '; with this runner it is lost' : '';
  return `${named} is in this checkout alone${lost}: git push origin ${tags.join(' ')} keeps it, and --repo with the address of the repository pushes it`;
}

async function hasRemote(directory: string): Promise<boolean> {
  const tree = await findWorkTree(directory);
  if (tree === null) return false;
  try {
    return /^\s*\[remote "/m.test(readFileSync(join(tree.commonDir, 'config'), 'utf8'));
  } catch {
    // Not to be read by this user: then nobody knows of one.
    return false;
  }
}
