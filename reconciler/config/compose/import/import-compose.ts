import type { Diagnostic } from '../../../base/diagnostic.ts';
import { compareText } from '../../../base/values.ts';
import type { TreeFile } from '../../file-tree.ts';
import { joinPath } from '../../file-tree.ts';
import { createSchemaCheck } from '../../schema-check.ts';
import { parseYamlStream } from '../../yaml-document.ts';
import { isMapNode } from '../merge.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { child, entriesOf, map, withEntry } from '../node.ts';
import { normaliseDocument } from '../normalise.ts';
import { readText } from '../project.ts';
import { dropWhatIsWrong } from './drop-what-is-wrong.ts';
import type { Import, ImportNote, ImportOptions } from './import.ts';
import { contextOf, importService } from './import-service.ts';
import { importTopLevel, takeComment, writeHead } from './import-top-level.ts';
import { createNotes, noteParts, noteVariables } from './notes.ts';
import { findWritten, placeMounts } from './place-mounts.ts';
import type { ReadProject } from './read-project.ts';
import { readProject } from './read-project.ts';
import { writeOver } from './write-nodes.ts';

export interface Imported {
  readonly name: string;
  /** The kombination. */
  readonly text: string;
  readonly notes: readonly ImportNote[];
  /** Files that belong beside it, by the paths that they have there. */
  readonly copies: ReadonlyMap<string, TreeFile>;
  /** Paths beside it that hold data, and are for `.gitignore`; sorted. */
  readonly data: readonly string[];
  /** Errors that are left; empty in all but hopeless cases. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * A Compose project as a kombination: the same document with what has to be different, comments where they were. It is read
 * as one that is adopted; what other files say is written out, variables are filled in.
 */
export function importCompose(options: ImportOptions): Imported {
  const read = readProject(options);
  const { project, name, model } = read;
  const [main = ''] = options.files;
  const source = readText(project, main);
  const document = project.parsed.get(main)?.[0];
  if (!model || typeof source !== 'string' || !document || document.problems.length > 0)
    return { name, text: '', notes: [], copies: new Map(), data: [], diagnostics: unreadable(read, main) };
  const notes = createNotes(read.directory, main);
  const given = {
    isVersioned: false,
    isTracked: () => false,
    ...options,
    ...read,
    checkSchema: options.checkSchema ?? createSchemaCheck(),
    note: notes.add,
    copies: new Map<string, TreeFile>(),
    data: new Set<string>(),
    contexts: contextsOf(model),
  };
  const services = entriesOf(child(model, 'services')).flatMap(([, one]) => (isMapNode(one) ? [one] : []));
  const shared: Import = { ...given, written: findWritten(given, services) };
  noteVariables(notes.add, read);
  const kombination = convert(shared, model);
  noteParts(notes.add, read);
  for (const { severity, code, message, place } of project.diagnostics) {
    // A value that cannot be filled in stays as it is, and is found in the kombination.
    if (place && code !== 'INVALID_FORMAT')
      notes.push(severity === 'error' ? 'dropped' : 'changed', place, message);
  }
  const { text, diagnostics } = dropWhatIsWrong(shared, kombination, (rest) => {
    const paper = parseYamlStream(source)[0]?.ast;
    if (!paper) return '';
    const comment = takeComment(paper);
    writeOver(paper, document, rest);
    writeHead(paper, name, comment);
    return paper.toString({ lineWidth: 0 });
  });
  const copies = new Map([...shared.copies].sort(([a], [b]) => compareText(a, b)));
  return { name, text, notes: notes.list(), copies, data: [...shared.data].sort(), diagnostics };
}

/** Errors that say why there is nothing to import. */
export function unreadable({ project, directory }: ReadProject, main: string): readonly Diagnostic[] {
  const prefix = directory === '' ? '' : `${directory}/`;
  const found = project.diagnostics.flatMap(({ severity, code, message, place }): readonly Diagnostic[] => {
    if (severity !== 'error') return [];
    const { file = main, line = 1, column = 1 } = place ?? {};
    const [text, path] = [message, file].map((part) => (prefix === '' ? part : part.replaceAll(prefix, '')));
    return [{ severity, code, message: text ?? message, file: path ?? file, line, column }];
  });
  if (found.length > 0) return found;
  const message = 'it is not a Compose file: write a map with services:';
  return [{ severity: 'error', code: 'YAML_SYNTAX', message, file: main, line: 1, column: 1 }];
}

/** Directories that images are built from, from the root of the tree. */
function contextsOf(model: MapNode): readonly string[] {
  return entriesOf(child(model, 'services')).flatMap(([, service]) => {
    const build = child(service, 'build');
    const context = contextOf(build);
    const at = child(build, 'context') ?? build;
    const path = context === undefined || !at ? null : joinPath(at.origin.file.base, context);
    return path === null ? [] : [path.replace(/\/$/, '')];
  });
}

/** The model in the words of a kombination. */
function convert(shared: Import, model: MapNode): MapNode {
  const { project, environment } = shared;
  const normal = normaliseDocument(project, importTopLevel(shared, model), {
    environment,
    placeBinds: (_, service) => placeMounts(shared, service),
  });
  const services = normal.entries.get('services');
  if (services?.kind !== 'map') return normal;
  const entries = entriesOf(services).map(([name, service]): [string, ComposeNode] => {
    const written = child(model, 'services', name);
    return [
      name,
      isMapNode(service) && isMapNode(written) ? importService(shared, name, service, written) : service,
    ];
  });
  return withEntry(normal, 'services', map(entries, services.origin));
}
