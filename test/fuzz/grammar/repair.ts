import type { ListPiece, MapPiece, Piece } from './piece.ts';

/** A file as it is going to be written. */
export interface DrawnFile {
  readonly name: string;
  /** A text is written as it is. */
  readonly content: Piece | string;
  readonly type?: 'file' | 'symlink' | 'executable';
}

/** Place of something that is wrong: a file, and a path as findings have it. */
export interface FaultPlace {
  readonly file?: string | undefined;
  readonly path?: string | undefined;
}

/**
 * Takes what is wrong out of documents, so that something is left that is right: what its schema does not say, a drawn document cannot know.
 *
 * @param files changed in place
 * @returns whether anything was taken out
 */
export function takeOut(files: readonly DrawnFile[], faults: readonly FaultPlace[]): boolean {
  let isChanged = false;
  // The last come first, so that positions in lists stay what they are.
  for (const { file, path = '' } of faults.toReversed()) {
    const content = files.find(({ name }) => name === file)?.content;
    if (content === undefined || typeof content === 'string') continue;
    isChanged = removeAt(content, readPath(path)) || isChanged;
  }
  return isChanged;
}

/** `services.web.ports[0]`, `env["a.b"]`: parts of a path as findings write it. */
function readPath(text: string): readonly (string | number)[] {
  const parts = text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g);
  return [...parts].map(([, index, quoted, plain = '']) =>
    index !== undefined ? Number(index) : quoted !== undefined ? String(JSON.parse(quoted)) : plain,
  );
}

/** Removes what a path leads to, or what is nearest to it when that is not there. */
function removeAt(root: Piece, path: readonly (string | number)[]): boolean {
  let parent: MapPiece | ListPiece | undefined;
  let index = -1;
  let piece: Piece | undefined = root;
  for (const part of path) {
    const at: number = piece === undefined ? -1 : indexIn(piece, part);
    if (at === -1 || piece === undefined || !(piece.is === 'map' || piece.is === 'list')) break;
    parent = piece;
    index = at;
    piece = piece.is === 'map' ? piece.entries[at]?.value : piece.items[at];
  }
  if (parent === undefined) return false;
  if (parent.is === 'map') parent.entries.splice(index, 1);
  else parent.items.splice(index, 1);
  return true;
}

function indexIn(piece: Piece, part: string | number): number {
  if (piece.is === 'map') return piece.entries.findIndex(({ key }) => key === String(part));
  return piece.is === 'list' && typeof part === 'number' && part < piece.items.length ? part : -1;
}
