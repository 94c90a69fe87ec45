import { shorten } from '../../base/diagnostic.ts';
import type { TextPlace } from '../../base/document-path.ts';
import type { TreeDirectory } from '../file-tree.ts';
import { isDirectory, resolvePath } from '../file-tree.ts';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { parseYamlStream } from '../yaml-document.ts';
import type { DotenvOptions } from './dotenv.ts';
import { parseDotenv } from './dotenv.ts';
import type { Filler } from './interpolate.ts';
import type { ComposeNode, Origin, SourceFile } from './node.ts';
import { mergeNodes } from './merge.ts';
import { placeOf, readNodes } from './node.ts';

/**
 * Ways to treat variables at a place. `own…`: a place in the kombination itself, where one that nobody sets is an error, or a
 * secret; `shell`: one where it is left to a shell; `leave`: one whose dollar signs mean nothing here.
 */
export type Mode = 'env' | 'content' | 'plain' | 'own' | 'own-env' | 'shell' | 'leave';

/** Place of a variable, and what is known there. */
export interface VariablePlace {
  readonly origin: Origin;
  readonly environment: Environment;
  readonly mode: Mode;
}

/** Rules for variables: an adopted project is filled in when it is deployed, an imported one once and for all. */
export interface VariablePolicy {
  fillerAt(project: Project, place: VariablePlace): Filler;
  /** Tells variables whose values stay out of the document, which refers to secrets instead. */
  isSecret(name: string): boolean;
}

/** State that the parts of reading a Compose project share. */
export interface Project {
  readonly variables: VariablePolicy;
  readonly tree: TreeDirectory;
  /** Repository path of the kombination. */
  readonly file: string;
  /** Its directory, from the root of the repository. */
  readonly directory: string;
  /** True when it names Compose files. */
  readonly adopts: boolean;
  /** Name of the stack. */
  readonly name: string;
  /** Texts of the repository that have been read, by blob id. */
  readonly texts: Texts;
  /** Blob ids of texts that are needed and have not been read. */
  readonly missing: Set<string>;
  /** Repository paths that the result rests on. */
  readonly watched: Set<string>;
  /** Names of services that Compose files describe, not only the kombination itself. */
  readonly adopted: Set<string>;
  readonly diagnostics: DocumentDiagnostic[];
  readonly error: Report;
  readonly warning: Report;
  /** Variables that are not set, by the value that asks for them. */
  readonly unset: Map<Origin, Set<string>>;
  /** Words of the author about variables that must be set, by the value that asks for them. */
  readonly demands: Map<Origin, Map<string, string>>;
  /** Values that variables were filled into. */
  readonly filled: Set<Origin>;
  /** Files parsed so far, so that one that is used twice is reported once. */
  readonly parsed: Map<string, readonly YamlDocument[]>;
}

/** Texts of a tree by blob id. */
export type Texts = Pick<ReadonlyMap<string, string>, 'get'>;

type Given = Pick<Project, 'variables' | 'tree' | 'file' | 'directory' | 'adopts' | 'name' | 'texts'>;

/** A project of which nothing has been read yet. */
export function createProject(given: Given): Project {
  return {
    ...given,
    missing: new Set(),
    watched: new Set(),
    adopted: new Set(),
    ...createReports([]),
    unset: new Map(),
    demands: new Map(),
    filled: new Set(),
    parsed: new Map(),
  };
}

/** Variables for filling in. */
export type Environment = ReadonlyMap<string, string>;

export interface Details {
  readonly hint?: string | undefined;
  readonly at?: 'key' | 'value';
}

type Place = Pick<ComposeNode, 'origin'>;

/** Reports something about the place where a node was written. */
export type Report = (code: string, node: Place, message: string, details?: Details) => void;

type DiagnosticText = Pick<DocumentDiagnostic, 'severity' | 'code' | 'message'>;

/** Reports with places, each finding once. */
function createReports(
  diagnostics: DocumentDiagnostic[],
): Pick<Project, 'diagnostics' | 'error' | 'warning'> {
  const create =
    (severity: DocumentDiagnostic['severity']): Report =>
    (code, node, message, details) =>
      report(diagnostics, { severity, code, message }, placeOf(node, details?.at), details);
  return { diagnostics, error: create('error'), warning: create('warning') };
}

function report(
  diagnostics: DocumentDiagnostic[],
  diagnostic: DiagnosticText,
  place: TextPlace,
  { hint }: Details = {},
): void {
  const message = shorten(diagnostic.message);
  // The same line is read as often as it is used.
  const known = diagnostics.some(
    ({ code, message: said, place: other }) =>
      code === diagnostic.code &&
      said === message &&
      other?.file === place.file &&
      other?.line === place.line &&
      other?.column === place.column,
  );
  if (!known)
    diagnostics.push({ ...diagnostic, message, path: [], place, ...(hint === undefined ? {} : { hint }) });
}

/** Stands for a text that is too large, or no text. */
export const UNREADABLE = '\0';

/** A text of the repository; `undefined` while it has not been read. */
export function readText(project: Project, path: string): string | Problem | undefined {
  const found = resolvePath(project.tree, path);
  for (const visited of found.visited) project.watched.add(visited);
  if (isProblem(found)) return found;
  if (isDirectory(found.node)) return { problem: `${path} is a directory`, code: 'FILE_NOT_FOUND' };
  const text = project.texts.get(found.node.blob);
  if (text === undefined) project.missing.add(found.node.blob);
  return text === UNREADABLE ? { problem: `${path} is too large, or no text`, code: 'FILE_TOO_LARGE' } : text;
}

/** The nodes of a YAML file of the repository; findings name the file. */
export function readYaml(
  project: Project,
  path: string,
  base: string,
  source: Place,
): ComposeNode | undefined {
  const text = readText(project, path);
  if (isProblem(text)) {
    project.error(text.code ?? 'FILE_NOT_FOUND', source, text.problem, { hint: text.hint });
    return undefined;
  }
  if (text === undefined) return undefined;
  const documents = project.parsed.get(path) ?? parseYamlStream(text);
  if (!project.parsed.has(path)) {
    project.parsed.set(path, documents);
    for (const { code, message, line, column, path: place } of documents.flatMap(
      ({ problems }) => problems,
    )) {
      project.diagnostics.push({
        severity: 'error',
        code,
        message: shorten(message),
        path: [],
        place: { file: path, line, column, path: place },
      });
    }
  }
  let result: ComposeNode | undefined;
  for (const document of documents) {
    const nodes = readNodes({ path, base, document });
    // Documents of one file are put over each other as files are.
    if (nodes) result = result ? mergeNodes(result, nodes) : nodes;
  }
  return result;
}

export interface EnvFileEntry {
  readonly name: string;
  /** `null`: only the name stands there. */
  readonly value: string | null;
  /** The value as other values see it: variables that are not set are empty, and nothing is escaped. */
  readonly plain: string;
  readonly origin: Origin;
}

/** The variables of an env file of the repository; `undefined` while it has not been read. */
export function readEnvFile(
  project: Project,
  path: string,
  options: Omit<DotenvOptions, 'unset'> & { readonly unset?: (name: string, origin: Origin) => string },
): readonly EnvFileEntry[] | Problem | undefined {
  const text = readText(project, path);
  if (text === undefined || isProblem(text)) return text;
  const lines = new Map<string, number>();
  const file: SourceFile = { path, base: '', document: lineDocument(lines) };
  const originAt = (line: number): Origin => {
    const key = String(line);
    lines.set(key, line);
    return { file, path: [key] };
  };
  const { unset } = options;
  const origins = new Map<number, Origin>();
  const originOf = (line: number): Origin => {
    const known = origins.get(line) ?? originAt(line);
    origins.set(line, known);
    return known;
  };
  const parsed = parseDotenv(text, {
    ...options,
    ...(unset ? { unset: (name: string, line: number) => unset(name, originOf(line)) } : { unset: () => '' }),
  });
  for (const { line, message } of parsed.problems) {
    project.error('INVALID_FORMAT', { origin: originOf(line) }, `line ${line} of ${path} ${message}`);
  }
  return parsed.entries.map(({ line, ...entry }) => ({ ...entry, origin: originOf(line) }));
}

/** Places of a file without structure: the keys are line numbers. */
function lineDocument(lines: ReadonlyMap<string, number>): YamlDocument {
  return {
    value: undefined,
    problems: [],
    position: ([key]) => ({ line: lines.get(String(key)) ?? 1, column: 1, path: [] }),
  };
}

/** Remembers that a value asks for a variable that is not set. */
export function rememberUnset({ unset }: Project, origin: Origin, name: string): void {
  const names = unset.get(origin) ?? new Set<string>();
  unset.set(origin, names.add(name));
}

/** Remembers what the author says about a variable that must be set: `${NAME:?message}`. */
export function rememberDemand(
  { demands }: Project,
  origin: Origin,
  [name, message]: readonly [string, string],
): void {
  if (message === '') return;
  const known = demands.get(origin) ?? new Map<string, string>();
  demands.set(origin, known.set(name, message));
}
