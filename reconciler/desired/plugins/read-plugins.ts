import type { Fault } from '../../base/errors.ts';
import { contain } from '../../base/errors.ts';
import { isProblem } from '../../base/problem.ts';
import { BUILT_IN_PLUGINS } from '../../config/catalogue/built-in-plugins.ts';
import type { PluginDocument } from '../../config/catalogue/plugin-document.ts';
import { readPluginDocument } from '../../config/catalogue/plugin-document.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { isDirectory } from '../../config/file-tree.ts';
import type { FileChange } from '../../ports/source.ts';
import type { LoadedPlugins, ReadOptions } from '../repository-state.ts';
import { brokenFile, locateDocument, readSmall } from '../repository-state.ts';

const DIRECTORY = 'plugins';
const FILE = /^[^/]+\.ya?ml$/;

/** `plugins/*.yaml` of a revision; the same object as before when nothing changed. */
export async function readPlugins(
  tree: TreeDirectory,
  changes: readonly FileChange[],
  options: ReadOptions,
): Promise<LoadedPlugins> {
  const { plugins: before } = options.state;
  const linked = before.linked || changes.some(({ after }) => after?.type === 'symlink');
  if (!linked && !changes.some(({ path }) => path.startsWith(`${DIRECTORY}/`))) return before;
  const directory = tree.get(DIRECTORY);
  const names = isDirectory(directory) ? [...directory.keys()].filter((name) => FILE.test(name)).sort() : [];
  const places = names.map((name) => {
    const file = `${DIRECTORY}/${name}`;
    return { file, place: locateDocument(tree, file) };
  });
  const blobs = new Map(places.map(({ file, place }) => [file, isProblem(place) ? '' : place.blob]));
  const known = (file: string): PluginDocument | undefined =>
    blobs.get(file) && blobs.get(file) === before.blobs.get(file) ? before.documents.get(file) : undefined;
  const fresh = places.filter(({ file }) => !known(file));
  if (fresh.length === 0 && places.length === before.documents.size) return before;
  const texts = await readSmall(
    fresh.flatMap(({ place }) => (isProblem(place) ? [] : [place.blob])),
    options,
  );
  const documents = places.map(({ file, place }): PluginDocument => {
    const old = known(file);
    if (old) return old;
    const text = isProblem(place) ? { code: place.code, message: place.problem } : texts.get(place.blob);
    if (typeof text !== 'string') return { ...broken(file), diagnostics: [brokenFile(file, text)] };
    return contain(
      () => readPluginDocument(file, text, options.checkSchema),
      (fault) => broken(file, fault),
    );
  });
  return {
    documents: new Map(documents.map((document) => [document.file, document])),
    blobs,
    catalogue: new Map([
      ...BUILT_IN_PLUGINS,
      ...documents.map(({ name, plugin }) => [name, plugin] as const),
    ]),
    linked: isDirectory(directory) && [...directory.values()].some((node) => 'link' in node),
  };
}

function broken(file: string, fault?: Fault): PluginDocument {
  const name = file.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  return { name, file, plugin: null, diagnostics: fault ? [brokenFile(file, fault)] : [] };
}

/** Returns what the index calls a plugin among the things that a stack is made from. */
export function pluginKey(id: string): string {
  return `${DIRECTORY}/${id}`;
}

/** Plugins that are others than before. */
export function changedPlugins(before: LoadedPlugins, after: LoadedPlugins): readonly string[] {
  if (before === after) return [];
  const ids = new Set([...before.catalogue.keys(), ...after.catalogue.keys()]);
  return [...ids].filter((id) => before.catalogue.get(id) !== after.catalogue.get(id));
}
