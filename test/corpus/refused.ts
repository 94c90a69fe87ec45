import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../deploy/demo/processes.ts';
import type { ComposeCommand } from '../support/compose/compose.ts';
import type { Adopted } from './adopt.ts';
import type { CorpusProject } from './projects.ts';

/** Returns what `docker-compose config` has against a project with everything that was made up for it; `null`: nothing. */
export async function refusedByCompose(
  { program, args }: ComposeCommand,
  project: CorpusProject,
  { files, variables }: Adopted,
): Promise<string | null> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-corpus-compose-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const words = [
      ...args,
      ...project.compose.flatMap((file) => ['-f', join(root, file)]),
      'config',
      '--quiet',
    ];
    await run(program, words, { env: { ...process.env, ...variables } });
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.trim().split('\n').at(-1)?.replaceAll(`${root}/`, '') ?? 'it does not say why';
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
