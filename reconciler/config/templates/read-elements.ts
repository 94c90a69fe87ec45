import { isMap, isNode } from 'yaml';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector, DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import { suggest } from '../../base/nearest.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
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

/** A template: its elements, or what is wrong with `forEach`. */
export interface ReadTemplate {
  readonly elements: readonly TemplateElement[];
  readonly diagnostics: readonly DocumentDiagnostic[];
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

/**
 * Reads `forEach` of a kombination; `null`: it has none, and describes one stack. The document is theirs from then on.
 *
 * @param nodes names of nodes that the repository shares
 */
export function readTemplate(document: YamlDocument, nodes: Iterable<string>): ReadTemplate | null {
  const written = asFields(document.value)?.[KEYWORD];
  if (written === undefined) return null;
  const diagnostics = createDiagnosticCollector();
  const fields = asFields(written);
  const isOfAllNodes = fields?.['nodes'] === '*';
  const elements = fields === undefined ? undefined : readFields(fields, nodes, diagnostics);
  if (fields === undefined)
    diagnostics.error('INVALID_TYPE', [KEYWORD], 'forEach is a map with nodes or values', { hint: FORMS });
  if (elements !== undefined) refuseTooLong(document, elements.length, diagnostics);
  const kept = diagnostics.list.length > 0 ? [] : (elements ?? []);
  if (kept.length > 0) takeElementsOut(document);
  return {
    elements: kept.map((element) => ({ ...element, document })),
    diagnostics: diagnostics.list,
    isOfAllNodes,
  };
}

/** Each element costs as much as a file of what the template says besides its elements. */
function refuseTooLong({ ast }: YamlDocument, count: number, diagnostics: DiagnosticCollector): void {
  const contents = ast?.contents;
  if (!isMap(contents)) return;
  const own = contents.items.find(({ key }) => keyText(key) === KEYWORD)?.value;
  const [whole, list] = [contents, own].map((node) => {
    const [start, end] = (isNode(node) ? node.range : null) ?? [0, 0];
    return end - start;
  });
  const length = (whole ?? 0) - (list ?? 0);
  if (length * count <= MAX_EXPANDED_LENGTH) return;
  const message = `${count} stacks of ${length} characters each are too much: at most ${MAX_EXPANDED_LENGTH} together`;
  diagnostics.error('INVALID_VALUE', [KEYWORD], message, { hint: 'make several templates of it' });
}

/** A thousand elements are not to be copied a thousand times. */
function takeElementsOut({ ast }: YamlDocument): void {
  if (isMap(ast?.contents))
    ast.contents.items = ast.contents.items.filter(({ key }) => keyText(key) !== KEYWORD);
}

const FORMS =
  'forEach: { nodes: [nas, attic] }, { nodes: "*" }, or { values: [{ name: alice, port: 8081 }] }';
const KINDS = ['nodes', 'values'] as const;

function readFields(
  fields: Fields,
  nodes: Iterable<string>,
  diagnostics: DiagnosticCollector,
): readonly ReadElement[] | undefined {
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
    diagnostics.error('REQUIRED', [KEYWORD], 'forEach has one of nodes and values', { hint: FORMS });
    return undefined;
  }
  const path = [KEYWORD, kind];
  const isAll = kind === 'nodes' && fields[kind] === '*';
  const items = isAll ? [...nodes].toSorted(compareNames) : asList(fields[kind]);
  if (items === undefined) {
    diagnostics.error('INVALID_TYPE', path, `${kind} is a list`, { hint: FORMS });
    return undefined;
  }
  if (items.length === 0) {
    const message = isAll
      ? 'the repository shares no nodes'
      : `${kind} is empty: the template describes nothing`;
    diagnostics.error('REQUIRED', path, message, { hint: 'delete the file to remove its stacks' });
  }
  if (items.length > MAX_ELEMENTS) {
    diagnostics.error(
      'INVALID_VALUE',
      path,
      `${items.length} elements are too many: at most ${MAX_ELEMENTS}`,
    );
    return undefined;
  }
  return readItems(items, { kind, path, isAll }, diagnostics);
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : 1;
}

interface ItemsPlace {
  readonly kind: (typeof KINDS)[number];
  readonly path: DocumentPath;
  readonly isAll: boolean;
}

function readItems(
  items: readonly unknown[],
  { kind, path, isAll }: ItemsPlace,
  diagnostics: DiagnosticCollector,
): readonly ReadElement[] {
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
  const fields = kind === 'values' ? asFields(item) : undefined;
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
