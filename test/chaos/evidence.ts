import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rig } from './rig.ts';

/**
 * Keeps everything that tells why an invariant does not hold: the daemon's log, what runs, what is described, stacks, jobs, tags and the
 * history of commits. Answers the directory.
 *
 * @param directory below which one is made for it
 */
export async function keepEvidence(rig: Rig, directory: string, name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path, { recursive: true });
  const { daemon, engine, repository, world } = rig;
  const answer = async (of: string) => (await daemon.api('GET', of)).body;
  const parts: Readonly<Record<string, () => Promise<unknown>>> = {
    'engine.json': () => engine.snapshot(),
    'model.json': async () => ({ head: world.head, model: world.model, settled: world.ledger.settled() }),
    'stacks.json': () => answer('/stacks?per_page=500'),
    'jobs.json': () => answer('/jobs?per_page=100'),
    'repository.json': () => answer('/repository'),
    'tags.json': () => repository.tags(),
    'commits.json': async () =>
      (await repository.git('log', '--all', '--format=%H %cI %s', '-60')).split('\n'),
  };
  for (const [file, read] of Object.entries(parts)) {
    const content = await read().catch((error: unknown) => `cannot be read: ${String(error)}`);
    await writeFile(join(path, file), `${JSON.stringify(content, null, 1)}\n`);
  }
  await copyFile(daemon.logFile, join(path, 'daemon.log'));
  return path;
}
