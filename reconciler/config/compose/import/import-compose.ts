import type { Import, ImportNote, ImportOptions } from './import.ts';
import type { Document, YAMLMap } from 'yaml';
import { isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import { analyze, toDiagnostics } from '../../kombination/analyze.ts';
import { blobId } from '../../../base/blob-id.ts';
import type { Diagnostic } from '../../../base/diagnostic.ts';
import { updateTree } from '../../file-tree.ts';
import { createSchemaCheck } from '../../schema-check.ts';
import { guessStackName } from '../../kombination/stack-name.ts';
import { parseYaml } from '../../yaml-document.ts';
import type { Place } from './interpolate.ts';
import { interpolate } from './interpolate.ts';
import { importService } from './import-service.ts';
import { importSecrets, importTopLevel } from './import-top-level.ts';

export interface Imported {
  readonly name: string;
  /** The kombination. */
  readonly text: string;
  readonly notes: readonly ImportNote[];
  /** Files that belong beside it, by the paths they have beside the Compose file. */
  readonly copies: readonly string[];
  /** Errors that are left; empty in all but hopeless cases. */
  readonly diagnostics: readonly Diagnostic[];
}

const FILE = 'kombination.yaml';
/** Rounds of dropping: what is dropped may lay bare what did not count before. */
const MAX_DROP_ROUNDS = 6;

/** A Compose project as a kombination: the same document with what has to be different, comments where they were. */
export function importCompose(options: ImportOptions): Imported {
  const source = parseYaml(options.text);
  const document = parseDocument(options.text, { merge: true });
  const notes: ImportNote[] = [];
  const name = stackName(document, options);
  const shared: Import = {
    checkSchema: createSchemaCheck(),
    rename: false,
    ...options,
    document,
    copies: new Set(),
    volumes: new Set(),
    note(kind, path, message) {
      notes.push({ kind, line: source.position([...path], 'key').line, path: path.join('.'), message });
    },
  };
  if (document.errors.length > 0 || !isMap(document.contents)) {
    const problem = document.errors[0]?.message ?? 'it is not a Compose file';
    const diagnostic = { severity: 'error', code: 'YAML_SYNTAX', message: problem } as const;
    return { name, text: '', notes: [], copies: [], diagnostics: [diagnostic] };
  }
  fillIn(shared);
  writeModes(document);
  for (const service of servicesOf(document)) importService(shared, service.name, service.map);
  importSecrets(shared);
  importTopLevel(shared, name);
  const diagnostics = dropWhatIsWrong(shared);
  return {
    name,
    text: document.toString({ lineWidth: 0 }),
    notes: notes.toSorted((a, b) => a.line - b.line),
    copies: [...shared.copies].sort(),
    diagnostics,
  };
}

function stackName(document: Document.Parsed, { name, rename, env }: ImportOptions): string {
  const writtenName = rename ? name : document.get('name');
  const text =
    typeof writtenName === 'string'
      ? interpolate(writtenName, env, 'elsewhere').text
      : (env['COMPOSE_PROJECT_NAME'] ?? name);
  return guessStackName(
    `kombinations/${text.toLowerCase().replace(/[^a-z0-9-]+/g, '-') || 'stack'}/${FILE}`,
    null,
    undefined,
  );
}

interface NamedService {
  readonly name: string;
  readonly map: YAMLMap;
}

export function servicesOf(document: Document.Parsed): readonly NamedService[] {
  const services = document.get('services');
  if (!isMap(services)) return [];
  return services.items.flatMap(({ key, value }) =>
    isScalar(key) && isMap(value) ? [{ name: String(key.value), map: value }] : [],
  );
}

/** Variables are filled in once and for all: the `.env` of the project does not come along. */
function fillIn(shared: Import): void {
  visit(shared.document, {
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return;
      const place = pathOf(path);
      const { text, uses } = interpolate(node.value, shared.env, placeOf(place));
      for (const { name, kind } of uses) shared.note('changed', place, describe(name, kind));
      const plain = node.type === 'PLAIN' && uses.length > 0;
      node.value = plain ? typed(text) : text;
    },
  });
}

const WORDS = {
  filled: 'is filled in as .env has it',
  default: 'is filled in with its default',
  secret: 'stays a secret',
  empty: 'is not known, or is a secret that cannot stand here: nothing is put in its place',
} as const;

function describe(name: string, kind: keyof typeof WORDS): string {
  const more = kind === 'secret' ? `; give the daemon KOMBINATOR_SECRET_${name}` : '';
  return `\${${name}} ${WORDS[kind]}${more}`;
}

function typed(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function placeOf([root, , key]: readonly (string | number)[]): Place {
  if (root === 'services' && (key === 'environment' || key === 'env')) return 'environment';
  return root === 'configs' && key === 'content' ? 'content' : 'elsewhere';
}

/** Permission bits are texts here; as numbers they were octal when they began with a zero. */
function writeModes(document: Document.Parsed): void {
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== 'mode' || !isScalar(value) || typeof value.value !== 'number')
        return;
      const octal = /^0[0-7]+$/.test(value.source ?? '');
      value.value = octal ? (value.source ?? '') : `0${value.value.toString(8)}`;
      value.type = 'QUOTE_DOUBLE';
    },
  });
}

/** Returns where a node stands, from its ancestors; positions in lists are left out. */
function pathOf(ancestors: readonly object[]): readonly (string | number)[] {
  return ancestors.flatMap((node) => {
    if (!isPair(node) || !isScalar(node.key)) return [];
    return [String(node.key.value)];
  });
}

/** Takes out and reports what a kombination cannot say, until the rest is valid. */
function dropWhatIsWrong(shared: Import): readonly Diagnostic[] {
  for (let round = 0; ; round += 1) {
    const { document, diagnostics } = check(shared);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const droppable = errors.filter(({ path }) => path.length > 1 && !isFixed(path));
    if (errors.length === 0 || droppable.length === 0 || round === MAX_DROP_ROUNDS) {
      const warnings = diagnostics.filter(({ severity }) => severity === 'warning');
      for (const { path, message } of warnings) shared.note('changed', path, message);
      return toDiagnostics(FILE, document, errors);
    }
    // The last ones go first, so that positions in lists stay right.
    for (const { path, message, hint } of droppable.toReversed()) {
      const place = path[0] === 'services' ? path : path.slice(0, 2);
      if (!shared.document.hasIn(place)) continue;
      shared.document.deleteIn(place);
      shared.note('dropped', path, hint === undefined ? message : `${message} (${hint})`);
    }
  }
}

/** A service goes as a whole only when it cannot be had without. */
function isFixed(path: readonly (string | number)[]): boolean {
  return path[0] === 'meta' || (path[0] === 'services' && path.length === 2);
}

function check({ document, copies, checkSchema }: Import) {
  const tree = updateTree(
    new Map(),
    [...copies].map((path) => ({
      path,
      file: { type: 'file', blob: blobId(new TextEncoder().encode(path)) } as const,
    })),
  );
  const text = document.toString({ lineWidth: 0 });
  const { document: read, diagnostics } = analyze({ file: FILE, text, tree, nodes: new Map(), checkSchema });
  // Findings about other files, and variables, know their place only.
  const placed = diagnostics.map((diagnostic) => ({
    ...diagnostic,
    path: diagnostic.place?.path ?? diagnostic.path,
  }));
  return { document: read, diagnostics: placed };
}
