import {
  Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  parseAllDocuments,
  parseDocument,
  visit,
} from 'yaml';
import type { Alias, Node, Pair, YAMLMap } from 'yaml';
import type { DocumentPath, TextPlace, TextPosition } from '../base/document-path.ts';
import { asText } from '../base/values.ts';

/**
 * Parser options for a text that is changed in place. Keys that stand twice are found by `parseYaml`: the library would compare each key with all
 * others of its map.
 */
export const EDITING = { merge: true, uniqueKeys: false, logLevel: 'error' } as const;

/** A YAML text as plain values, with a way back to the lines. */
export interface YamlDocument {
  /** Plain values; `undefined` when the text cannot be read at all. */
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** Line and column, from 1, of the place or of the nearest thing around it that is there. */
  position(path: DocumentPath, at: 'key' | 'value'): TextPlace;
  /** Element that a template was filled with, for findings; left out: it is none. */
  readonly element?: string;
  /** Document as parsed; left out when the text cannot be read at all. */
  readonly ast?: Document.Parsed;
}

export interface YamlProblem extends TextPosition {
  readonly code: 'YAML_SYNTAX' | 'DUPLICATE_KEY';
  readonly message: string;
  readonly path: DocumentPath;
}

/** Deeper nesting than this is refused; it would exhaust the stack of whoever walks the value. */
const MAX_NESTING_DEPTH = 64;
/** Number of times that aliases may multiply a node, nested aliases included: large descriptions repeat one some thousand times. */
export const MAX_ALIAS_EXPANSIONS = 20_000;
/** Number of nodes, aliases followed, beyond which a text is an attack and no description. */
const MAX_EXPANDED_NODES = 300_000;
const MAX_PROBLEMS_REPORTED = 50;
/** Tag by which files that are merged say what becomes of the others; only they make use of it. */
const MERGE_TAG = /: !(reset|override)$/;
const HOPELESS_DEPTH = 1_000;
const HOPELESS_BLOCKS = /(?:[-?:][ \t]+){200}/;

/** Reads a YAML 1.2 text with anchors and merge keys. Never throws. */
export function parseYaml(text: string): YamlDocument {
  if (isHopeless(text)) return unreadable('is nested too deeply');
  if (isTooMuch(text))
    return unreadable(`says too much: ${MAX_TOKENS} tokens are read, some ten thousand pairs; split it`);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, OPTIONS);
  } catch (error) {
    return unreadable(error instanceof RangeError ? 'is nested too deeply' : asText(error));
  }
  return readYaml(document, text);
}

const OPTIONS = {
  merge: true,
  uniqueKeys: false,
  prettyErrors: false,
  // 'silent' would hide that there are several documents.
  logLevel: 'error',
  stringKeys: true,
  // Sets, bytes and the like are no values that JSON has.
  resolveKnownTags: false,
} as const;

/** The documents of a text that may hold several, one after the other; empty ones are left out. Never throws. */
export function parseYamlStream(text: string): readonly YamlDocument[] {
  const whole = parseYaml(text);
  if (!whole.ast?.errors.some(({ code }) => code === 'MULTIPLE_DOCS')) return [whole];
  const documents: readonly Document.Parsed[] = parseAllDocuments(text, OPTIONS);
  return documents
    .map((document) => readYaml(document, text))
    .filter(({ value, problems }) => value !== null || problems.length > 0);
}

function readYaml(document: Document.Parsed, text: string): YamlDocument {
  const positionOf = createPositions(text);
  const problems = syntaxProblems(document, positionOf);
  if (problems.length === 0) inspect(document, positionOf, problems);
  // Only an alias can lead back to what it is in.
  const endless = text.includes('*') ? findEndless(document) : undefined;
  if (endless !== undefined) {
    const message = 'an alias stands inside of its own anchor';
    problems.push({ code: 'YAML_SYNTAX', path: [], message, ...positionOf(startOf(endless) ?? 0) });
  }
  const value = problems.every((problem) => problem.code === 'DUPLICATE_KEY')
    ? toPlain(document, problems, text)
    : undefined;
  return {
    value,
    problems,
    ast: document,
    position: (path, at) => positionOf(findOffset(document, path, at)),
  };
}

/** A document with nodes of its own, to be changed; far cheaper than reading the text again. Its value is left as it was: see `rereadYaml`. */
export function copyYaml(document: YamlDocument, text: string): YamlDocument {
  if (document.ast === undefined) return document;
  const ast = document.ast.clone() as Document.Parsed;
  const positionOf = createPositions(text);
  return { ...document, ast, position: (path, at) => positionOf(findOffset(ast, path, at)) };
}

/** The document with the value that its nodes have by now, after somebody has changed them. */
export function rereadYaml(document: YamlDocument): YamlDocument {
  if (document.ast === undefined) return document;
  const problems = [...document.problems];
  return { ...document, problems, value: toPlain(document.ast, problems, '*') };
}

const TARGETS = new WeakMap<Document.Parsed, ReadonlyMap<Alias, Node>>();

/** Nodes that the aliases of a document stand for, as it was parsed: the library looks through the document for each. */
export function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const known = TARGETS.get(document);
  if (known) return known;
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  TARGETS.set(document, targets);
  return targets;
}

/** The values at some paths in a text that may have syntax errors, as far as they can be made out. */
export function peekYaml(text: string, paths: readonly DocumentPath[]): readonly unknown[] {
  if (isHopeless(text) || isTooMuch(text)) return [];
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false });
    return paths.map((path) => document.getIn(path));
  } catch {
    // The caller only wanted a hint, so it does not matter what broke the parser.
    return [];
  }
}

/** Texts up to this length cannot hold more than `MAX_TOKENS`. */
const SMALL_LENGTH = 65_000;
/** Tokens that are parsed: a key, a value, a comment and the space between them are one each, a text of many lines as well. */
const MAX_TOKENS = 65_000;

/** Tells whether parsing would hold up everybody else for long. Telling that costs a tenth of it. */
function isTooMuch(text: string): boolean {
  if (text.length <= SMALL_LENGTH) return false;
  let count = 0;
  for (const _ of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_TOKENS) return true;
  }
  return false;
}

/** Nesting that the parser would take minutes to fail on. Brackets in texts are counted too: it takes a thousand. */
function isHopeless(text: string): boolean {
  if (HOPELESS_BLOCKS.test(text)) return true;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // [ and { open, ] and } close.
    if (code === 0x5b || code === 0x7b) depth += 1;
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
    if (depth > HOPELESS_DEPTH) return true;
  }
  return false;
}

function unreadable(message: string): YamlDocument {
  const start = { line: 1, column: 1 };
  return {
    value: undefined,
    problems: [{ code: 'YAML_SYNTAX', message, path: [], ...start }],
    position: () => start,
  };
}

type PositionOf = (offset: number) => TextPosition;

function syntaxProblems(document: Document.Parsed, positionOf: PositionOf): YamlProblem[] {
  const problems: YamlProblem[] = [...document.errors, ...document.warnings]
    .filter(({ code, message }) => code !== 'TAG_RESOLVE_FAILED' || !MERGE_TAG.test(message))
    .slice(0, MAX_PROBLEMS_REPORTED)
    .map(({ code, message, pos }) => ({
      code: 'YAML_SYNTAX',
      path: [],
      message: code === 'MULTIPLE_DOCS' ? 'holds more than one YAML document' : message,
      ...positionOf(pos[0]),
    }));
  if (document.directives?.yaml.version === '1.1') {
    problems.push({
      code: 'YAML_SYNTAX',
      path: [],
      message: 'asks for YAML 1.1; only YAML 1.2 is read',
      line: 1,
      column: 1,
    });
  }
  return problems;
}

function toPlain(document: Document.Parsed, problems: YamlProblem[], text: string): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS });
    if (text.includes('*') && countNodes(value, new Map()) > MAX_EXPANDED_NODES)
      throw new Error('says too much, with its aliases followed');
    return value;
  } catch (error) {
    // Alias bombs and aliases to nothing end here.
    const message = error instanceof Error ? error.message : asText(error);
    problems.push({ code: 'YAML_SYNTAX', path: [], message, line: 1, column: 1 });
    return undefined;
  }
}

/**
 * An alias that stands inside of what it stands for. The plain values need not show it, where a key is written twice; whoever walks the nodes
 * would never come to an end.
 */
function findEndless(document: Document.Parsed): Alias | undefined {
  const targets = aliasTargets(document);
  let found: Alias | undefined;
  visit(document, {
    Alias(_, alias, around) {
      const target = targets.get(alias);
      if (target === undefined || !around.includes(target)) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

/** Nodes as whoever walks the value will meet them: one that several aliases lead to counts as often. */
function countNodes(value: unknown, known: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let count = 1;
  for (const member of Object.values(value)) count += countNodes(member, known);
  known.set(value, count);
  return count;
}

/** Finds duplicate keys (the library's own check is quadratic) and too deep nesting. */
function inspect(document: Document.Parsed, positionOf: PositionOf, problems: YamlProblem[]): void {
  function look(node: unknown, path: DocumentPath): void {
    if (problems.length >= MAX_PROBLEMS_REPORTED) return;
    if (isPair(node)) return look(node.value, path);
    if (!isMap(node) && !isSeq(node)) return;
    if (path.length > MAX_NESTING_DEPTH) {
      const place = positionOf(startOf(node) ?? 0);
      problems.push({ code: 'YAML_SYNTAX', message: 'is nested too deeply', path: [], ...place });
      return;
    }
    if (isSeq(node)) node.items.forEach((item, index) => look(item, [...path, index]));
    else visitMap(node, path);
  }
  function visitMap(map: YAMLMap, path: DocumentPath): void {
    const seen = new Set<string>();
    for (const pair of map.items) {
      if (problems.length >= MAX_PROBLEMS_REPORTED) return;
      const key = keyText(pair.key);
      const place = [...path, key];
      if (seen.has(key) && key !== '<<') {
        problems.push({
          code: 'DUPLICATE_KEY',
          message: `${key} is written twice`,
          path: place,
          ...positionOf(startOf(pair.key) ?? 0),
        });
      }
      seen.add(key);
      look(pair.value, place);
    }
  }
  look(document.contents, []);
}

/** The text of a key, which may be a whole map in YAML. */
export function keyText(key: unknown): string {
  if (isScalar(key)) return asText(key.value);
  return isCollection(key) || isAlias(key) ? key.toString() : asText(key);
}

function findOffset(document: Document.Parsed, path: DocumentPath, at: 'key' | 'value'): number {
  let key: unknown;
  let value: unknown = document.contents;
  for (const part of path) {
    const next = step(document, value, part);
    if (next === undefined) {
      // Not there: the key of what should hold it is the best place to look.
      return startOf(key) ?? startOf(value) ?? 0;
    }
    key = isPair(next) ? next.key : undefined;
    value = isPair(next) ? next.value : next;
  }
  const keyStart = startOf(key);
  const empty = isScalar(value) && value.value === null && !value.source;
  if (keyStart !== undefined && (at === 'key' || empty)) return keyStart;
  return startOf(value) ?? keyStart ?? 0;
}

function step(document: Document.Parsed, parent: unknown, part: string | number, depth = 0): unknown {
  const node = isAlias(parent) ? aliasTargets(document).get(parent) : parent;
  if (isSeq(node)) return typeof part === 'number' ? node.items[part] : undefined;
  if (!isMap(node) || depth > MAX_NESTING_DEPTH) return undefined;
  const pairs = pairsOf(node);
  const own = pairs.get(String(part));
  if (own) return own;
  if (!pairs.has('<<')) return undefined;
  for (const pair of node.items) {
    if (keyText(pair.key) !== '<<') continue;
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
    for (const source of sources) {
      const merged = step(document, source, part, depth + 1);
      if (merged !== undefined) return merged;
    }
  }
  return undefined;
}

const PAIRS = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** Pairs of a map by their keys; the last one counts when a key is written twice. Findings in a large map would go through all of it each time. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = PAIRS.get(map);
  if (known) return known;
  const pairs = new Map(map.items.map((pair) => [keyText(pair.key), pair]));
  PAIRS.set(map, pairs);
  return pairs;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined;
}

/** Makes a function that tells the line and column of an offset. */
function createPositions(text: string): (offset: number) => TextPosition {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= startsOfLines(text);
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
