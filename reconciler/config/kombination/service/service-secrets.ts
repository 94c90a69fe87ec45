import { posix } from 'node:path';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { SecretModel, SecretUse } from './secret-use.ts';
import { normalisePath } from '../../../model/docker/normalise-path.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asNumber, asString, defined, own, toRecord } from '../../../base/values.ts';

/** Directory where secrets are put, as in Compose. */
export const SECRETS_DIRECTORY = '/run/secrets';

/** `secrets:` of the document, checked against the schema. */
export function readSecretModels(
  value: unknown,
  diagnostics: DiagnosticCollector,
): Readonly<Record<string, SecretModel>> {
  return toRecord(
    Object.entries(asFields(value) ?? {}).flatMap(([name, settings]): [string, SecretModel][] => {
      const fields = asFields(settings);
      if (!fields) return [];
      const path = ['secrets', name];
      const given = ['file', 'environment', 'secret'].filter((key) => own(fields, key) !== undefined);
      if (given.length !== 1) {
        const message = `the secret ${name} needs one of file, environment and secret`;
        diagnostics.error(given.length === 0 ? 'REQUIRED' : 'INVALID_VALUE', path, message);
      }
      const key = given[0];
      const text = key === undefined ? undefined : asString(own(fields, key));
      if (key === undefined || text === undefined) return [];
      const place = [...path, key];
      if (key === 'file') return [[name, { file: text, path: place }]];
      const reference = key === 'environment' ? `secret://env/${text}` : text;
      return [[name, { reference, path: place }]];
    }),
  );
}

/** `secrets:` of a service: names, or maps as in Compose. */
export function readSecretUses(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly SecretUse[] {
  const targets = new Set<string>();
  return (asList(value) ?? []).flatMap((item, index): SecretUse[] => {
    const fields: Fields = typeof item === 'string' ? { source: item } : (asFields(item) ?? {});
    const source = asString(fields['source']);
    if (source === undefined) return [];
    const place = [...path, index];
    const target = placeOf(asString(fields['target']) ?? source);
    if (target === undefined) {
      diagnostics.error('INVALID_VALUE', place, `a secret cannot be put at ${asString(fields['target'])}`, {
        hint: `a name below ${SECRETS_DIRECTORY}, or an absolute path of a file`,
      });
      return [];
    }
    if (targets.has(target)) diagnostics.error('INVALID_VALUE', place, `${target} is written by two secrets`);
    targets.add(target);
    return [
      defined({
        source,
        target,
        mode: readMode(fields['mode']),
        uid: toId(fields['uid']),
        gid: toId(fields['gid']),
        path: place,
      }),
    ];
  });
}

function placeOf(target: string): string | undefined {
  if (target === '' || target.endsWith('/') || target.includes('\0')) return undefined;
  if (target.startsWith('/')) return target === '/' ? undefined : normalisePath(target);
  const inside = posix.normalize(target);
  return inside.startsWith('..') || inside === '.' ? undefined : `${SECRETS_DIRECTORY}/${inside}`;
}

/** Octal in a text; a number is what YAML made of `0440`, which is decimal 440 in YAML 1.2 and meant as octal. */
function readMode(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : asString(value);
  return text !== undefined && /^[0-7]{3,5}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

function toId(value: unknown): number | undefined {
  return typeof value === 'string' ? Number(value) : asNumber(value);
}
