import { isMap, isNode } from 'yaml';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector, DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import { suggest } from '../../base/nearest.ts';
import type { Problem } from '../../base/problem.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { keyText } from '../yaml-document.ts';

/** One of those that a template describes a stack for: what `${each.NAME}` stands for. */
export interface TemplateElement {
  /** Tells it from the others. */
  readonly name: string;
  readonly values: Fields;
  /** The template without its elements, which all of them share and nobody changes. */
  readonly document: YamlDocument;
}

type ReadElement = Omit<TemplateElement, 'document'>;

/** The file that the elements of a template stand in (`in`), or the reason why it cannot be read. */
export type ElementList =
  | { readonly file: string; readonly document: YamlDocument }
  | (Problem & { readonly code: string });

/** A template: the elements that can be read, and what is wrong with `forEach`. */
export interface ReadTemplate {
  /** Elements of the list; not all that it has where there are diagnostics. */
  readonly elements: readonly TemplateElement[];
  readonly diagnostics: readonly DocumentDiagnostic[];
  /** Findings in the file of the elements, whose paths begin there. */
  readonly listDiagnostics: readonly DocumentDiagnostic[];
  /** It has all nodes that the repository shares. */
  readonly isOfAllNodes: boolean;
}

const KEYWORD = 'forEach';
const MAX_ELEMENTS = 1_000;
/** Largest element, as JSON, in characters. */
const MAX_ELEMENT_LENGTH = 16_384;
const MAX_DEPTH = 8;
/** Longest that all stacks of a template are together, in characters of the template. */
const MAX_EXPANDED_LENGTH = 32 * 1024 ** 2;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;

/** Tells quickly whether a text may be a template; most are none. */
export function mayBeTemplate(text: string): boolean {
  return text.includes(KEYWORD);
}

/** Returns the path of the file that the elements of a template stand in, as it is written; `null`: they stand in none. */
export function listFileOf({ value }: Pick<YamlDocument, 'value'>): string | null {
  const path = asString(own(asFields(own(asFields(value), KEYWORD)), 'in'));
  return path === undefined || path === '' ? null : path;
}

/** Parts of a repository that a template may take its elements from. */
export interface ElementPlaces {
  /** Names of nodes that the repository shares. */
  readonly nodes: Iterable<string>;
  /** The file that `in` names. Default: it is not at hand. */
  readonly list?: ElementList | undefined;
}

/** Reads `forEach` of a kombination; `null`: it has none, and describes one stack. The document is theirs from then on. */
export function readTemplate(document: YamlDocument, places: ElementPlaces): ReadTemplate | null {
  const written = asFields(document.value)?.[KEYWORD];
  if (written === undefined) return null;
  const [diagnostics, ofList] = [createDiagnosticCollector(), createDiagnosticCollector()];
  const fields = asFields(written);
  const isOfAllNodes = fields?.['nodes'] === '*';
  const elements = fields === undefined ? undefined : readFields(fields, { ...places, diagnostics, ofList });
  if (fields === undefined)
    diagnostics.error('INVALID_TYPE', [KEYWORD], 'forEach is a map with nodes, values or in', {
      hint: FORMS,
    });
  const isTooLong = elements !== undefined && refuseTooLong(document, elements.length, diagnostics);
  const kept = isTooLong ? [] : (elements ?? []);
  if (kept.length > 0) takeElementsOut(document);
  return {
    elements: kept.map((element) => ({ ...element, document })),
    diagnostics: diagnostics.list,
    listDiagnostics: ofList.list,
    isOfAllNodes,
  };
}

/** Each element costs as much as a file of what the template says besides its elements. */
function refuseTooLong({ ast }: YamlDocument, count: number, diagnostics: DiagnosticCollector): boolean {
  const contents = ast?.contents;
  if (!isMap(contents)) return false;
  const elements = contents.items.find(({ key }) => keyText(key) === KEYWORD)?.value;
  const [whole, list] = [contents, elements].map((node) => {
    const [start, end] = (isNode(node) ? node.range : null) ?? [0, 0];
    return end - start;
  });
  const length = (whole ?? 0) - (list ?? 0);
  if (length * count <= MAX_EXPANDED_LENGTH) return false;
  const message = `${count} stacks of ${length} characters each are too much: at most ${MAX_EXPANDED_LENGTH} together`;
  diagnostics.error('INVALID_VALUE', [KEYWORD], message, { hint: 'make several templates of it' });
  return true;
}

/** A thousand elements are not to be copied a thousand times. */
function takeElementsOut({ ast }: YamlDocument): void {
  if (isMap(ast?.contents))
    ast.contents.items = ast.contents.items.filter(({ key }) => keyText(key) !== KEYWORD);
}

const FORMS =
  'forEach: { nodes: [nas, attic] }, { nodes: "*" }, { values: [{ name: alice, port: 8081 }] }, or { in: users.yaml }';
const KINDS = ['nodes', 'values', 'in'] as const;
type Kind = (typeof KINDS)[number];

interface Reading extends ElementPlaces {
  readonly diagnostics: DiagnosticCollector;
  readonly ofList: DiagnosticCollector;
}

function readFields(fields: Fields, reading: Reading): readonly ReadElement[] | undefined {
  const { nodes, diagnostics } = reading;
  for (const key of Object.keys(fields)) {
    if (KINDS.some((known) => known === key)) continue;
    const hint = suggest(key, KINDS) ?? FORMS;
    diagnostics.error('UNKNOWN_KEY', [KEYWORD, key], `${key} is not a known key in forEach`, {
      hint,
      at: 'key',
    });
  }
  const [kind, other] = KINDS.filter((key) => fields[key] !== undefined);
  if (kind === undefined || other !== undefined) {
    diagnostics.error('REQUIRED', [KEYWORD], 'forEach has one of nodes, values and in', { hint: FORMS });
    return undefined;
  }
  const path = [KEYWORD, kind];
  if (kind === 'in') return readListed(fields[kind], path, reading);
  const isAll = kind === 'nodes' && fields[kind] === '*';
  const items = isAll ? [...nodes].toSorted(compareNames) : asList(fields[kind]);
  if (items === undefined) {
    diagnostics.error('INVALID_TYPE', path, `${kind} is a list`, { hint: FORMS });
    return undefined;
  }
  return readItems(items, { kind, path, isAll, title: kind }, diagnostics);
}

/** Elements in a file of their own: what is wrong with them is told there. */
function readListed(
  written: unknown,
  path: DocumentPath,
  { list, diagnostics, ofList }: Reading,
): readonly ReadElement[] | undefined {
  if (typeof written !== 'string' || written === '') {
    diagnostics.error('INVALID_TYPE', path, 'in is the path of a file that is a list', { hint: FORMS });
    return undefined;
  }
  if (list === undefined || 'problem' in list) {
    const { code = 'FILE_NOT_FOUND', problem = `${written} is not at hand here`, hint } = list ?? {};
    diagnostics.error(code, path, problem, {
      hint: hint ?? 'paths are relative to the directory of this file',
    });
    return undefined;
  }
  const { value } = list.document;
  // Syntax that nobody understands is told by the document itself.
  if (value === undefined && list.document.problems.length > 0) return undefined;
  const items = asList(value);
  if (items === undefined) {
    ofList.error('INVALID_TYPE', [], `the elements of a template are a list (forEach.in of ${written})`, {
      hint: '- { name: alice, port: 8081 }',
    });
    return undefined;
  }
  return readItems(items, { kind: 'in', path: [], isAll: false, title: 'the list' }, ofList);
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : 1;
}

interface ItemsPlace {
  readonly kind: Kind;
  readonly path: DocumentPath;
  readonly isAll: boolean;
  /** The list, in words. */
  readonly title: string;
}

function readItems(
  items: readonly unknown[],
  { kind, path, isAll, title }: ItemsPlace,
  diagnostics: DiagnosticCollector,
): readonly ReadElement[] | undefined {
  if (items.length === 0) {
    const message = isAll
      ? 'the repository shares no nodes'
      : `${title} is empty: the template describes nothing`;
    diagnostics.error('REQUIRED', path, message, { hint: 'delete the template to remove its stacks' });
  }
  if (items.length > MAX_ELEMENTS) {
    const message = `${items.length} elements are too many: at most ${MAX_ELEMENTS}`;
    diagnostics.error('INVALID_VALUE', path, message);
    return undefined;
  }
  const seen = new Map<string, number>();
  return items.flatMap((item, index) => {
    const place = isAll ? path : [...path, index];
    const element = readItem(item, { kind, path: place }, diagnostics);
    if (element === undefined) return [];
    const first = seen.get(element.name);
    if (first === undefined) {
      seen.set(element.name, index);
      return [element];
    }
    diagnostics.error(
      'DUPLICATE_NAME',
      place,
      `${element.name} is an element twice, first as number ${first + 1}`,
    );
    return [];
  });
}

function readItem(
  item: unknown,
  { kind, path }: Pick<ItemsPlace, 'kind' | 'path'>,
  diagnostics: DiagnosticCollector,
): ReadElement | undefined {
  const fields = kind === 'nodes' ? undefined : asFields(item);
  const name = fields === undefined ? asString(item) : asString(fields['name']);
  const at = fields === undefined ? path : [...path, 'name'];
  if (name === undefined || !NAME.test(name)) {
    const message =
      name === undefined
        ? 'an element has a name, which is a text'
        : `"${name.slice(0, 100)}" is no name of an element`;
    diagnostics.error(name === undefined ? 'REQUIRED' : 'INVALID_FORMAT', at, message, {
      hint: "letters, digits, '-', '_' and '.', 100 at most",
    });
    return undefined;
  }
  const values = fields ?? (kind === 'nodes' ? { name, node: name } : { name });
  const before = diagnostics.list.length;
  checkValue(values, { path, depth: 0 }, diagnostics);
  if (diagnostics.list.length > before) return undefined;
  if (JSON.stringify(values).length > MAX_ELEMENT_LENGTH) {
    const message = `the element ${name} is too large: at most ${MAX_ELEMENT_LENGTH} characters as JSON`;
    diagnostics.error('INVALID_VALUE', path, message);
    return undefined;
  }
  return { name, values };
}

/** Values of JSON, with keys that can be written behind `each.`, and without variables: these are written where they count. */
function checkValue(
  value: unknown,
  { path, depth }: { readonly path: DocumentPath; readonly depth: number },
  diagnostics: DiagnosticCollector,
): void {
  if (typeof value === 'string' && value.includes('$')) {
    const hint = 'write the variable, or $$, in the template';
    diagnostics.error('INVALID_VALUE', path, 'an element has no dollar signs', { hint });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) {
    diagnostics.error('INVALID_VALUE', path, `an element is nested too deeply: at most ${MAX_DEPTH} levels`);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value) && !KEY.test(key)) {
      const hint = "letters, digits, '-' and '_', a letter first";
      diagnostics.error('INVALID_FORMAT', place, `"${key.slice(0, 100)}" is no key of an element`, {
        hint,
        at: 'key',
      });
    } else checkValue(member, { path: place, depth: depth + 1 }, diagnostics);
  }
}
