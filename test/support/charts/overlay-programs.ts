import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { findProgram } from '../../../deploy/demo/processes.ts';
import { cacheDirectory, fetchFromSid } from '../packages/sid-package.ts';

/** Programs that build overlays: Debian packages of their names hold them. */
const BUILDERS = { kustomize: ['build'], kubectl: ['kustomize'] } as const;
type Builder = keyof typeof BUILDERS;
const NAMES = Object.keys(BUILDERS) as readonly Builder[];

export interface OverlayProgram {
  readonly name: Builder;
  /** Absolute path. */
  readonly program: string;
  /** Words before the directory. */
  readonly words: readonly string[];
}

/** Fetches those that are lacking out of Debian sid into the user's cache. Rejects with one sentence on what to do when there is no way to get one. */
export async function prepareOverlayPrograms(tell: (line: string) => void): Promise<void> {
  for (const name of NAMES) {
    if (find(name) === undefined) await fetchFromSid(name, name, tell);
  }
  overlayPrograms();
}

/**
 * The programs that `KOMBINATOR_TEST_KUSTOMIZE` and `KOMBINATOR_TEST_KUBECTL` name, else those on the path, else those that were fetched. Throws where one is missing,
 * or cannot be run: tests of overlays are about these programs, and say nothing without them.
 */
export function overlayPrograms(): readonly OverlayProgram[] {
  return NAMES.map((name) => {
    const program = find(name);
    if (program === undefined)
      throw new Error(`There is no ${name}: npx node test/support/prepare.ts fetches it.`);
    try {
      accessSync(program, constants.X_OK);
    } catch {
      throw new Error(`${program} is no program that runs here.`);
    }
    return { name, program, words: BUILDERS[name] };
  });
}

function find(name: Builder): string | undefined {
  const named = process.env[`KOMBINATOR_TEST_${name.toUpperCase()}`];
  if (named !== undefined && named !== '') return named;
  const fetched = cacheDirectory(name);
  return findProgram(name) ?? findProgram(name, { PATH: join(fetched, 'usr', 'bin') });
}
