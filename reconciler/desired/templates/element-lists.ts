import { contain } from '../../base/errors.ts';
import { UNREADABLE } from '../../config/compose/project.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { directoryOf, joinPath } from '../../config/file-tree.ts';
import type { ElementList } from '../../config/templates/read-elements.ts';
import { listFileOf, mayBeTemplate } from '../../config/templates/read-elements.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { Readable } from '../compose/read-compose-files.ts';
import type { LoadOptions, UnreadableDocument } from '../repository-state.ts';
import { locateDocument, readSmall } from '../repository-state.ts';
import { isWorkflowFile } from '../workflow.ts';
import type { ListedElements } from './listed-elements.ts';

/** A list of elements with what it was read from. */
export interface PlacedList {
  readonly list: ElementList;
  readonly listed: ListedElements;
}

/** No template names a file without the word. */
const NAMES_FILE = /\bin["']?\s*:/;

/** Reads the lists that templates name, by the file of the template; templates that name none are left out. */
export async function readElementLists(
  texts: readonly Readable[],
  tree: TreeDirectory,
  options: LoadOptions,
): Promise<ReadonlyMap<string, PlacedList>> {
  const places = texts.flatMap(({ source: { file }, text }) => {
    const place = findList(tree, file, text);
    return place === null ? [] : [{ file, place }];
  });
  const blobs = places.flatMap(({ place }) => ('blob' in place ? [place.blob] : []));
  const known = await readSmall(blobs, options);
  const lists = new Map<string, PlacedList>();
  // Several templates may have one list, which none of them changes.
  const read = new Map<string, ElementList>();
  for (const { file, place } of places) {
    if ('problem' in place) {
      const { visited, ...problem } = place;
      lists.set(file, { list: problem, listed: { visited, blob: null, text: null } });
      continue;
    }
    const { blob, path, visited } = place;
    const text = known.get(blob);
    const list = read.get(path) ?? toList(path, text);
    read.set(path, list);
    lists.set(file, { list, listed: { visited, blob, text: typeof text === 'string' ? text : null } });
  }
  return lists;
}

/** Returns the list that a template names, where its text is at hand; `undefined`: it names none. */
export function listAt(
  tree: TreeDirectory,
  { file, text }: { readonly file: string; readonly text: string },
  textOf: (path: string, blob: string) => string | undefined,
): ElementList | undefined {
  const place = findList(tree, file, text);
  if (place === null) return undefined;
  if ('problem' in place) return place;
  const found = textOf(place.path, place.blob);
  return toList(place.path, found === UNREADABLE ? undefined : found);
}

type ListPlace =
  | { readonly blob: string; readonly path: string; readonly visited: readonly string[] }
  | {
      readonly code: string;
      readonly problem: string;
      readonly hint?: string;
      readonly visited: readonly string[];
    };

/** Finds the file that a template names; `null`: it names none. No file is read. */
function findList(tree: TreeDirectory, file: string, text: string): ListPlace | null {
  if (isWorkflowFile(file) || !mayBeTemplate(text) || !NAMES_FILE.test(text)) return null;
  const written = contain(
    () => listFileOf(parseYaml(text)),
    () => null,
  );
  if (written === null) return null;
  const path = joinPath(directoryOf(file), written);
  if (path !== null) return locateDocument(tree, path);
  const problem = `${written} is an absolute path`;
  return { code: 'PATH_OUTSIDE_REPOSITORY', problem, visited: [] };
}

function toList(path: string, text: string | UnreadableDocument | undefined): ElementList {
  if (typeof text === 'string') return { file: path, document: parseYaml(text) };
  const { code, message, hint } = text ?? {
    code: 'FILE_NOT_FOUND',
    message: `the content of ${path} is not at hand here`,
  };
  const problem = code === 'FILE_NOT_FOUND' ? message : `${path}: ${message}`;
  return { code, problem, ...(hint === undefined ? {} : { hint }) };
}
