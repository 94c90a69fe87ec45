import { contain } from '../../base/errors.ts';
import { readDocument } from '../../config/kombination/read-document.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { directoryOf, nodeAt } from '../../config/file-tree.ts';
import { UNREADABLE } from '../../config/compose/project.ts';
import type { EntrySource } from '../state.ts';
import type { LoadOptions } from '../repository-state.ts';
import { decode, readTexts } from '../repository-state.ts';

/** A kombination whose text is at hand. */
export interface Readable {
  readonly source: EntrySource;
  readonly text: string;
}

/** Files that name files that name files: more steps than this are a mistake. */
const MAX_READ_ROUNDS = 32;

/** Returns the element of a template, as `readDocument` takes it. */
function filling({ element }: EntrySource): Pick<EntrySource, 'element'> {
  return element === undefined ? {} : { element };
}

/** No kombination can name other files without one of the words. */
const MENTIONS_FILES = /\b(compose|include|extends|env_file|label_file|configs)["']?[ \t]*:/;

function mayNeedFiles({ source, text }: Readable, tree: TreeDirectory): boolean {
  if (MENTIONS_FILES.test(text)) return true;
  const directory = directoryOf(source.file);
  return nodeAt(tree, directory === '' ? '.env' : `${directory}/.env`) !== undefined;
}

/**
 * Kombinations with the texts of the Compose files, env files and the like that they name, and of what those name in turn. All are read together: each
 * round asks for what the one before it has found.
 */
export async function withComposeTexts(
  readable: readonly Readable[],
  tree: TreeDirectory,
  options: LoadOptions,
): Promise<readonly Readable[]> {
  const adopting = readable.filter((one) => mayNeedFiles(one, tree));
  if (adopting.length === 0) return readable;
  const texts = new Map<Readable, Map<string, string>>(adopting.map((one) => [one, new Map()]));
  let waiting = adopting;
  for (let round = 0; round < MAX_READ_ROUNDS && waiting.length > 0; round += 1) {
    const wanted = new Map<string, Map<string, string>[]>();
    waiting = waiting.filter((one) => {
      const known = texts.get(one) ?? new Map<string, string>();
      // A document that cannot be read so is told of when its entry is built.
      const composed = contain(
        () =>
          readDocument({ ...filling(one.source), file: one.source.file, text: one.text, tree, texts: known })
            .composed,
        () => undefined,
      );
      for (const blob of composed?.missing ?? []) wanted.set(blob, [...(wanted.get(blob) ?? []), known]);
      return composed !== undefined && composed.missing.length > 0;
    });
    for await (const [blob, bytes] of readTexts([...wanted.keys()], options.limits.documentBytes, options)) {
      const text = bytes ? decode(bytes) : null;
      for (const known of wanted.get(blob) ?? []) known.set(blob, text ?? UNREADABLE);
    }
  }
  return readable.map((one) => {
    const known = texts.get(one);
    return known ? { ...one, source: { ...one.source, texts: known } } : one;
  });
}
