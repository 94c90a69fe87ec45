import { canonicalJson, sha256 } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { isProblem } from '../../base/problem.ts';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { compareText } from '../../base/values.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { isDirectory, joinPath, resolvePath } from '../../config/file-tree.ts';
import type { FoundManifest } from '../../config/kombination/manifests/find-manifests.ts';
import {
  KUSTOMIZATION_FILES,
  pluginProblems,
  readKustomization,
} from '../../config/kombination/manifests/kustomization.ts';
import { manifestTitle } from '../../config/kombination/manifests/manifest-model.ts';
import type { ManifestFile } from '../../config/kombination/manifests/repository-files.ts';
import { filesBelow } from '../../config/kombination/manifests/repository-files.ts';
import { withDiagnostics } from '../build-entry.ts';
import type { LoadOptions } from '../repository-state.ts';
import { decode, readTexts } from '../repository-state.ts';
import type { BuiltEntry } from '../state.ts';
import type { ManifestSource } from './manifest-source.ts';
import { REPOSITORY } from './manifest-source.ts';

/** Overlays are built on a few others. */
const MAX_DIRECTORIES = 100;
/** Files of all these together. */
const MAX_FILES = 4_000;

/** Finds what charts and overlays are made of: overlays say in their texts what they build on. */
export async function withManifests(
  built: readonly BuiltEntry[],
  tree: TreeDirectory,
  options: LoadOptions,
): Promise<readonly BuiltEntry[]> {
  if (built.every(({ manifests }) => manifests === undefined)) return built;
  const filled: BuiltEntry[] = [];
  for (const one of built) {
    const { entry, manifests } = one;
    if (manifests === undefined) {
      filled.push(one);
      continue;
    }
    const sources: ManifestSource[] = [];
    const watched = new Set(entry.watched);
    const diagnostics: DocumentDiagnostic[] = [];
    for (const found of manifests) {
      const files =
        found.model.kind === 'overlay' ? await findOverlayFiles(found, { tree, options }) : NOTHING_MORE;
      for (const path of files.watched) watched.add(path);
      diagnostics.push(...files.diagnostics);
      // Nothing is run for what leads elsewhere.
      if (files.diagnostics.length === 0) sources.push(toSource(found, [...found.files, ...files.files]));
    }
    const whole = { ...entry, watched: [...watched], manifests: sources };
    filled.push({ ...one, entry: withDiagnostics(whole, diagnostics, tree) });
  }
  return filled;
}

function toSource(found: FoundManifest, files: readonly ManifestFile[]): ManifestSource {
  const { path: _path, ...model } = found.model;
  const { node, namespace, directory = null } = found;
  const parts = { model, node, namespace, directory, files };
  return { ...found, files, digest: sha256(canonicalJson(parts as unknown as Json)) };
}

interface OverlayFiles {
  readonly files: readonly ManifestFile[];
  readonly watched: ReadonlySet<string>;
  readonly diagnostics: readonly DocumentDiagnostic[];
}

const NOTHING_MORE: OverlayFiles = { files: [], watched: new Set(), diagnostics: [] };

interface Reading {
  readonly tree: TreeDirectory;
  readonly options: LoadOptions;
}

/** The files of an overlay and of all that it builds on; what is not in the repository is told. */
async function findOverlayFiles(
  { model, directory = '' }: FoundManifest,
  reading: Reading,
): Promise<OverlayFiles> {
  const files = new Map<string, ManifestFile>();
  const watched = new Set<string>();
  const problems: string[] = [];
  const seen = new Map([[directory, { place: directory, isOfPlugins: false }]]);
  for (const one of seen.values()) {
    if (seen.size > MAX_DIRECTORIES) {
      problems.push(`it builds on more than ${MAX_DIRECTORIES} directories`);
      break;
    }
    const found = await readDirectory(one, reading);
    for (const path of found.watched) watched.add(path);
    for (const file of found.files) files.set(file.path, file);
    problems.push(...found.problems);
    // One that is read for both is looked at for both.
    for (const next of found.builtOn) seen.set(`${next.place}${next.isOfPlugins ? ' (plugins)' : ''}`, next);
    if (files.size <= MAX_FILES) continue;
    problems.push(`it is made of more than ${MAX_FILES} files`);
    break;
  }
  return {
    files: [...files.values()].sort((a, b) => compareText(a.path, b.path)),
    watched,
    diagnostics: problems.map((problem) => ({
      severity: 'error',
      code: 'FILE_NOT_FOUND',
      path: [...model.path, 'path'],
      message: `${manifestTitle(model)}: ${problem}`,
      hint: 'what an overlay is made of has to be in the repository: copy it there',
    })),
  };
}

interface OverlayPlace {
  /** Path from the root of the repository. */
  readonly place: string;
  /** The resources there say what generators and transformers do. */
  readonly isOfPlugins: boolean;
}

interface OverlayDirectory {
  readonly files: readonly ManifestFile[];
  readonly watched: Iterable<string>;
  readonly problems: readonly string[];
  readonly builtOn: readonly OverlayPlace[];
}

async function readDirectory(
  { place, isOfPlugins }: OverlayPlace,
  { tree, options }: Reading,
): Promise<OverlayDirectory> {
  const resolved = resolvePath(tree, place);
  const label = place === '' ? 'the root of the repository' : place;
  if (isProblem(resolved) || !isDirectory(resolved.node))
    return { files: [], watched: resolved.visited, problems: [`${label} is no directory`], builtOn: [] };
  const as = place === '' ? REPOSITORY : `${REPOSITORY}/${place}`;
  const { files, problems, watched } = filesBelow(tree, resolved.path, as);
  const all = new Set([...watched, ...resolved.visited]);
  const names = KUSTOMIZATION_FILES.map((name) => `${as}/${name}`);
  const file = files.find(({ path }) => names.includes(path));
  if (file === undefined) {
    const problem = `there is no ${KUSTOMIZATION_FILES[0]} in ${label}`;
    return { files, watched: all, problems: [problem], builtOn: [] };
  }
  const text = await readText(file.blob, options);
  if (text === null)
    return { files, watched: all, problems: [`${file.path} is too large, or no text`], builtOn: [] };
  const parts = readKustomization(text, isOfPlugins);
  const inside = `${label}: `;
  const wrong = [...parts.problems.map((one) => inside + one), ...problems.map(({ problem }) => problem)];
  const builtOn: OverlayPlace[] = [];
  for (const written of parts.builtOn) {
    const path = joinPath(place, written);
    const found = path === null ? null : resolvePath(tree, path);
    for (const visited of found?.visited ?? []) all.add(visited);
    if (path === null || found === null || isProblem(found)) {
      wrong.push(`${inside}${written} is not in the repository`);
    } else if (isDirectory(found.node))
      builtOn.push({ place: normalise(path), isOfPlugins: parts.plugins.includes(written) });
    else if (parts.plugins.includes(written)) {
      const plugin = await readText(found.node.blob, options);
      const problems = plugin === null ? ['it is too large, or no text'] : pluginProblems(plugin);
      wrong.push(...problems.map((one) => `${written}: ${one}`));
    }
  }
  return { files, watched: all, problems: wrong, builtOn };
}

function normalise(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

async function readText(blob: string, options: LoadOptions): Promise<string | null> {
  for await (const [, bytes] of readTexts([blob], options.limits.documentBytes, options))
    return bytes && decode(bytes);
  return null;
}
