import type { ErrorObject } from 'ajv/dist/2020.js';
import type { DocumentPath } from '../base/document-path.ts';
import { formatPath } from '../base/document-path.ts';
import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import { suggest } from '../base/nearest.ts';
import { asFields, asList, asString, own } from '../base/values.ts';
import type { DocumentKind, Validators } from './document-kind.ts';
import { isRegistered } from './document-kind.ts';
import type { KeyContext } from './known-keys.ts';
import { answerKey } from './known-keys.ts';
import { ownValidators } from './own-validators.ts';

/** Checks a document against its JSON Schema and reports what is wrong in words for people. */
export type SchemaCheck = (kind: DocumentKind, value: unknown, diagnostics: DiagnosticCollector) => void;

/** Keywords that only say that another one has found something. */
const REPEATING = new Set(['propertyNames', 'if']);

/** More findings than this in one document help nobody. */
const MAX_DIAGNOSTICS_PER_DOCUMENT = 100;

/** @param validatorOf default: those of our own schemas */
export function createSchemaCheck(validatorOf: Validators = ownValidators): SchemaCheck {
  return (kind, value, diagnostics) => {
    const validate = validatorOf(kind);
    if (!validate) throw new Error(`internal: no schema for ${kind}`);
    if (validate(value)) return;
    const errors = (validate.errors ?? []).filter(({ keyword }) => !REPEATING.has(keyword));
    // They hold on to the document.
    validate.errors = null;
    for (const error of errors.slice(0, MAX_DIAGNOSTICS_PER_DOCUMENT))
      report(kind, value, error, diagnostics);
    if (errors.length > MAX_DIAGNOSTICS_PER_DOCUMENT) {
      diagnostics.error(
        'INVALID_VALUE',
        [],
        `has ${errors.length - MAX_DIAGNOSTICS_PER_DOCUMENT} more problems like these`,
      );
    }
  };
}

function report(
  kind: DocumentKind,
  root: unknown,
  error: ErrorObject,
  diagnostics: DiagnosticCollector,
): void {
  const path = toPath(root, error.instancePath);
  // The names of properties are checked as values of their own: point at the key.
  if (error.propertyName !== undefined) {
    const place = [...path, error.propertyName];
    diagnostics.error('INVALID_FORMAT', place, `"${error.propertyName}" ${describePattern(error)}`, {
      at: 'key',
    });
    return;
  }
  switch (error.keyword) {
    case 'additionalProperties':
      return reportUnknownKey(kind, path, error, diagnostics);
    case 'required':
      return reportMissing(path, String(error.params['missingProperty']), diagnostics);
    case 'type':
      return reportType(path, error, diagnostics);
    case 'enum':
    case 'const':
      return reportChoice(path, error, diagnostics);
    case 'pattern':
      return diagnostics.error(patternCode(error), path, `${last(path)} ${describePattern(error)}`);
    case 'minItems':
    case 'minProperties':
      return diagnostics.error('REQUIRED', path, atLeastOne(path));
    case 'maxItems':
    case 'maxProperties':
      return diagnostics.error(
        'OUT_OF_RANGE',
        path,
        `${last(path)} has more than ${String(error.params['limit'])} entries`,
      );
    case 'minLength':
      return diagnostics.error('INVALID_VALUE', path, `${last(path)} must not be empty`);
    case 'maxLength':
      return diagnostics.error(
        'OUT_OF_RANGE',
        path,
        `must not be longer than ${String(error.params['limit'])} characters`,
      );
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return diagnostics.error('OUT_OF_RANGE', path, describeRange(error));
    default:
      return diagnostics.error('INVALID_VALUE', path, error.message ?? 'is not valid');
  }
}

function atLeastOne(path: DocumentPath): string {
  return path.length === 1 && path[0] === 'services'
    ? 'At least one service is required'
    : `${last(path)} must not be empty`;
}

function reportMissing(path: DocumentPath, key: string, diagnostics: DiagnosticCollector): void {
  if (path.length === 0 && key === 'services') {
    diagnostics.error('REQUIRED', ['services'], 'At least one service is required');
    return;
  }
  const where = path.length === 0 ? '' : ` in ${formatPath(path)}`;
  diagnostics.error('REQUIRED', [...path, key], `${key} is missing${where}`, {
    hint: MISSING.get(formatPath([...path, key])),
  });
}

const MISSING = new Map([
  ['version', 'add version: "1.0"'],
  ['meta', 'add meta: with the name of the stack'],
  ['meta.name', 'add the name of the stack'],
]);

function reportUnknownKey(
  kind: DocumentKind,
  path: DocumentPath,
  error: ErrorObject,
  diagnostics: DiagnosticCollector,
): void {
  const key = String(error.params['additionalProperty']);
  const place = [...path, key];
  const answer = answerKey(contextOf(kind, path), key);
  const known = Object.keys(asFields(asFields(error.parentSchema)?.['properties']) ?? {});
  const where = path.length === 0 ? '' : ` in ${formatPath(path)}`;
  if (!answer) {
    diagnostics.error('UNKNOWN_KEY', place, `${key} is not a known key${where}`, {
      hint: suggest(key, known),
      at: 'key',
    });
    return;
  }
  const message =
    answer.code === 'UNKNOWN_KEY' ? `${key} is not a known key${where}` : `${key} is not supported${where}`;
  const details = { hint: answer.hint, at: 'key' as const };
  if (answer.severity === 'error') diagnostics.error(answer.code, place, message, details);
  else diagnostics.warning(answer.code, place, message, details);
}

function contextOf(kind: DocumentKind, path: DocumentPath): KeyContext {
  if (kind === 'node' || isRegistered(kind)) return path.length === 0 ? 'node' : 'other';
  if (kind !== 'kombination') return 'other';
  if (path.length === 0) return 'document';
  if (path.length === 1 && path[0] === 'meta') return 'meta';
  if (path.length !== 2) return 'other';
  return path[0] === 'services' ? 'service' : path[0] === 'nodes' ? 'node' : 'other';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  null: 'empty',
};

function reportType(path: DocumentPath, error: ErrorObject, diagnostics: DiagnosticCollector): void {
  const expected = [error.params['type']].flat().map(String);
  const wanted = expected.filter((type) => type !== 'null').map((type) => own(TYPE_NAMES, type) ?? type);
  const message = `${last(path)} must be ${joinWords(wanted)}, not ${nameType(error.data)}`;
  diagnostics.error('INVALID_TYPE', path, message, { hint: typeHint(path, error.data, expected) });
}

function typeHint(path: DocumentPath, data: unknown, expected: readonly string[]): string | undefined {
  if (last(path) === 'mode' && typeof data === 'number') return 'quote it: "0644"';
  if (!expected.includes('string')) return undefined;
  return typeof data === 'number' || typeof data === 'boolean' ? 'put it in quotes' : undefined;
}

function nameType(data: unknown): string {
  if (data === null) return 'empty';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'object') return 'a map';
  return typeof data === 'string' ? 'a text' : JSON.stringify(data);
}

function reportChoice(path: DocumentPath, error: ErrorObject, diagnostics: DiagnosticCollector): void {
  const allowed = asList(error.params['allowedValues']) ?? [error.params['allowedValue']];
  const choices = allowed.filter((choice) => typeof choice === 'string');
  const message = `${last(path)} must be ${joinWords(choices.map((choice) => `"${choice}"`))}`;
  const hint = typeof error.data === 'string' ? suggest(error.data, choices) : undefined;
  diagnostics.error('INVALID_VALUE', path, message, { hint: hint?.startsWith('did') ? hint : undefined });
}

function patternCode(error: ErrorObject): string {
  return asString(asFields(error.parentSchema)?.['patternErrorCode']) ?? 'INVALID_FORMAT';
}

function describePattern(error: ErrorObject): string {
  const text = asString(asFields(error.parentSchema)?.['patternErrorMessage']);
  return text ?? error.message ?? 'has the wrong form';
}

function describeRange(error: ErrorObject): string {
  const words: Readonly<Record<string, string>> = { minimum: 'at least', maximum: 'at most' };
  return `must be ${own(words, error.keyword) ?? 'more than'} ${String(error.params['limit'])}`;
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function last(path: DocumentPath): string {
  const part = path.at(-1);
  return part === undefined ? 'the document' : typeof part === 'number' ? formatPath(path) : part;
}

/** A JSON pointer as a path; list positions become numbers. */
function toPath(root: unknown, pointer: string): DocumentPath {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const list = asList(value);
    path.push(list ? Number(key) : key);
    value = list ? list[Number(key)] : own(asFields(value), key);
  }
  return path;
}
