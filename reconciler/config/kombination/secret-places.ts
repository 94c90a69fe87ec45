import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { asFields, own } from '../../base/values.ts';

/*
 * The places where a document may refer to secrets. Everywhere else a reference would be passed on as the text that it is, and show up as
 * such in the engine.
 */

/** Finding about a reference where none can stand. */
export const MISPLACED = {
  code: 'SECRET_MISPLACED',
  message: 'a secret cannot stand here: it would be passed on as this text',
  hint: 'give it to the service with environment:, secrets: or files:, which keep it secret; $${secret: stands for the text itself',
} as const;

/** Parts of a document whose texts are what they say. */
const TOP = ['services', 'overrides', 'networks', 'volumes', 'hooks', 'variables'];
const SERVICE_LISTS = ['services', 'overrides'];
/** Keys of a service, or of a hook, whose texts may refer to secrets. Arguments of a build have a finding of their own. */
const WITH_SECRETS = new Set(['env', 'environment', 'environmentSecrets', 'config']);

/** A text that is nothing but a reference, or a `NAME=` and one. */
const WHOLE = /^(?:[^\s=]+=)?secret:\/\/[a-z]+\//;
const EMBEDDED = /(?<!\$)\$\{secret:/;

/** Tells whether a reference inside of a text at this path is understood, or reported in other words. */
export function mayHoldSecret(path: DocumentPath): boolean {
  if (path.some((key) => typeof key === 'string' && key.startsWith('x-'))) return true;
  const [top = '', , key = '', inner] = path;
  if (!SERVICE_LISTS.includes(String(top))) return false;
  if (key === 'files') return path[4] === 'content';
  return WITH_SECRETS.has(String(key)) || (key === 'build' && inner === 'args');
}

/**
 * Reports references to secrets at places that do not understand them. Those inside of texts that variables are filled
 * into are found when that is done: afterwards nobody knows what was escaped.
 */
export function checkSecretPlaces(document: unknown, diagnostics: DiagnosticCollector): void {
  const fields = asFields(document) ?? {};
  for (const top of TOP) walk(own(fields, top), [top], diagnostics);
}

function walk(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  if (typeof value === 'string') {
    if (isMisplaced(value, path))
      diagnostics.error(MISPLACED.code, path, MISPLACED.message, { hint: MISPLACED.hint });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const members = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, member] of members) walk(member, [...path, key], diagnostics);
}

function isMisplaced(text: string, path: DocumentPath): boolean {
  const [top] = path;
  if (top === 'variables') return EMBEDDED.test(text);
  if (top === 'hooks') return !mayHookHoldSecret(path) && (WHOLE.test(text) || EMBEDDED.test(text));
  return !mayHoldSecret(path) && WHOLE.test(text);
}

/** `hooks.STAGE[0].environment.NAME`, `hooks.STAGE[0].files[0].content` */
function mayHookHoldSecret([, , , key, , last]: DocumentPath): boolean {
  return key === 'files' ? last === 'content' : WITH_SECRETS.has(String(key));
}
