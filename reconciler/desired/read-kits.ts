import type { Fault } from '../base/errors.ts';
import { contain } from '../base/errors.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import { isDirectory } from '../config/file-tree.ts';
import { isProblem } from '../base/problem.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { BUILT_IN, buildCatalogue } from '../config/kits/kit-catalogue.ts';
import type { StackKit } from '../config/kits/kit.ts';
import type { KitDocument } from '../config/kits/kit-document.ts';
import { catalogueDiagnostics, readKitDocument } from '../config/kits/kit-document.ts';
import { sha256 } from '../base/json.ts';
import type { FileChange } from '../ports/source.ts';
import type { LoadedKits, ReadOptions } from './repository-state.ts';
import { brokenFile, locateDocument, readSmall } from './repository-state.ts';

const DIRECTORY = 'stackkits';
const FILES = ['stackkit.yaml', 'stackkit.yml'];

/** `stackkits/<kit>/stackkit.yaml` of a revision; the same object as before when nothing changed. */
export async function readKits(
  tree: TreeDirectory,
  changes: readonly FileChange[],
  options: ReadOptions,
): Promise<LoadedKits> {
  const { kits: before } = options.state;
  const linked = before.linked || changes.some(({ after }) => after?.type === 'symlink');
  if (!linked && !changes.some(({ path }) => path.startsWith(`${DIRECTORY}/`))) return before;
  const places = findKitFiles(tree).map((file) => ({ file, place: locateDocument(tree, file) }));
  const blobs = new Map(places.map(({ file, place }) => [file, isProblem(place) ? '' : place.blob]));
  const known = (file: string): KitDocument | undefined => {
    const blob = blobs.get(file);
    return blob && blob === before.blobs.get(file) ? before.documents.get(file) : undefined;
  };
  const fresh = places.filter(({ file }) => !known(file));
  if (fresh.length === 0 && places.length === before.documents.size) return before;
  const texts = await readSmall(
    fresh.flatMap(({ place }) => (isProblem(place) ? [] : [place.blob])),
    options,
  );
  const documents = new Map(
    places.map(({ file, place }): [string, KitDocument] => {
      const old = known(file);
      if (old) return [file, old];
      const text = isProblem(place) ? { code: place.code, message: place.problem } : texts.get(place.blob);
      const document = contain(
        () => readKitDocument(file, typeof text === 'string' ? text : '', options.checkSchema),
        (fault) => brokenKit(file, fault),
      );
      if (typeof text === 'string') return [file, document];
      return [file, { ...document, kit: null, diagnostics: [brokenFile(file, text)] }];
    }),
  );
  return build(documents, blobs, tree);
}

function brokenKit(file: string, fault: Fault): KitDocument {
  const name = file.split('/').at(-2) ?? '';
  return { name, file, kit: null, document: parseYaml(''), diagnostics: [brokenFile(file, fault)] };
}

function findKitFiles(tree: TreeDirectory): readonly string[] {
  const directory = tree.get(DIRECTORY);
  if (!isDirectory(directory)) return [];
  return [...directory].sort(byName).flatMap(([name, node]) => {
    const file = isDirectory(node) ? FILES.find((each) => node.has(each)) : undefined;
    return file === undefined ? [] : [`${DIRECTORY}/${name}/${file}`];
  });
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function build(
  documents: ReadonlyMap<string, KitDocument>,
  blobs: ReadonlyMap<string, string>,
  tree: TreeDirectory,
): LoadedKits {
  const own = new Map([...documents.values()].map(({ name, kit }) => [name, kit]));
  const diagnostics = [...documents.values()].flatMap((document) => document.diagnostics);
  const catalogue = contain(
    () => buildCatalogue(own),
    (fault) => {
      diagnostics.push(...[...documents.keys()].map((file) => brokenFile(file, fault)));
      return buildCatalogue(new Map([...own.keys()].map((name) => [name, null])));
    },
  );
  const directory = tree.get(DIRECTORY);
  return {
    documents,
    blobs,
    catalogue,
    digests: digestsOf(documents, blobs, own),
    diagnostics: [...diagnostics, ...catalogueDiagnostics(documents.values(), catalogue)],
    linked:
      isDirectory(directory) &&
      [...directory.values()].some(
        (node) => isDirectory(node) && [...node.values()].some((file) => 'link' in file),
      ),
  };
}

/** Returns, by every name that a stack may use, what its kit is made from, the kits that it extends included. */
function digestsOf(
  documents: ReadonlyMap<string, KitDocument>,
  blobs: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, StackKit | null>,
): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const { name, kit, file } of documents.values()) {
    const chain = [name, blobs.get(file) ?? ''];
    const seen = new Set([name]);
    for (let next = kit?.extends; next !== undefined && !seen.has(next); next = own.get(next)?.extends) {
      seen.add(next);
      chain.push(next, fileBlob(next, documents, blobs));
    }
    const digest = sha256(chain.join('\0'));
    for (const each of [name, ...(kit?.aliases ?? [])])
      digests.set(each, `${digests.get(each) ?? ''}${digest}`);
  }
  // A kit that comes along may extend, or be an older name of, one that the repository has in its place.
  for (const { name, aliases = [], extends: base } of BUILT_IN) {
    const digest = digests.get(name) ?? (base === undefined ? undefined : digests.get(base));
    if (digest === undefined) continue;
    for (const each of [name, ...aliases]) if (!digests.has(each)) digests.set(each, digest);
  }
  return digests;
}

function fileBlob(
  name: string,
  documents: ReadonlyMap<string, KitDocument>,
  blobs: ReadonlyMap<string, string>,
): string {
  const document = [...documents.values()].find((each) => each.name === name);
  return (document && blobs.get(document.file)) ?? '';
}

/** Names whose kit is another than before. */
export function changedKits(before: LoadedKits, after: LoadedKits): readonly string[] {
  if (before === after) return [];
  const names = new Set([...before.digests.keys(), ...after.digests.keys()]);
  return [...names].filter((name) => before.digests.get(name) !== after.digests.get(name));
}
