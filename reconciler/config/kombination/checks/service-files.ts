import { blobId } from '../../../base/blob-id.ts';
import type { BlobFileSpec, FilePlace } from '../../../model/docker/docker-spec.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { EnvPart } from '../service/env-value.ts';
import { parseContent, referencesOf } from '../service/env-value.ts';
import type { TreeDirectory, TreeFile } from '../../file-tree.ts';
import { isDirectory, joinPath, resolvePath } from '../../file-tree.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import type { FileModel, ServiceModel } from '../kombination.ts';
import { compareText, defined } from '../../../base/values.ts';

/** One file for the inside of a container, found in the repository. */
export interface PlacedFile {
  readonly spec: BlobFileSpec;
  /** Path where it was asked for. */
  readonly path: DocumentPath;
  /** Its own path in the repository. Left out: it stands in the document itself. */
  readonly source?: string;
}

/** A text written in the document that holds references to secrets. */
export interface TemplateFile {
  readonly place: FilePlace;
  readonly parts: readonly EnvPart[];
  readonly path: DocumentPath;
}

export interface FoundServiceFiles {
  /** Files by service. */
  readonly files: ReadonlyMap<string, readonly PlacedFile[]>;
  /** Texts written in the document itself, by blob id. */
  readonly inline: ReadonlyMap<string, Uint8Array>;
  /** Templates by service. */
  readonly templates: ReadonlyMap<string, readonly TemplateFile[]>;
  /** Repository paths that the findings rest on. */
  readonly watched: ReadonlySet<string>;
}

export interface FileOptions {
  readonly tree: TreeDirectory;
  /** Directory of the kombination, from the root of the repository. */
  readonly directory: string;
  readonly diagnostics: DiagnosticCollector;
}

/** More files than this in one container want a volume or an image. */
const MAX_FILES_PER_SERVICE = 10_000;

/** Looks up `files:` of every service in the repository. */
export function findServiceFiles(services: readonly ServiceModel[], options: FileOptions): FoundServiceFiles {
  const files = new Map<string, readonly PlacedFile[]>();
  const inline = new Map<string, Uint8Array>();
  const templates = new Map<string, readonly TemplateFile[]>();
  const watched = new Set<string>();
  for (const service of services) {
    if (service.files.length === 0) continue;
    const filled: TemplateFile[] = [];
    const placed = service.files.flatMap((file): readonly PlacedFile[] => {
      if (file.content === undefined) return findFile(file, options, watched);
      const parts = readContent(file, options.diagnostics);
      if (referencesOf(parts).length > 0) {
        filled.push({ place: placeOf(file, file.target, READABLE), parts, path: [...file.path, 'content'] });
        return [];
      }
      const content = new TextEncoder().encode(
        parts.map((part) => ('text' in part ? part.text : '')).join(''),
      );
      const blob = blobId(content);
      inline.set(blob, content);
      return [place(file, file.target, { type: 'file', blob })];
    });
    if (filled.length > 0) templates.set(service.name, filled);
    if (placed.length > MAX_FILES_PER_SERVICE) {
      const message = `${service.name} is given ${placed.length} files; at most ${MAX_FILES_PER_SERVICE} are copied`;
      options.diagnostics.error('OUT_OF_RANGE', [...service.path, 'files'], message, {
        hint: 'put them in an image',
      });
    }
    files.set(
      service.name,
      placed.slice(0, MAX_FILES_PER_SERVICE).sort((a, b) => compareText(a.spec.target, b.spec.target)),
    );
  }
  return { files, inline, templates, watched };
}

function readContent(file: FileModel, diagnostics: DiagnosticCollector): readonly EnvPart[] {
  const parts = parseContent(file.content ?? '');
  if (!isProblem(parts)) return parts;
  diagnostics.error('INVALID_FORMAT', [...file.path, 'content'], parts.problem, { hint: parts.hint });
  return [];
}

function findFile(file: FileModel, options: FileOptions, watched: Set<string>): readonly PlacedFile[] {
  const { tree, directory, diagnostics } = options;
  const source = file.source ?? '';
  const path = joinPath(directory, source);
  const at = [...file.path, 'source'];
  if (path === null) {
    diagnostics.error(
      'PATH_OUTSIDE_REPOSITORY',
      at,
      `${source} is an absolute path; files come from the repository`,
      {
        hint: 'use a path relative to this file, or volumes: for directories of the node',
      },
    );
    return [];
  }
  const found = resolvePath(tree, path);
  for (const visited of found.visited) watched.add(visited);
  if (isProblem(found)) {
    diagnostics.error(found.code, at, found.problem, {
      hint: found.hint ?? 'paths are relative to the directory of this file',
    });
    return [];
  }
  if (!isDirectory(found.node)) return [{ ...place(file, file.target, found.node), source: path }];
  return collect(
    { file, at, options, watched },
    { path: found.path, target: file.target, parents: [found.path] },
  );
}

interface Collection {
  readonly file: FileModel;
  readonly at: DocumentPath;
  readonly options: FileOptions;
  readonly watched: Set<string>;
}

interface Folder {
  readonly path: string;
  readonly target: string;
  /** Real paths of the directories around it: a symlink back to one of them would never end. */
  readonly parents: readonly string[];
}

function collect(collection: Collection, folder: Folder): readonly PlacedFile[] {
  const { file, at, options, watched } = collection;
  const directory = resolvePath(options.tree, folder.path);
  if (isProblem(directory) || !isDirectory(directory.node)) return [];
  const placed: PlacedFile[] = [];
  for (const name of [...directory.node.keys()].sort()) {
    const path = folder.path ? `${folder.path}/${name}` : name;
    const found = resolvePath(options.tree, path);
    for (const visited of found.visited) watched.add(visited);
    if (isProblem(found)) {
      options.diagnostics.error(
        found.code,
        at,
        found.problem,
        found.hint === undefined ? {} : { hint: found.hint },
      );
      continue;
    }
    const target = `${folder.target === '/' ? '' : folder.target}/${name}`;
    if (!isDirectory(found.node)) {
      placed.push({ ...place(file, target, found.node), source: path });
    } else if (folder.parents.includes(found.path)) {
      options.diagnostics.error('INVALID_VALUE', at, `${path} is a symlink to a directory that holds it`);
    } else {
      placed.push(
        ...collect(collection, { path: found.path, target, parents: [...folder.parents, found.path] }),
      );
    }
    if (placed.length > MAX_FILES_PER_SERVICE) break;
  }
  return placed;
}

const EXECUTABLE = 0o755;
const READABLE = 0o644;

function place(file: FileModel, target: string, node: TreeFile): PlacedFile {
  const { target: _, ...owner } = placeOf(file, target, node.type === 'executable' ? EXECUTABLE : READABLE);
  return { path: file.path, spec: { target, blob: node.blob, ...owner } };
}

function placeOf({ mode, uid, gid }: FileModel, target: string, otherwise: number): FilePlace {
  return defined({ target, mode: mode ?? otherwise, uid, gid });
}
