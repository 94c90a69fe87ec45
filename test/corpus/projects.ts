import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';

/** A Compose project on disk. */
export interface CorpusProject {
  /** Path from the folder of the corpus. */
  readonly name: string;
  /** Files that Compose would read, by path from the root. */
  readonly compose: readonly string[];
  /** Directory of the project, from the root. */
  readonly directory: string;
  /** Everything that may be referred to, by path from the root. */
  readonly files: ReadonlyMap<string, string>;
}

const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDES = ['compose.override', 'docker-compose.override'].flatMap((name) => [
  `${name}.yaml`,
  `${name}.yml`,
]);
const OTHER = /compose.*\.ya?ml$/i;
const SKIPPED = new Set(['.git', '.github', 'node_modules']);
const MAX_FILES = 10_000;
const MAX_FILE_BYTES = 1024 ** 2;

/** Every directory at or below a folder that holds a Compose file, as a project. */
export async function findProjects(root: string): Promise<readonly CorpusProject[]> {
  const found: { name: string; directory: string; compose: readonly string[] }[] = [];
  for await (const { directory, names } of walk(root)) {
    const at = (name: string) => (directory === '' ? name : `${directory}/${name}`);
    const main = NAMES.find((name) => names.includes(name));
    const label = directory === '' ? basename(root) : directory;
    if (main !== undefined) {
      const override = OVERRIDES.filter((name) => names.includes(name)).slice(0, 1);
      found.push({ name: label, directory, compose: [main, ...override].map(at) });
      continue;
    }
    for (const name of names.filter((other) => OTHER.test(other))) {
      if (!/^["']?services["']?:/m.test(await readFile(join(root, at(name)), 'utf8'))) continue;
      found.push({ name: `${label}/${name}`, directory, compose: [at(name)] });
    }
  }
  const projects: CorpusProject[] = [];
  for (const { name, directory, compose } of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const own = await readFiles(root, directory);
    const outside = compose.some((path) => own.get(path)?.includes('../'));
    projects.push({ name, directory, compose, files: outside ? await readFiles(root, '') : own });
  }
  return projects;
}

async function* walk(
  root: string,
  directory = '',
): AsyncGenerator<{ directory: string; names: readonly string[] }> {
  const entries = await readdir(join(root, directory), { withFileTypes: true });
  yield { directory, names: entries.filter((entry) => entry.isFile()).map(({ name }) => name) };
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!entry.isDirectory() || SKIPPED.has(entry.name)) continue;
    yield* walk(root, directory === '' ? entry.name : `${directory}/${entry.name}`);
  }
}

async function readFiles(root: string, directory: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const { directory: place, names } of walk(root, directory)) {
    for (const name of names) {
      const path = join(root, place, name);
      if (files.size >= MAX_FILES || (await stat(path)).size > MAX_FILE_BYTES) continue;
      files.set(relative(root, path), await readFile(path, 'utf8'));
    }
  }
  return files;
}
