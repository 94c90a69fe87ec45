import { blobId } from '../../base/blob-id.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { analyze } from '../../config/kombination/analyze.ts';
import type { TreeChange, TreeDirectory } from '../../config/file-tree.ts';
import { updateTree } from '../../config/file-tree.ts';
import type { HostFile } from '../../ports/adopt/compose-projects.ts';
import type { RepositoryState } from '../repository-state.ts';
import type { Core } from '../state.ts';

/** Parts of the desired state that an analysis asks. */
export interface AnalysisCore extends Pick<Core, 'checkSchema'> {
  readonly state: Pick<RepositoryState, 'nodes' | 'kits'>;
}

/** Files of a project by their paths in the directory of the stack, as they would stand in the repository. */
export interface ProjectFiles {
  readonly directory: string;
  readonly files: Map<string, HostFile>;
}

/** The kombination with the files that are there so far, read as if it were committed. Everything is allowed. */
export function analyzeProject(
  core: AnalysisCore,
  { directory, files }: ProjectFiles,
  text: string,
): Analysis {
  const { tree, texts } = asTree({ directory, files });
  const { nodes, kits } = core.state;
  return analyze({
    file: inDirectory(directory, 'kombination.yaml'),
    text,
    tree,
    texts,
    nodes: nodes.references,
    kits: kits.catalogue,
    checkSchema: core.checkSchema,
  });
}

function asTree({ directory, files }: ProjectFiles): {
  readonly tree: TreeDirectory;
  readonly texts: ReadonlyMap<string, string>;
} {
  const texts = new Map<string, string>();
  const changes = [...files].map(([path, { content, executable }]): TreeChange => {
    const blob = blobId(content);
    texts.set(blob, new TextDecoder().decode(content));
    return { path: inDirectory(directory, path), file: { type: executable ? 'executable' : 'file', blob } };
  });
  return { tree: updateTree(new Map(), changes), texts };
}

/** @param directory repository path; empty: the root */
export function inDirectory(directory: string, path: string): string {
  return directory === '' ? path : `${directory}/${path}`;
}

/** Paths in the directory of the stack that a kombination rests on, whether they are there or not. */
export function pathsNeeded(analysis: Analysis, directory: string): readonly string[] {
  const watched = [...analysis.watched, ...analysis.serviceFiles.watched, ...analysis.secrets.watched];
  const prefix = inDirectory(directory, '');
  const own = watched.flatMap((path) =>
    path.startsWith(prefix) && path.length > prefix.length ? [path.slice(prefix.length)] : [],
  );
  return [...new Set(own)].sort();
}

/** Directories and files of the host that a kombination mounts from below `dataDir`: `true` where something may write to them. */
export function dataMounts({ kombination }: Analysis, dataDir: string): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { mounts } of kombination.services) {
    for (const { mount } of mounts) {
      if (mount.type !== 'bind' || !mount.source.startsWith(`${dataDir}/`)) continue;
      const path = mount.source.slice(dataDir.length + 1);
      found.set(path, found.get(path) === true || mount.readOnly !== true);
    }
  }
  return found;
}
