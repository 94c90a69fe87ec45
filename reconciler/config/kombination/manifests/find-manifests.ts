import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { suggest } from '../../../base/nearest.ts';
import { isProblem } from '../../../base/problem.ts';
import type { TreeDirectory } from '../../file-tree.ts';
import { isDirectory, joinPath, resolvePath } from '../../file-tree.ts';
import { namespaceOf } from '../cluster-node.ts';
import type { Kombination, NodeModel } from '../kombination.ts';
import type { ValueText } from './chart-values.ts';
import { findValueTexts } from './chart-values.ts';
import type { ChartModel, ManifestModel, OverlayModel } from './manifest-model.ts';
import { manifestTitle } from './manifest-model.ts';
import type { ManifestFile } from './repository-files.ts';
import { filesBelow } from './repository-files.ts';

/** A chart or an overlay with the node that it is for, and its files found in the repository. */
export interface FoundManifest {
  readonly model: ManifestModel;
  /** Name of a node that is a cluster. */
  readonly node: string;
  readonly namespace: string;
  /** Files of a chart and of its values; those of an overlay are known when its texts are read. */
  readonly files: readonly ManifestFile[];
  /** Real path in the repository. Left out: the chart is an archive. */
  readonly directory?: string;
}

export interface FoundManifests {
  readonly manifests: readonly FoundManifest[];
  /** Texts of values with references to secrets. */
  readonly texts: readonly ValueText[];
  /** Repository paths that the findings rest on. */
  readonly watched: ReadonlySet<string>;
}

interface Search {
  readonly tree: TreeDirectory;
  /** Directory of the kombination, from the root of the repository. */
  readonly directory: string;
  readonly diagnostics: DiagnosticCollector;
  readonly watched: Set<string>;
}

/** Path of a chart's directory among the files that the program is given. */
export const CHART_DIRECTORY = 'chart';
const HINT = 'paths are relative to the directory of this file';

/** Path of one of `valuesFiles` among the files that the program is given. */
export function valuesFile(index: number): string {
  return `values/${index}.yaml`;
}

/** Looks up what charts and overlays are made of. No file is read. */
export function findManifests(kombination: Kombination, options: Omit<Search, 'watched'>): FoundManifests {
  const { manifests = [] } = kombination;
  const search: Search = { ...options, watched: new Set() };
  const texts = manifests.flatMap((model) =>
    model.kind === 'chart' ? findValueTexts(model.values, [...model.path, 'values'], search.diagnostics) : [],
  );
  const found = manifests.flatMap((model): readonly FoundManifest[] => {
    const node = findNode(model, kombination, search.diagnostics);
    const parts = model.kind === 'chart' ? findChart(model, search) : findOverlay(model, search);
    if (node === undefined || parts === null) return [];
    const namespace = model.namespace ?? namespaceOf(node, kombination.name);
    return [{ model, node: node.name, namespace, ...parts }];
  });
  return { manifests: found, texts, watched: search.watched };
}

function findNode(
  model: ManifestModel,
  { nodes }: Kombination,
  diagnostics: DiagnosticCollector,
): NodeModel | undefined {
  const clusters = nodes.filter(({ cluster }) => cluster !== undefined);
  const title = manifestTitle(model);
  if (model.node === undefined) {
    const [only, another] = clusters;
    if (only !== undefined && another === undefined) return only;
    const message =
      only === undefined
        ? `${title} runs on a cluster, and no node of the stack is one`
        : `${title} does not say which of the clusters it runs on`;
    const hint =
      only === undefined
        ? 'add nodes: with a node of type: kubernetes'
        : `say node: ${clusters.map(({ name }) => name).join(' or node: ')}`;
    diagnostics.error('REQUIRED', model.path, message, { hint, at: 'key' });
    return undefined;
  }
  const node = nodes.find(({ name }) => name === model.node);
  if (node?.cluster !== undefined) return node;
  const path = [...model.path, 'node'];
  if (node !== undefined) {
    const message = `${title} runs on a cluster, and ${model.node} is a machine`;
    diagnostics.error('INVALID_VALUE', path, message, { hint: 'name a node of type: kubernetes' });
    return undefined;
  }
  const hint = suggest(
    model.node,
    clusters.map(({ name }) => name),
  );
  diagnostics.error('UNKNOWN_NODE', path, `the stack has no node ${model.node}`, {
    hint: hint ?? 'add it under nodes:',
  });
  return undefined;
}

type Parts = Pick<FoundManifest, 'files' | 'directory'>;

function findChart(model: ChartModel, search: Search): Parts | null {
  const values = model.valuesFiles.map((written, index) => {
    const path = [...model.path, 'valuesFiles', index];
    const found = locate(written, path, search);
    if (found === null) return null;
    if (!isDirectory(found.node)) return { path: valuesFile(index), blob: found.node.blob };
    search.diagnostics.error('FILE_NOT_FOUND', path, `${written} is a directory`, { hint: HINT });
    return null;
  });
  const chart =
    model.place.type === 'archive' ? { files: [] } : findDirectory(model, model.place.directory, search);
  if (chart === null || values.includes(null)) return null;
  return { ...chart, files: [...chart.files, ...values.filter((one) => one !== null)] };
}

function findDirectory(model: ChartModel, written: string, search: Search): Parts | null {
  const path = [...model.path, 'chart'];
  const found = locate(written, path, search, 'a chart that is elsewhere needs repository: with its address');
  if (found === null) return null;
  if (!isDirectory(found.node) || !found.node.has('Chart.yaml')) {
    const message = `${written} is no chart: there is no Chart.yaml in it`;
    search.diagnostics.error('FILE_NOT_FOUND', path, message, { hint: HINT });
    return null;
  }
  const { files, problems, watched } = filesBelow(search.tree, found.path, CHART_DIRECTORY);
  for (const visited of watched) search.watched.add(visited);
  for (const { code = 'INVALID_VALUE', problem, hint } of problems)
    search.diagnostics.error(code, path, problem, { hint });
  return problems.length > 0 ? null : { files, directory: found.path };
}

function findOverlay(model: OverlayModel, search: Search): Parts | null {
  const path = [...model.path, 'path'];
  const found = locate(model.directory, path, search);
  if (found === null) return null;
  if (isDirectory(found.node)) return { files: [], directory: found.path };
  search.diagnostics.error('FILE_NOT_FOUND', path, `${model.directory} is no directory`, { hint: HINT });
  return null;
}

function locate(written: string, at: DocumentPath, search: Search, hint = HINT) {
  const { tree, directory, watched, diagnostics } = search;
  const path = joinPath(directory, written);
  if (path === null) {
    diagnostics.error('PATH_OUTSIDE_REPOSITORY', at, `${written} is an absolute path`, { hint: HINT });
    return null;
  }
  const found = resolvePath(tree, path);
  for (const visited of found.visited) watched.add(visited);
  if (!isProblem(found)) return found;
  diagnostics.error(found.code, at, found.problem, { hint: found.hint ?? hint });
  return null;
}
