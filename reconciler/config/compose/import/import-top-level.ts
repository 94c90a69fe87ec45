import type { Pair } from 'yaml';
import { isMap, isScalar } from 'yaml';
import type { Import } from './import.ts';

/** Secrets are never written into the repository: they become references to the daemon's own. */
export function importSecrets(shared: Import): void {
  const secrets = shared.document.get('secrets');
  if (!isMap(secrets)) return;
  for (const { key, value } of secrets.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const at = ['secrets', name];
    if (!isMap(value)) continue;
    const file = value.get('file');
    if (typeof file === 'string') {
      value.items = [];
      value.set('secret', `secret://file/${name}`);
      shared.note(
        'changed',
        at,
        `${file} is not copied: put it into secrets/${name} of the daemon's state directory`,
      );
    } else if (value.has('environment')) {
      shared.note('mapped', at, `give the daemon KOMBINATOR_SECRET_${String(value.get('environment'))}`);
    }
  }
}

/** `version` and `meta` come first, where they are looked for; comments before the first key stay at the top. */
export function importTopLevel({ document, note, volumes }: Import, name: string): void {
  const { contents } = document;
  if (!isMap(contents)) return;
  if (contents.has('version')) note('changed', ['version'], 'version says the format of the kombination now');
  if (contents.has('name')) note('mapped', ['name'], `is meta.name now: ${name}`);
  const first = contents.items[0];
  const comment = isScalar(first?.key) ? first.key.commentBefore : undefined;
  for (const key of ['version', 'name', 'configs']) contents.delete(key);
  if (isScalar(first?.key)) first.key.commentBefore = null;
  const version = document.createNode('1.0');
  if (isScalar(version)) version.type = 'QUOTE_DOUBLE';
  const head: Pair[] = [document.createPair('version', version), document.createPair('meta', { name })];
  const [top] = head;
  if (comment && isScalar(top?.key)) top.key.commentBefore = comment;
  contents.items = [...head, ...contents.items] as typeof contents.items;
  if (volumes.size === 0) return;
  const declared = document.get('volumes');
  if (!isMap(declared)) document.set('volumes', document.createNode({}));
  for (const volume of [...volumes].sort()) {
    if (!document.hasIn(['volumes', volume])) document.setIn(['volumes', volume], document.createNode({}));
  }
}
