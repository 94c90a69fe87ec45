import { stringify } from 'yaml';
import { hasErrors } from '../../base/diagnostic.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { compareText } from '../../base/values.ts';
import { ignoreData } from '../../config/compose/import/ignore-file.ts';
import { updateTree } from '../../config/file-tree.ts';
import { toDiagnostics } from '../../config/kombination/analyze.ts';
import { stackNameOf } from '../../config/kombination/stack-name.ts';
import { createSchemaCheck } from '../../config/schema-check.ts';
import type { AdoptionNote } from '../../ports/adopt/adoption-draft.ts';
import type { FolderDraft, FolderProject, FolderRequest } from '../../ports/adopt/folder-draft.ts';
import type { FileWrite } from '../../ports/source.ts';
import { composeProjectName, kombinationFor } from '../compose/compose-stacks.ts';
import { EMPTY_STATE } from '../repository-state.ts';
import type { Gathering } from './gathering.ts';
import { gatherNeeded, OTHERS, take } from './gathering.ts';
import { analyzeProject, dataMounts, inDirectory } from './project-files.ts';
import type { Seal } from './seal-secrets.ts';
import { RECIPIENTS, sealFiles } from './seal-secrets.ts';
import { hasPlainSecrets, sealVariables } from './seal-variables.ts';
import { withBuilds } from './with-builds.ts';

/**
 * Puts together what makes a folder of Compose projects a repository: globs for those that need no more than their Compose files, a kombination beside
 * those that do, and the paths that stay out of it. What lies in the folder stays as it is: it is what docker-compose reads.
 */
export async function draftFolder(request: FolderRequest): Promise<FolderDraft> {
  const { projects, ignored } = request;
  let { recipients } = request;
  const isNew = recipients === null;
  const seal: Seal = async (value) => {
    const sealed = await request.seal(value, recipients);
    recipients = sealed.recipients;
    return sealed.text;
  };
  const drafts: ProjectDraft[] = [];
  for (const project of projects) drafts.push(await draftOne(request, project, seal));
  const plain = drafts.filter(({ kombination }) => kombination === null).map(({ project }) => project);
  const paths = drafts.flatMap((one) => one.ignored).sort(compareText);
  const ignore = ignoreData(ignored, paths);
  return {
    writes: [
      ...drafts.flatMap((one) => one.writes),
      { path: 'kombinator.yaml', content: writeSettings(plain, request) },
      ...(ignore === null ? [] : [{ path: '.gitignore', content: ignore }]),
      ...(isNew && recipients !== null ? [{ path: RECIPIENTS, content: recipients }] : []),
    ],
    takes: drafts.flatMap((one) => one.takes).sort(compareText),
    projects: drafts.map(({ project, stack, notes, diagnostics, tracked }) => ({
      directory: project.directory,
      stack,
      notes,
      diagnostics,
      tracked,
    })),
  };
}

interface ProjectDraft {
  readonly project: FolderProject;
  readonly stack: string;
  /** `null`: the Compose file alone says it all. */
  readonly kombination: string | null;
  readonly writes: readonly FileWrite[];
  readonly takes: readonly string[];
  readonly ignored: readonly string[];
  readonly notes: readonly AdoptionNote[];
  readonly diagnostics: readonly Diagnostic[];
  readonly tracked: readonly string[];
}

type Named = FolderProject & { readonly name: string };

const CORE = { state: EMPTY_STATE, checkSchema: createSchemaCheck() };

async function draftOne(request: FolderRequest, project: FolderProject, seal: Seal): Promise<ProjectDraft> {
  const { directory } = project;
  const host = directory === '' ? request.root : `${request.root}/${directory}`;
  const gathering = await startGathering(request, project, host);
  const { files } = gathering.project;
  const { name } = gathering.request.project;
  const stack = stackNameOf(name);
  const first = writeKombination({ ...project, name }, { stack, host, adopts: request.adopts });
  await gatherNeeded(CORE, gathering, first);
  const there = new Set(files.keys());
  const sealing = { ...gathering, kombination: first };
  let kombination = await sealFiles(CORE, sealing, seal);
  const dotenv = inDirectory(directory, '.env');
  const keepsDotenv = (hasPlainSecrets(files) || request.isIgnored(dotenv)) && !request.isTracked(dotenv);
  if (keepsDotenv) kombination = await sealVariables(CORE, { ...sealing, kombination }, seal);
  const analysis = analyzeProject(CORE, gathering.project, kombination);
  if (request.adopts) kombination = withBuilds(kombination, analysis);
  const mounts = dataMounts(analysis, host);
  const file = inDirectory(directory, 'kombination.yaml');
  const { notes } = gathering;
  for (const path of mounts.keys()) notes.push({ kind: 'data', path, message: '' });
  const hidden = [...there].filter((path) => !files.has(path));
  for (const path of hidden)
    notes.push({
      kind: 'left out',
      path,
      message: `stays as it is, for docker compose alone: ${path === '.env' ? 'kombination.yaml says what it sets' : 'an encrypted file counts here'}`,
    });
  const takes = [...files.keys()].filter((path) => there.has(path));
  for (const path of takes) notes.push({ kind: 'content', path, message: '' });
  const isPlain = kombination === first && isSaidByGlob(gathering, { ...project, name });
  const made = [...files].filter(([path]) => !there.has(path));
  return {
    project,
    stack,
    kombination: isPlain ? null : kombination,
    writes: [
      ...(isPlain ? [] : [{ path: file, content: kombination }]),
      ...made.map(([path, { content }]): FileWrite => ({ path: inDirectory(directory, path), content })),
    ],
    takes: takes.map((path) => inDirectory(directory, path)),
    ignored: [...mounts.keys(), ...hidden].map((path) => inDirectory(directory, path)),
    notes: notes.toSorted((a, b) => compareText(a.path, b.path)),
    diagnostics: toDiagnostics(file, analysis.document, analysis.diagnostics).filter((one) =>
      hasErrors([one]),
    ),
    tracked: [...mounts].flatMap(([path, isWritten]) =>
      isWritten && request.isTracked(inDirectory(directory, path)) ? [inDirectory(directory, path)] : [],
    ),
  };
}

async function startGathering(
  { read, seal }: FolderRequest,
  { directory, name, files }: FolderProject,
  host: string,
): Promise<Gathering> {
  const absolute = files.map((path) => `${host}/${path}`);
  const main = await read(absolute[0] ?? host, OTHERS);
  const text = main.kind === 'file' ? new TextDecoder().decode(main.file.content) : '';
  const called = name ?? composeProjectName(text, host.slice(host.lastIndexOf('/') + 1));
  const project = { name: called, directory: host, files: absolute, containers: [], stack: null };
  const describe = () => Promise.resolve({ document: {}, remarks: [] });
  const gathering: Gathering = {
    host,
    request: { project, stack: called, node: null, read, describe, seal },
    notes: [],
    project: { directory, files: new Map() },
    tried: new Set(),
  };
  for (const path of [...files, '.env']) take(gathering, path, await read(`${host}/${path}`, OTHERS));
  return gathering;
}

function writeKombination(
  { files, name, services }: Named,
  { stack, host, adopts }: { readonly stack: string; readonly host: string; readonly adopts: boolean },
): string {
  const [only] = files;
  const document = {
    version: '1.0',
    meta: { name: stack },
    compose: files.length === 1 ? only : files,
    ...(adopts ? { adopts: services.length === 0 ? name : { project: name, services } } : {}),
    data_dir: host,
  };
  return stringify(document, { lineWidth: 0 });
}

/** Tells whether the Compose file by itself is read as the same stack. */
function isSaidByGlob({ project }: Gathering, { directory, files, name }: Named): boolean {
  const [main = ''] = files;
  const file = project.files.get(main);
  if (directory === '' || file === undefined) return false;
  const changes = files.map((path) => ({
    path: inDirectory(directory, path),
    file: { type: 'file' as const, blob: path },
  }));
  const text = new TextDecoder().decode(file.content);
  const said = kombinationFor(
    updateTree(new Map(), changes),
    { file: inDirectory(directory, main), text },
    { files: [], adopts: true },
  );
  const wanted = [`compose: ${JSON.stringify(files)}`, `adopts: ${JSON.stringify(name)}`];
  return wanted.every((line) => said.split('\n').includes(line));
}

/** Lines are added to those that are there. */
function writeSettings(
  plain: readonly FolderProject[],
  { root, adopts, isPicked, settings }: FolderRequest,
): string {
  const globs = plain.map(({ directory, files }) => {
    const parent = directory.includes('/') ? `${directory.slice(0, directory.lastIndexOf('/'))}/` : '';
    return `${isPicked ? directory : `${parent}*`}/${files[0] ?? ''}`;
  });
  const compose = [...new Set(globs)].sort(compareText);
  const lines = [
    ...(compose.length === 0
      ? []
      : [`compose: ${JSON.stringify(compose.length === 1 ? compose[0] : compose)}`]),
    `data_dir: ${JSON.stringify(root)}`,
    ...(adopts ? ['adopts: true'] : []),
  ];
  return `${settings === '' || settings.endsWith('\n') ? settings : `${settings}\n`}${lines.join('\n')}\n`;
}
