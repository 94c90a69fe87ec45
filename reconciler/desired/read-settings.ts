import type { Fault } from '../base/errors.ts';
import { contain } from '../base/errors.ts';
import { clusterKey } from '../config/kombination/cluster-node.ts';
import type { ClusterDocument } from '../config/fleet/cluster-document.ts';
import { readClusterDocument } from '../config/fleet/cluster-document.ts';
import type { NodeDocument, SettingsDocument } from '../config/fleet/config-documents.ts';
import { NO_SETTINGS, readNodeDocument, readSettingsDocument } from '../config/fleet/config-documents.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import { isDirectory } from '../config/file-tree.ts';
import { isProblem } from '../base/problem.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import type { TargetReference } from '../model/target.ts';
import type { FileChange } from '../ports/source.ts';
import type {
  LoadedNodes,
  LoadedSettings,
  LoadOptions,
  ReadOptions,
  RepositoryState,
} from './repository-state.ts';
import { brokenFile, EMPTY_STATE, locateDocument, readSmall } from './repository-state.ts';

const SHARED = /^(?:nodes|clusters)\/[^/]+\.ya?ml$/;
const DIRECTORIES = ['clusters', 'nodes'];
export const SETTINGS = ['kombinator.yaml', 'kombinator.yml'] as const;

/** `kombinator.yaml` of a revision. One with errors changes nothing. */
export async function readSettings(tree: TreeDirectory, options: LoadOptions): Promise<LoadedSettings> {
  const { settings: before } = options.state;
  const file = SETTINGS.find((name) => tree.has(name));
  if (file === undefined)
    return before.blob === null && before.document !== NO_SETTINGS ? before : unset(options);
  const found = locateDocument(tree, file);
  const blob = isProblem(found) ? null : found.blob;
  if (blob !== null && blob === before.blob) return before;
  const problem = isProblem(found)
    ? { code: found.code, message: found.problem }
    : (await readSmall([found.blob], options)).get(found.blob);
  const document =
    typeof problem === 'string'
      ? contain(
          () => withOperators(readSettingsDocument(file, problem, options), options),
          (fault) => ({ ...NO_SETTINGS, diagnostics: [brokenFile(file, fault)] }),
        )
      : { ...NO_SETTINGS, diagnostics: [brokenFile(file, problem)] };
  const { diagnostics } = document;
  if (diagnostics.every(({ severity }) => severity !== 'error')) {
    return { blob, document, diagnostics, unknown: false };
  }
  const unknown = before.unknown || options.state.revision === null;
  return { blob, document: before.document, diagnostics, unknown };
}

function unset(options: LoadOptions): LoadedSettings {
  return { ...EMPTY_STATE.settings, document: withOperators(NO_SETTINGS, options) };
}

/** The registries of the operator come first. */
function withOperators(document: SettingsDocument, { policy }: LoadOptions): SettingsDocument {
  return { ...document, registries: [...policy.credentials, ...document.registries] };
}

/** `nodes/*.yaml` and `clusters/*.yaml` of a revision; the same object as before when nothing changed. */
export async function readNodes(
  tree: TreeDirectory,
  changes: readonly FileChange[],
  options: ReadOptions,
): Promise<LoadedNodes> {
  const { nodes: before } = options.state;
  const directories = DIRECTORIES.flatMap((name) => {
    const directory = tree.get(name);
    return isDirectory(directory) ? [[name, directory] as const] : [];
  });
  const linked = directories.some(([, directory]) => [...directory.values()].some((node) => 'link' in node));
  if (!linked && !changes.some(({ path }) => SHARED.test(path))) return before;
  const files = directories
    .flatMap(([name, directory]) => [...directory.keys()].sort().map((file) => `${name}/${file}`))
    .filter((file) => SHARED.test(file));
  const places = files.map((file) => [file, locateDocument(tree, file)] as const);
  const blobs = new Map(places.map(([file, place]) => [file, isProblem(place) ? '' : place.blob]));
  const fresh = files.filter((file) => blobs.get(file) !== before.blobs.get(file) || blobs.get(file) === '');
  if (fresh.length === 0 && files.length === before.documents.size) return before;
  const texts = await readSmall(
    fresh.flatMap((file) => blobs.get(file) || []),
    options,
  );
  const documents = new Map(
    places.map(([file, place]): [string, NodeDocument | ClusterDocument] => {
      const known = before.documents.get(file);
      if (known && !fresh.includes(file)) return [file, known];
      const text = isProblem(place) ? { code: place.code, message: place.problem } : texts.get(place.blob);
      const read = isCluster(file) ? readClusterDocument : readNodeDocument;
      const content = typeof text === 'string' ? text : '';
      const document = contain(
        () => read(file, content, options),
        (fault) => brokenTarget(file, fault),
      );
      return [
        file,
        typeof text === 'string' ? document : { ...document, diagnostics: [brokenFile(file, text)] },
      ];
    }),
  );
  const written = [...documents].map(([file, { name, reference }]) => {
    return [isCluster(file) ? clusterKey(name) : name, reference] as const;
  });
  return { documents, blobs, references: new Map([...written, ...operatorReferences(options.policy)]) };
}

/** The state before anything was read: the operator's targets are there. */
export function emptyState(policy: OperatorPolicy): RepositoryState {
  return { ...EMPTY_STATE, nodes: { ...EMPTY_STATE.nodes, references: operatorReferences(policy) } };
}

/** The targets that the operator defines, by the names that stacks use. */
function operatorReferences({ targets }: OperatorPolicy): ReadonlyMap<string, TargetReference> {
  return new Map([...targets].map(([key, { reference }]) => [key, reference]));
}

function brokenTarget(file: string, fault: Fault): NodeDocument {
  const name = file.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  return { name, file, reference: null, diagnostics: [brokenFile(file, fault)] };
}

function isCluster(file: string): boolean {
  return file.startsWith('clusters/');
}
