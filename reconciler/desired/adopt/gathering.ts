import { isPlainSecret } from '../../config/kombination/checks/plain-secrets.ts';
import type { AdoptionNote, AdoptionRequest } from '../../ports/adopt/adoption-draft.ts';
import type { HostFile, HostPath } from '../../ports/adopt/compose-projects.ts';
import type { AnalysisCore, ProjectFiles } from './project-files.ts';
import { analyzeProject, dataMounts, pathsNeeded } from './project-files.ts';

/* Files of a project are read from its host one by one, as those that were read name others. */

/** Content of the repository that a container reads: more of it is data. */
const CONTENT = { bytes: 4 * 1024 ** 2, files: 300 };
/** Limits of what images are built from, and of single files. */
export const OTHERS = { bytes: 32 * 1024 ** 2, files: 3_000 };
/** Files that name files that name files: more rounds than this are a mistake. */
const MAX_ROUNDS = 16;

/** A project whose files are being put together. */
export interface Gathering {
  /** Directory of the project on its host; `null`: nobody knows. */
  readonly host: string | null;
  readonly request: AdoptionRequest;
  readonly notes: AdoptionNote[];
  readonly project: ProjectFiles;
  readonly tried: Set<string>;
}

/** Takes everything that a kombination rests on. */
export async function gatherNeeded(
  core: AnalysisCore,
  gathering: Gathering,
  kombination: string,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (!(await gatherMore(core, gathering, kombination))) break;
  }
}

/** Takes what the kombination rests on and is not there yet; `false` when there is nothing more. */
async function gatherMore(core: AnalysisCore, gathering: Gathering, kombination: string): Promise<boolean> {
  const { host, project, tried, request, notes } = gathering;
  const analysis = analyzeProject(core, project, kombination);
  if (host === null) return false;
  const mounts = dataMounts(analysis, host);
  const written = [...mounts].filter(([, isWritten]) => isWritten).map(([path]) => path);
  let isMore = false;
  for (const path of pathsNeeded(analysis, project.directory)) {
    if (tried.has(path) || project.files.has(path) || isAround(project.files, path)) continue;
    tried.add(path);
    const isMount = mounts.has(path);
    if (isMount && written.some((one) => touches(one, path))) continue;
    const found = await request.read(`${host}/${path}`, isMount ? CONTENT : OTHERS);
    if (found.kind === 'too-large' && !isMount)
      notes.push({ kind: 'left out', path, message: 'it is too large for a repository' });
    if (isMount && holdsSecret(found)) continue;
    isMore = take(gathering, path, found) || isMore;
  }
  return isMore;
}

/** Tells private keys and the like, which stay on their host as data does. */
function holdsSecret(found: HostPath): boolean {
  const files = found.kind === 'file' ? [found.file] : found.kind === 'directory' ? found.files.values() : [];
  return [...files].some(({ content }) => isPlainSecret('', new TextDecoder().decode(content)));
}

/** Tells a directory of which something was taken. */
function isAround(files: ReadonlyMap<string, HostFile>, path: string): boolean {
  return [...files.keys()].some((one) => one.startsWith(`${path}/`));
}

function touches(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

export function take(gathering: Gathering, path: string, found: HostPath): boolean {
  gathering.tried.add(path);
  if (found.kind === 'file') takeFile(gathering, path, found.file);
  else if (found.kind === 'directory')
    for (const [below, file] of found.files) takeFile(gathering, `${path}/${below}`, file);
  else return false;
  return true;
}

export function takeFile({ project, tried }: Gathering, path: string, file: HostFile): void {
  tried.add(path);
  project.files.set(path, file);
}
