import { ReconcilerError } from '../../base/errors.ts';
import { isProblem } from '../../base/problem.ts';
import type { Fields } from '../../base/values.ts';
import { asFields } from '../../base/values.ts';
import { readSettingsDocument } from '../../config/fleet/config-documents.ts';
import { readClusterDocument } from '../../config/fleet/cluster-document.ts';
import { nodeAt } from '../../config/file-tree.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { Draft } from '../../ports/desired.ts';
import { refuseBroken } from '../check-text.ts';
import { editText } from '../text/document-text.ts';
import { SETTINGS } from '../read-settings.ts';
import { decode, locateDocument } from '../repository-state.ts';
import type { Core } from '../state.ts';

/** `kombinator.yaml` with the keys that `edit` makes of what it says now; `null` removes one. */
export async function draftSettings(core: Core, edit: (document: Fields) => object): Promise<Draft> {
  const { path, text } = await readNow(core, SETTINGS);
  refuseBroken(path, text);
  const written = editText(text, edit(asFields(parseYaml(text).value) ?? {}));
  const { diagnostics } = readSettingsDocument(path, written, core);
  const base = core.state.read?.commit;
  return { path, text: written, diagnostics, ...(base === undefined ? {} : { base }) };
}

/** `clusters/<name>.yaml` with other keys, or a new one. */
export async function draftCluster(core: Core, name: string, keys: object): Promise<Draft> {
  const files = [`clusters/${name}.yaml`, `clusters/${name}.yml`] as const;
  const { path, text } = await readNow(core, files);
  refuseBroken(path, text);
  const written = editText(text, keys);
  const { diagnostics } = readClusterDocument(files[0], written, core);
  const base = core.state.read?.commit;
  return { path, text: written, diagnostics, ...(base === undefined ? {} : { base }) };
}

type Files = readonly [string, ...string[]];

/** The text in force; a symlink is followed, so that what it leads to is changed. */
async function readNow(
  { state, source }: Core,
  files: Files,
): Promise<{ readonly path: string; readonly text: string }> {
  const file = files.find((name) => nodeAt(state.tree, name) !== undefined);
  if (file === undefined) return { path: files[0], text: '' };
  const place = locateDocument(state.tree, file);
  if (isProblem(place)) throw new ReconcilerError('INVALID_CONFIGURATION', `${file}: ${place.problem}`);
  const text = decode(await source.readBlob(place.blob));
  if (text === null) throw new ReconcilerError('INVALID_CONFIGURATION', `${file} is not UTF-8 text`);
  return { path: place.path, text };
}
