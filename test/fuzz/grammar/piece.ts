/**
 * A document as it is going to be written: unlike a value it can say a key twice, use anchors, and hold texts that are no YAML. It may be
 * changed until it is written.
 */
export type Piece = ValuePiece | RawPiece | MapPiece | ListPiece;

export interface ValuePiece {
  readonly is: 'value';
  readonly value: string | number | boolean | null;
}

/** A text that is written as it is: an alias, a number that JSON does not know, no YAML at all. */
export interface RawPiece {
  readonly is: 'raw';
  readonly text: string;
}

export interface MapPiece {
  readonly is: 'map';
  readonly entries: Entry[];
  /** An anchor, a tag or both, before the map. */
  mark?: string;
}

export interface ListPiece {
  readonly is: 'list';
  readonly items: Piece[];
  mark?: string;
}

export interface Entry {
  key: string;
  value: Piece;
}

export function value(content: ValuePiece['value']): ValuePiece {
  return { is: 'value', value: content };
}

export function raw(text: string): RawPiece {
  return { is: 'raw', text };
}

export function map(entries: Iterable<readonly [string, Piece]> = []): MapPiece {
  return { is: 'map', entries: [...entries].map(([key, piece]) => ({ key, value: piece })) };
}

export function list(items: Iterable<Piece> = []): ListPiece {
  return { is: 'list', items: [...items] };
}

/** A plain value as a document. `undefined`, and whatever else JSON does not have, is empty. */
export function toPiece(content: unknown): Piece {
  if (Array.isArray(content)) return list(content.map(toPiece));
  if (typeof content === 'object' && content !== null)
    return map(Object.entries(content).map(([key, member]) => [key, toPiece(member)]));
  return typeof content === 'string' || typeof content === 'number' || typeof content === 'boolean'
    ? value(content)
    : value(null);
}

export function copy(piece: Piece): Piece {
  switch (piece.is) {
    case 'map':
      return {
        ...piece,
        entries: piece.entries.map(({ key, value: member }) => ({ key, value: copy(member) })),
      };
    case 'list':
      return { ...piece, items: piece.items.map(copy) };
    default:
      return piece;
  }
}

/** Size of it as it would be written, in values of a common length. */
export function weigh(piece: Piece): number {
  switch (piece.is) {
    case 'map':
      return piece.entries.reduce((sum, { key, value: member }) => sum + key.length / 40 + weigh(member), 1);
    case 'list':
      return piece.items.reduce((sum, item) => sum + weigh(item), 1);
    case 'raw':
      return 1 + piece.text.length / 40;
    default:
      return typeof piece.value === 'string' ? 1 + piece.value.length / 40 : 1;
  }
}

/** Value of the first entry of this name. */
export function memberOf(piece: Piece | undefined, key: string): Piece | undefined {
  return piece?.is === 'map' ? piece.entries.find((entry) => entry.key === key)?.value : undefined;
}

/** Puts a member in the place of the one of the same name, or adds it. */
export function setMember(piece: MapPiece, key: string, member: Piece): void {
  const entry = piece.entries.find((one) => one.key === key);
  if (entry) entry.value = member;
  else piece.entries.push({ key, value: member });
}

/** A place in a document where something else can be put. */
export interface Slot {
  readonly piece: Piece;
  /** Number of maps and lists around it. */
  readonly depth: number;
  put(piece: Piece): void;
  /** The entry whose value it is. */
  readonly entry?: Entry;
  readonly parent?: MapPiece | ListPiece;
}

/** All places, the document itself first. */
export function listSlots(root: { piece: Piece }): readonly Slot[] {
  const slots: Slot[] = [];
  const visit = (slot: Slot): void => {
    slots.push(slot);
    const { piece, depth } = slot;
    if (piece.is === 'map')
      for (const entry of piece.entries)
        visit({
          piece: entry.value,
          depth: depth + 1,
          entry,
          parent: piece,
          put: (other) => void (entry.value = other),
        });
    else if (piece.is === 'list')
      for (const [index, item] of piece.items.entries())
        visit({
          piece: item,
          depth: depth + 1,
          parent: piece,
          put: (other) => void (piece.items[index] = other),
        });
  };
  visit({ piece: root.piece, depth: 0, put: (other) => void (root.piece = other) });
  return slots;
}
