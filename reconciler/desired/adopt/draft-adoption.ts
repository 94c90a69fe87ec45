import { stringify } from 'yaml';
import { ignoreData } from '../../config/compose/import/ignore-file.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import type { AdoptionDraft, AdoptionNote, AdoptionRequest } from '../../ports/adopt/adoption-draft.ts';
import type { HostFile, HostPath } from '../../ports/adopt/compose-projects.ts';
import type { FileWrite } from '../../ports/source.ts';
import type { Core } from '../state.ts';
import type { Gathering } from './project-files.ts';
import { analyzeProject, dataMounts, pathsNeeded } from './project-files.ts';
import { RECIPIENTS, sealSecrets } from './seal-secrets.ts';

/** Content of the repository that a container reads: more of it is data. */
const CONTENT = { bytes: 4 * 1024 ** 2, files: 300 };
/** Directories that images are built from, and single files. */
const OTHERS = { bytes: 32 * 1024 ** 2, files: 3_000 };
/** Files that name files that name files: more rounds than this are a mistake. */
const MAX_ROUNDS = 16;

/**
 * Puts together the files that describe a running Compose project: its Compose files as they are, a kombination of some lines that says whose the containers
 * are and where data lies, and what the two rest on. Data is named, never read.
 */
export async function draftAdoption(core: Core, request: AdoptionRequest): Promise<AdoptionDraft> {
  const { project, stack, read } = request;
  const { directory: host } = project;
  if (host === null || project.files.length === 0)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `the containers of ${project.name} do not tell where its Compose files are`,
    );
  const notes: AdoptionNote[] = [];
  const gathering: Gathering = {
    host,
    request,
    notes,
    project: { directory: `kombinations/${stack}`, files: new Map() },
    tried: new Set(),
  };
  const composeFiles: string[] = [];
  for (const path of project.files) composeFiles.push(await takeComposeFile(gathering, path));
  await take(gathering, '.env', await read(`${host}/.env`, OTHERS));
  const kombination = writeKombination(request, host, composeFiles);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (!(await gatherMore(core, gathering, kombination))) break;
  }
  const sealed = await sealSecrets(core, { ...gathering, kombination });
  for (const [path] of dataMounts(analyzeProject(core, gathering.project, kombination), host))
    notes.push({ kind: 'data', path, message: '' });
  const { directory, files } = gathering.project;
  for (const path of files.keys())
    if (!notes.some((note) => note.path === path)) notes.push({ kind: 'content', path, message: '' });
  const file = `${directory}/kombination.yaml`;
  const writes: FileWrite[] = [
    { path: file, content: sealed.kombination },
    ...[...files].map(([path, { content, executable }]): FileWrite => ({
      path: `${directory}/${path}`,
      content,
      type: executable ? 'executable' : 'file',
    })),
    ...ignoring(directory, notes),
    ...(sealed.recipients === null ? [] : [{ path: RECIPIENTS, content: sealed.recipients }]),
  ];
  return { file, writes, notes: notes.toSorted((a, b) => compareText(a.path, b.path)) };
}

/** The Compose file, below the stack as it is below the project. */
async function takeComposeFile(gathering: Gathering, path: string): Promise<string> {
  const { host, project, request } = gathering;
  const inside = path.startsWith(`${host}/`)
    ? path.slice(host.length + 1)
    : path.slice(path.lastIndexOf('/') + 1);
  const found = await request.read(path, OTHERS);
  if (found.kind !== 'file')
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${path}, from which ${request.project.name} was made, is not there any more`,
    );
  project.files.set(inside, found.file);
  gathering.tried.add(inside);
  return inside;
}

/** Takes what the kombination rests on and is not there yet; `false` when there is nothing more. */
async function gatherMore(core: Core, gathering: Gathering, kombination: string): Promise<boolean> {
  const { host, project, tried, request, notes } = gathering;
  const analysis = analyzeProject(core, project, kombination);
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
    isMore = (await take(gathering, path, found)) || isMore;
  }
  return isMore;
}

/** Tells a directory of which something was taken. */
function isAround(files: ReadonlyMap<string, HostFile>, path: string): boolean {
  return [...files.keys()].some((one) => one.startsWith(`${path}/`));
}

function touches(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

async function take({ project, tried }: Gathering, path: string, found: HostPath): Promise<boolean> {
  tried.add(path);
  if (found.kind === 'file') project.files.set(path, found.file);
  else if (found.kind === 'directory')
    for (const [below, file] of found.files) project.files.set(`${path}/${below}`, file);
  else return false;
  return true;
}

function writeKombination(
  { project, stack, node }: AdoptionRequest,
  host: string,
  composeFiles: readonly string[],
): string {
  const services = [...new Set(project.containers.map(({ service }) => service))];
  const [only] = composeFiles;
  const document = {
    version: '1.0',
    meta: { name: stack },
    ...(node === null ? {} : { nodes: [{ name: node }] }),
    compose: composeFiles.length === 1 ? only : composeFiles,
    adopts: { project: project.name, services },
    data_dir: host,
  };
  return stringify(document, { lineWidth: 0 });
}

/** Data is never committed, also not by hand. */
function ignoring(directory: string, notes: readonly AdoptionNote[]): readonly FileWrite[] {
  const paths = notes.filter(({ kind }) => kind === 'data').map(({ path }) => path);
  const content = ignoreData('', paths);
  return content === null ? [] : [{ path: `${directory}/.gitignore`, content }];
}
