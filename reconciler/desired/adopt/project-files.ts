import { blobId } from '../../base/blob-id.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { analyze } from '../../config/kombination/analyze.ts';
import type { TreeChange, TreeDirectory } from '../../config/file-tree.ts';
import { updateTree } from '../../config/file-tree.ts';
import type { AdoptionNote, AdoptionRequest } from '../../ports/adopt/adoption-draft.ts';
import type { HostFile } from '../../ports/adopt/compose-projects.ts';
import type { Core } from '../state.ts';

/** Files of a project by their paths in the directory of the stack, as they would stand in the repository. */
export interface ProjectFiles {
  readonly directory: string;
  readonly files: Map<string, HostFile>;
}

/** The kombination with the files that are there so far, read as if it were committed. Everything is allowed. */
export function analyzeProject(core: Core, { directory, files }: ProjectFiles, text: string): Analysis {
  const { tree, texts } = asTree({ directory, files });
  const { nodes, kits } = core.state;
  return analyze({
    file: `${directory}/kombination.yaml`,
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
    return { path: `${directory}/${path}`, file: { type: executable ? 'executable' : 'file', blob } };
  });
  return { tree: updateTree(new Map(), changes), texts };
}

/** Paths in the directory of the stack that a kombination rests on, whether they are there or not. */
export function pathsNeeded(analysis: Analysis, directory: string): readonly string[] {
  const watched = [...analysis.watched, ...analysis.serviceFiles.watched, ...analysis.secrets.watched];
  const own = watched.flatMap((path) =>
    path.startsWith(`${directory}/`) ? [path.slice(directory.length + 1)] : [],
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

/** A project whose files are being put together. */
export interface Gathering {
  /** Directory of the project on its host. */
  readonly host: string;
  readonly request: AdoptionRequest;
  readonly notes: AdoptionNote[];
  readonly project: ProjectFiles;
  readonly tried: Set<string>;
}
