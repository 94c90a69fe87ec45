import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import type { FolderProject, ProjectView } from '../../../../reconciler/index.ts';
import { readComposeFileVariable } from '../../../../reconciler/index.ts';
import { COMPOSE_NAMES, COMPOSE_OVERRIDES } from '../../compose-names.ts';

/** Projects lie directly in the folder, or in a folder in there: `stacks/wiki`. */
const DEEPEST = 2;

/** Directories of a folder with a Compose file in them and no kombination beside it, by path; what lies below one is its own. */
export function findDirectories(root: string): readonly string[] {
  const found: string[] = [];
  const visit = (directory: string, depth: number): void => {
    const entries = readNames(join(root, directory));
    const files = new Set(entries.filter(({ isFile }) => isFile).map(({ name }) => name));
    if (files.has('kombination.yaml') || files.has('kombination.yml')) return;
    if (COMPOSE_NAMES.some((name) => files.has(name))) {
      found.push(directory);
      return;
    }
    if (depth === DEEPEST) return;
    for (const { name, isFile } of entries)
      if (!isFile && !name.startsWith('.') && name !== 'node_modules')
        visit(posix.join(directory, name), depth + 1);
  };
  visit('', 0);
  return found;
}

function readNames(directory: string): readonly { readonly name: string; readonly isFile: boolean }[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((one) => one.isFile() || one.isDirectory())
      .map((one) => ({ name: one.name, isFile: one.isFile() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Not to be read by this user, such as data of a container: nothing of a project is in there.
    return [];
  }
}

export interface LocalProject extends FolderProject {
  /** The project on the engine of this machine; `null`: it does not run. */
  readonly running: ProjectView | null;
}

/** The project in a directory: as it runs, else as Compose would take it. */
export function readProject(root: string, directory: string, projects: readonly ProjectView[]): LocalProject {
  const place = realpathSync(join(root, directory));
  const running =
    projects.find((one) => one.node === null && one.directory !== null && isSame(one.directory, place)) ??
    null;
  const asRun = running === null ? null : filesBelow(place, running.files);
  const files = asRun ?? chosenFiles(place);
  if (running === null) return { directory, files, services: [], running };
  const services = [...new Set(running.containers.map(({ service }) => service))];
  return { directory, files, services, running, name: running.name };
}

function isSame(directory: string, place: string): boolean {
  return existsSync(directory) && realpathSync(directory) === place;
}

/** `null` when one is gone, or lies elsewhere. */
function filesBelow(place: string, files: readonly string[]): readonly string[] | null {
  const below = files.map((file) => (existsSync(file) ? relative(place, realpathSync(file)) : '..'));
  const isOutside = below.some((path) => path.startsWith('..') || path.startsWith(sep));
  return below.length === 0 || isOutside ? null : below.map((path) => path.split(sep).join(posix.sep));
}

function chosenFiles(place: string): readonly string[] {
  const dotenv = join(place, '.env');
  const named = existsSync(dotenv) ? readComposeFileVariable(readFileSync(dotenv, 'utf8')) : null;
  if (named && named.every((path) => !path.startsWith('/') && existsSync(join(place, path))))
    return named.map((path) => posix.normalize(path));
  return [COMPOSE_NAMES, COMPOSE_OVERRIDES].flatMap(
    (names) => names.find((name) => existsSync(join(place, name))) ?? [],
  );
}
