import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Document } from 'yaml';
import { isMap, isSeq, parse, parseDocument } from 'yaml';
import { ReconcilerError } from '../../base/errors.ts';

/**
 * Adds lines to the operator's configuration, which is made if there is none. What stands there stays, comments too; lists get what they lack.
 *
 * @param lines YAML, as `policy suggest` prints it
 * @throws BAD_OPTIONS where the file is no YAML
 */
export function addToOperatorFile(path: string, lines: string): void {
  const written = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const document = parseDocument(written);
  if (document.errors.length > 0)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${path} is no YAML (${document.errors[0]?.message ?? ''}): mend it, or add the lines by hand`,
    );
  mergeInto(document, [], parse(lines));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, document.toString({ lineWidth: 0 }), { mode: 0o600 });
  renameSync(draft, path);
}

function mergeInto(document: Document, path: readonly string[], value: unknown): void {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    // A word, such as `everything`, allows more than any lines under it.
    if (
      path.length > 0 &&
      document.hasIn(path) &&
      !isMap(document.getIn(path)) &&
      document.getIn(path) !== null
    )
      return;
    for (const [key, inner] of Object.entries(value)) mergeInto(document, [...path, key], inner);
    return;
  }
  const there = document.getIn(path);
  if (Array.isArray(value) && isSeq(there)) {
    const known = new Set<unknown>(there.toJSON());
    for (const item of value) if (!known.has(item)) there.add(item);
    return;
  }
  document.setIn(path, document.createNode(value));
}
