import { ReconcilerError } from '../../base/errors.ts';
import { analyzeCompose } from '../../config/compose/graph/analyze-compose.ts';
import { UNREADABLE } from '../../config/compose/project.ts';
import type { TreeChange, TreeDirectory } from '../../config/file-tree.ts';
import { directoryOf, nodeAt, updateTree } from '../../config/file-tree.ts';
import type { SchemaCheck } from '../../config/schema-check.ts';
import type { ComposeAnalysis } from '../../model/imports/compose-analysis.ts';
import type { FetchedRepository } from '../../ports/builds/repository-fetcher.ts';

/** Names of Compose files, the first that is there counts. */
const NAMES = ['docker-compose.yml', 'docker-compose.yaml', 'compose.yml', 'compose.yaml'];
const OVERRIDES = NAMES.map((name) => name.replace('.y', '.override.y'));

const MAX_TEXT_BYTES = 1_048_576;
/** Bytes of all texts together. */
const MAX_BYTES = 16 * MAX_TEXT_BYTES;
/** Files that name files that name files: more steps than this are a mistake. */
const MAX_ROUNDS = 32;

export interface ReadOptions {
  /** Address of the repository, which a project without a name is called after. */
  readonly address: string;
  readonly namespace: string | null;
  readonly checkSchema: SchemaCheck;
}

export interface FoundProject {
  readonly tree: TreeDirectory;
  /** Path of the Compose file. */
  readonly file: string;
}

function beside(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** Finds the Compose file of a repository in a directory; `''`: its root. Throws INVALID_CONFIGURATION when there is none. */
export function findProject({ files }: FetchedRepository, directory: string): FoundProject {
  const changes = files.flatMap(({ path, type, blob }): TreeChange[] =>
    type === 'submodule' ? [] : [{ path, file: { type, blob } }],
  );
  const tree = updateTree(new Map(), changes);
  const file = NAMES.map((name) => beside(directory, name)).find((path) => nodeAt(tree, path));
  if (file !== undefined) return { tree, file };
  const place = directory === '' ? 'at its root' : `in ${directory}`;
  const dockerfile = nodeAt(tree, beside(directory, 'Dockerfile'));
  const hint = dockerfile === undefined ? '' : '; only a Dockerfile: build its image first';
  throw new ReconcilerError(
    'INVALID_CONFIGURATION',
    `the repository has no Compose file ${place} (${NAMES.join(', ')})${hint}`,
  );
}

/** Reads a Compose project with all files that it names. */
export async function readProjectOf(
  repository: FetchedRepository,
  { tree, file }: FoundProject,
  { address, namespace, checkSchema }: ReadOptions,
  signal: AbortSignal,
): Promise<ComposeAnalysis> {
  const texts = new Map<string, string>();
  const fallbackName = nameOfRepository(address, file);
  let bytes = 0;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { analysis, missing } = analyzeCompose({
      files: [file],
      tree,
      texts,
      fallbackName,
      checkSchema,
      ...(namespace === null ? {} : { namespace }),
    });
    if (missing.length === 0) return withOverrides(analysis, tree, file);
    for (const blob of missing) texts.set(blob, UNREADABLE);
    for await (const { blob, content } of repository.readBlobs(missing, MAX_TEXT_BYTES, signal)) {
      bytes += content?.byteLength ?? 0;
      if (bytes > MAX_BYTES)
        throw new ReconcilerError(
          'FILE_TOO_LARGE',
          `the files of the project have more than ${MAX_BYTES} bytes`,
        );
      const text = content === null ? null : decode(content);
      if (text !== null) texts.set(blob, text);
    }
  }
  throw new ReconcilerError('INVALID_CONFIGURATION', `files of ${file} name others without end`);
}

/** `null` for what is no text. */
function decode(content: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    // Bytes that are no UTF-8.
    return null;
  }
}

function nameOfRepository(address: string, file: string): string {
  const directory = directoryOf(file);
  const name = (directory === '' ? address : directory).split('/').at(-1) ?? '';
  return name.replace(/\.git$/, '') || 'app';
}

/** Says which files Compose would put over the project by itself: they are most often for the machine of a developer. */
function withOverrides(analysis: ComposeAnalysis, tree: TreeDirectory, file: string): ComposeAnalysis {
  const directory = directoryOf(file);
  const found = OVERRIDES.filter((name) => nodeAt(tree, beside(directory, name)) !== undefined);
  const warnings = found.map((name) => `${name}: is not read, Compose would put it over the project`);
  return found.length === 0 ? analysis : { ...analysis, warnings: [...analysis.warnings, ...warnings] };
}
