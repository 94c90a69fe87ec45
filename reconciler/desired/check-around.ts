import type { DocumentReport, FilesOnDisk } from '../ports/desired.ts';
import type { FileChange } from '../ports/source.ts';
import { checkPlaced } from './check-file.ts';
import { readKits } from './read-kits.ts';
import { emptyState, readNodes } from './read-settings.ts';
import { readPlugins } from './plugins/read-plugins.ts';
import type { ReadOptions } from './repository-state.ts';
import type { Core } from './state.ts';

/** Changes for which the readers of shared documents look at all of them. */
const EVERYTHING: readonly FileChange[] = ['nodes/_.yaml', 'stackkits/_', 'plugins/_'].map((path) => ({
  path,
  before: null,
  after: null,
}));

/**
 * Checks a file at its place, with the nodes, clusters, kits, plugins and other files that stand around it on disk. Secrets that files
 * of the work tree hold are not looked up.
 */
export async function checkAround(
  core: Core,
  text: string,
  { path, tree, texts }: FilesOnDisk & { readonly path: string },
  signal: AbortSignal,
): Promise<DocumentReport> {
  const source: ReadOptions['source'] = {
    async *readBlobs(blobs, maxBytes) {
      for (const blob of blobs) yield readText(blob, texts.get(blob), maxBytes);
    },
  };
  const empty = emptyState(core.policy);
  const options = { ...core, source, state: empty, signal };
  const [nodes, kits, plugins] = [
    await readNodes(tree, EVERYTHING, options),
    await readKits(tree, EVERYTHING, options),
    await readPlugins(tree, EVERYTHING, options),
  ];
  return checkPlaced({ ...core, texts, state: { ...core.state, tree, nodes, kits, plugins } }, text, path);
}

function readText(blob: string, text: string | undefined, maxBytes: number) {
  const content = Buffer.from(text ?? '');
  const isWhole = text !== undefined && content.length <= maxBytes;
  return { blob, content: isWhole ? content : null, size: content.length };
}
