import { posix } from 'node:path';
import { shorten } from '../../../base/diagnostic.ts';
import type { TextPlace } from '../../../base/document-path.ts';
import type { ComposeNode } from '../node.ts';
import { child, entriesOf, placeOf, readNodes } from '../node.ts';
import { isMapNode } from '../merge.ts';
import type { Import, ImportNote, NotePath } from './import.ts';
import type { ReadProject } from './read-project.ts';
import { describeUse } from './variables.ts';

/** The report of an import while it is written; each line once. */
export interface Notes {
  readonly add: Import['note'];
  push(kind: ImportNote['kind'], place: TextPlace, message: string): void;
  list(): readonly ImportNote[];
}

/** @param main path of the first Compose file in the tree */
export function createNotes(directory: string, main: string): Notes {
  const notes = new Map<string, ImportNote>();
  const prefix = directory === '' ? '' : `${directory}/`;
  const push = (kind: ImportNote['kind'], place: TextPlace, message: string): void => {
    const { file = main, line } = place;
    // Paths are told from where the project is, not from the root of the machine.
    const text = shorten(prefix === '' ? message : message.replaceAll(prefix, ''));
    const key = JSON.stringify([kind, file, line, text]);
    if (notes.has(key)) return;
    const elsewhere = file === main ? {} : { file: posix.relative(`/${directory}`, `/${file}`) };
    notes.set(key, { kind, ...elsewhere, line, path: (place.path ?? []).join('.'), message: text });
  };
  return {
    push,
    add: (kind, node, message, path) =>
      push(kind, { ...placeOf(node, 'key'), path: path ?? node.origin.path }, message),
    list() {
      const listed = [...notes.values()];
      // Notes on the first file come first, then those on others in the order in which they were read.
      const files = [...new Set(listed.map(({ file }) => file))].filter((file) => file !== undefined);
      const rank = ({ file }: ImportNote): number => (file === undefined ? -1 : files.indexOf(file));
      return listed.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line);
    },
  };
}

/** Says what was filled in, and what will be asked of the daemon. */
export function noteVariables(add: Import['note'], { project, uses }: ReadProject): void {
  for (const [origin, kinds] of uses) {
    for (const [name, use] of kinds) add('changed', { origin }, describeUse(name, use), namesOf(origin.path));
  }
  for (const [origin, names] of project.unset) {
    for (const name of names) {
      const message = `${name} has no value, or is a secret: give the daemon KOMBINATOR_SECRET_${name}`;
      add('changed', { origin }, message, namesOf(origin.path));
    }
  }
}

/** Positions in lists are left out. */
function namesOf(path: NotePath): NotePath {
  return path.filter((step) => typeof step === 'string');
}

/** Says what was put together from elsewhere. */
export function noteParts(note: Import['note'], { project }: ReadProject): void {
  const add = (kind: ImportNote['kind'], node: ComposeNode, message: string): void => {
    const { file, line } = placeOf(node);
    // A file that is not there is reported at the same place.
    if (!project.diagnostics.some(({ place }) => place?.file === file && place?.line === line))
      note(kind, node, message);
  };
  const documents = [...project.parsed].flatMap(([path, all]) => all.map((document) => ({ path, document })));
  for (const { path, document } of documents) {
    const root = readNodes({ path, base: '', document });
    const include = child(root, 'include');
    if (include) add('changed', include, 'what it includes is written out');
    for (const [, service] of entriesOf(child(root, 'services'))) noteService(add, service);
  }
}

function noteService(
  add: (kind: ImportNote['kind'], node: ComposeNode, message: string) => void,
  service: ComposeNode,
): void {
  if (!isMapNode(service)) return;
  const extended = service.entries.get('extends');
  if (extended) add('changed', extended, 'what it extends is written out');
  for (const key of ['env_file', 'label_file']) {
    const files = service.entries.get(key);
    const what = key === 'env_file' ? 'environment' : 'labels';
    if (files) add('changed', files, `what is in there is written into ${what}`);
  }
}
