import { stringify } from 'yaml';
import { ignoreData } from '../../config/compose/import/ignore-file.ts';
import { compareText } from '../../base/values.ts';
import type { AdoptionDraft, AdoptionNote, AdoptionRequest } from '../../ports/adopt/adoption-draft.ts';
import type { HostFile } from '../../ports/adopt/compose-projects.ts';
import type { FileWrite } from '../../ports/source.ts';
import type { Core } from '../state.ts';
import type { Gathering } from './gathering.ts';
import { withBuilds } from './with-builds.ts';
import { gatherNeeded, OTHERS, take, takeFile } from './gathering.ts';
import { analyzeProject, dataMounts } from './project-files.ts';
import { findSecretFiles, writeRebuilt } from './rebuilt-files.ts';
import { RECIPIENTS, sealSecrets } from './seal-secrets.ts';

/**
 * Puts together the files that describe a running Compose project: its Compose files as they are, a kombination of some lines that says whose the containers
 * are and where data lies, and what the two rest on. Data is named, never read.
 */
export async function draftAdoption(core: Core, request: AdoptionRequest): Promise<AdoptionDraft> {
  const { project, stack } = request;
  const { directory: host } = project;
  const notes: AdoptionNote[] = [];
  const gathering: Gathering = {
    host,
    request,
    notes,
    project: { directory: `kombinations/${stack}`, files: new Map() },
    tried: new Set(),
  };
  const composeFiles = (await takeComposeFiles(gathering)) ?? (await rebuildFiles(gathering));
  const kombination = writeKombination(request, host, composeFiles);
  await gatherNeeded(core, gathering, kombination);
  const sealed = await sealSecrets(core, { ...gathering, kombination });
  const analysis = analyzeProject(core, gathering.project, sealed.kombination);
  for (const [path] of host === null ? [] : dataMounts(analysis, host))
    notes.push({ kind: 'data', path, message: '' });
  const { directory, files } = gathering.project;
  for (const path of files.keys())
    if (!notes.some((note) => note.path === path)) notes.push({ kind: 'content', path, message: '' });
  const file = `${directory}/kombination.yaml`;
  const writes: FileWrite[] = [
    { path: file, content: withBuilds(sealed.kombination, analysis) },
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

/** The Compose files, below the stack as they are below the project, and `.env`; `null`: one of them is gone. */
async function takeComposeFiles(gathering: Gathering): Promise<readonly string[] | null> {
  const { host, request } = gathering;
  const { files } = request.project;
  if (host === null || files.length === 0) return null;
  const found = new Map<string, HostFile>();
  for (const path of files) {
    const read = await request.read(path, OTHERS);
    if (read.kind !== 'file') return null;
    const inside = path.startsWith(`${host}/`)
      ? path.slice(host.length + 1)
      : path.slice(path.lastIndexOf('/') + 1);
    found.set(inside, read.file);
  }
  for (const [path, file] of found) takeFile(gathering, path, file);
  take(gathering, '.env', await request.read(`${host}/.env`, OTHERS));
  return [...found.keys()];
}

const REBUILT = 'compose.yaml';

/** A Compose file out of what runs, where those that it was made from are gone. */
async function rebuildFiles(gathering: Gathering): Promise<readonly string[]> {
  const { host, request, notes, tried } = gathering;
  const rebuilt = await request.describe();
  const readable = new Set<string>();
  for (const path of findSecretFiles(rebuilt, host)) {
    const found = await request.read(`${host ?? ''}/${path}`, OTHERS);
    if (found.kind !== 'file') continue;
    takeFile(gathering, path, found.file);
    readable.add(path);
  }
  const { compose, env } = writeRebuilt(rebuilt, { host, readable });
  takeFile(gathering, REBUILT, asFile(compose));
  tried.add('.env');
  if (env !== null) takeFile(gathering, '.env', asFile(env));
  const gone = request.project.files.join(', ');
  notes.push({
    kind: 'content',
    path: REBUILT,
    message: `rebuilt from what runs, because ${gone === '' ? 'nothing tells where its Compose files are' : `${gone} cannot be read any more`}; build, profiles, hooks and comments are lost`,
  });
  for (const message of rebuilt.remarks) notes.push({ kind: 'left out', path: REBUILT, message });
  return [REBUILT];
}

function asFile(text: string): HostFile {
  return { content: new TextEncoder().encode(text), executable: false };
}

function writeKombination(
  { project, stack, node }: AdoptionRequest,
  host: string | null,
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
    ...(host === null ? {} : { data_dir: host }),
  };
  return stringify(document, { lineWidth: 0 });
}

/** Data is never committed, also not by hand. */
function ignoring(directory: string, notes: readonly AdoptionNote[]): readonly FileWrite[] {
  const paths = notes.filter(({ kind }) => kind === 'data').map(({ path }) => path);
  const content = ignoreData('', paths);
  return content === null ? [] : [{ path: `${directory}/.gitignore`, content }];
}
