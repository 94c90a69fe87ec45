import { isMap, isNode, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Document, Node, Pair, Scalar } from 'yaml';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { asFields, asText, own } from '../../base/values.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { copyYaml, keyText, rereadYaml } from '../yaml-document.ts';
import type { TemplateElement } from './read-elements.ts';

/** A document with an element filled in, and what could not be. */
export interface FilledDocument {
  readonly document: YamlDocument;
  readonly diagnostics: readonly DocumentDiagnostic[];
}

/** Text that all places of a template get together, in characters as JSON. */
const MAX_FILLED_LENGTH = 1024 ** 2;
/** `$$` is a dollar sign for whoever reads the text later. */
const PLACES = /\$\$|\$\{each\.([^}]*)\}/g;
const WHOLE = /^\$\{each\.([^}]*)\}$/;
const REFERENCE = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/;
const FORM = 'each.NAME, or each.NAME.MEMBER';

/**
 * Fills an element into the nodes of a template, each value where it stands: it is not read as YAML again, so it is never more than that value. A text that
 * is nothing but `${each.NAME}` becomes the value itself, be it a number, a list or a map; within a longer text it is a single value. Places stay those of
 * the template.
 *
 * @param text text of the template
 */
export function fillElement(element: TemplateElement, text: string): FilledDocument {
  const document = copyYaml(element.document, text);
  const { ast } = document;
  if (ast === undefined || document.value === undefined) return { document, diagnostics: [] };
  const filler = new Filler(ast, element);
  visit(ast, {
    Scalar(at, node, around) {
      if (typeof node.value !== 'string' || !node.value.includes('${each.')) return undefined;
      const place = { node, around };
      return at === 'key' ? filler.refuseKey(place) : filler.fillText(place);
    },
  });
  return { document: rereadYaml(document), diagnostics: filler.diagnostics };
}

interface Place {
  readonly node: Scalar;
  /** Nodes that it is in, the outermost first. */
  readonly around: readonly (Document | Node | Pair)[];
}

class Filler {
  readonly diagnostics: DocumentDiagnostic[] = [];
  readonly #ast: Document;
  readonly #element: TemplateElement;
  #length = 0;

  constructor(ast: Document, element: TemplateElement) {
    this.#ast = ast;
    this.#element = element;
  }

  refuseKey(place: Place): undefined {
    const hint = 'write the same key for all elements, or a list';
    this.#report(place, { code: 'INVALID_FORMAT', message: 'keys are not filled in', hint, at: 'key' });
  }

  /** Returns a node for the place of the text where it is no text any more. */
  fillText(place: Place): Node | undefined {
    const { node } = place;
    const text = asText(node.value);
    const whole = WHOLE.exec(text)?.[1];
    if (whole === undefined) {
      node.value = text.replaceAll(PLACES, (match, written: string | undefined) =>
        written === undefined ? match : this.#textOf(place, written),
      );
      return undefined;
    }
    const value = this.#lookUp(place, whole);
    if (typeof value === 'object' && value !== null) return putAt(this.#ast.createNode(value), node);
    node.value = value === undefined ? '' : value;
    return undefined;
  }

  #textOf(place: Place, written: string): string {
    const value = this.#lookUp(place, written);
    if (value === undefined) return '';
    if (typeof value !== 'object') return asText(value);
    const message = `\${each.${written}} is no single value, and stands within a text`;
    this.#report(place, { code: 'INVALID_TYPE', message, hint: 'write it as the whole value' });
    return '';
  }

  /** Returns `undefined` where there is no value, which is told. */
  #lookUp(place: Place, written: string): unknown {
    if (!REFERENCE.test(written)) {
      const message = `\${each.${written}} names no value`;
      this.#report(place, { code: 'INVALID_FORMAT', message, hint: FORM });
      return undefined;
    }
    const { name, values } = this.#element;
    let value: unknown = values;
    for (const part of written.split('.')) {
      const fields = asFields(value);
      value = fields === undefined ? undefined : own(fields, part);
    }
    if (value === undefined) {
      const hint = `${name} has ${Object.keys(values)
        .map((key) => `each.${key}`)
        .join(', ')}`;
      this.#report(place, { code: 'UNRESOLVED_VARIABLE', message: `\${each.${written}} has no value`, hint });
      return undefined;
    }
    const before = this.#length;
    this.#length += JSON.stringify(value).length;
    if (this.#length <= MAX_FILLED_LENGTH) return value;
    const message = `what is filled in is more than ${MAX_FILLED_LENGTH} characters`;
    if (before <= MAX_FILLED_LENGTH) this.#report(place, { code: 'INVALID_VALUE', message });
    return undefined;
  }

  #report(place: Place, found: Omit<DocumentDiagnostic, 'severity' | 'path'>): void {
    this.diagnostics.push({ severity: 'error', path: pathOf(place), ...found });
  }
}

function pathOf({ node, around }: Place): DocumentPath {
  return around.flatMap((one, index): DocumentPath => {
    if (isPair(one)) return [keyText(one.key)];
    return isSeq(one) ? [one.items.indexOf(around[index + 1] ?? node)] : [];
  });
}

/** A made node, and all that is in it, stands where the text stood that it takes the place of. */
function putAt(made: Node, { range, anchor }: Scalar): Node {
  const put = (node: unknown): void => {
    if (isPair(node)) {
      put(node.key);
      put(node.value);
    }
    if (!isNode(node)) return;
    node.range = range ?? null;
    if (isMap(node) || isSeq(node)) for (const item of node.items) put(item);
  };
  put(made);
  if (anchor !== undefined && !isScalar(made) && 'anchor' in made) made.anchor = anchor;
  return made;
}
