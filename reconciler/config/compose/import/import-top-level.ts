import type { Document, Pair } from 'yaml';
import { isMap, isScalar } from 'yaml';
import type { ComposeNode, MapNode } from '../node.ts';
import { child, entriesOf, map, scalar, textOf, withEntry } from '../node.ts';
import type { Import } from './import.ts';

/** A document without what only Compose needs. */
export function importTopLevel(shared: Import, document: MapNode): MapNode {
  const { note, name } = shared;
  const version = document.entries.get('version');
  const written = document.entries.get('name');
  if (version) note('changed', version, 'version says the format of the kombination now', ['version']);
  if (written) note('mapped', written, `is meta.name now: ${name}`);
  const bare = ['version', 'name'].reduce((result, key) => withEntry(result, key, undefined), document);
  return importSecrets(shared, bare);
}

/** Secrets are never written into the repository: they become references to the daemon's own. */
function importSecrets({ note }: Import, document: MapNode): MapNode {
  const secrets = document.entries.get('secrets');
  if (secrets?.kind !== 'map') return document;
  const entries = entriesOf(secrets).map(([name, secret]): [string, ComposeNode] => {
    const file = child(secret, 'file');
    const variable = child(secret, 'environment');
    if (variable) note('mapped', secret, `give the daemon KOMBINATOR_SECRET_${textOf(variable) ?? ''}`);
    if (!file) return [name, secret];
    const path = textOf(file) ?? '';
    note(
      'changed',
      secret,
      `${path} is not copied: put it into secrets/${name} of the daemon's state directory`,
    );
    return [name, map([['secret', scalar(`secret://file/${name}`, file.origin)]], secret.origin)];
  });
  return withEntry(document, 'secrets', map(entries, secrets.origin));
}

/** `version` and `meta` come first, where they are looked for; comments before the first key stay at the top. */
export function writeHead(document: Document.Parsed, name: string, comment: string | null): void {
  const { contents } = document;
  if (!isMap(contents)) return;
  const version = document.createNode('1.0');
  if (isScalar(version)) version.type = 'QUOTE_DOUBLE';
  const head: Pair[] = [document.createPair('version', version), document.createPair('meta', { name })];
  const [top] = head;
  if (comment && isScalar(top?.key)) top.key.commentBefore = comment;
  contents.items = [...head, ...contents.items] as typeof contents.items;
}

/** Takes the comment before the first key, for whatever will be the first. */
export function takeComment(document: Document.Parsed): string | null {
  const first = isMap(document.contents) ? document.contents.items[0]?.key : undefined;
  if (!isScalar(first)) return null;
  const comment = first.commentBefore ?? null;
  first.commentBefore = null;
  return comment;
}
