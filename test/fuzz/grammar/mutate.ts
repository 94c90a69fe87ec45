import type { Random } from '../../chaos/random.ts';
import { hostileKey, hostilePiece } from './hostile.ts';
import type { ListPiece, MapPiece, Piece, Slot } from './piece.ts';
import { copy, weigh, listSlots, map, raw, value } from './piece.ts';

/** Largest part of a document that is put in another place, in values. */
const MAX_COPIED = 60;
const MAX_MULTIPLIED = 500;

/** Changes a document in up to four places, or not at all; the piece given is not used any more afterwards. */
export function mutate(piece: Piece, random: Random): Piece {
  const root = { piece };
  const times = random.pick([0, 1, 1, 1, 1, 2, 2, 3, 4]);
  for (let time = 0; time < times; time += 1) change(root, random);
  return root.piece;
}

function change(root: { piece: Piece }, random: Random): void {
  const slots = listSlots(root);
  // The document as a whole is one place of many: it comes last.
  const slot = random.pick(slots.length > 1 ? slots.slice(1) : slots);
  const at = random.next();
  if (at < 0.34) slot.put(hostilePiece(random, slot.depth));
  else if (at < 0.48) renameKey(slot, random);
  else if (at < 0.64) addEntry(slot, random);
  else if (at < 0.7) repeatEntry(slot, random);
  else if (at < 0.82) slot.put(copySmall(random.pick(slots).piece));
  else if (at < 0.88) remove(slot);
  else if (at < 0.93) alias(slot, slots, random);
  else if (at < 0.94) multiply(slot, random);
  else if (at < 0.99) mark(slot, random);
  else root.piece = hostilePiece(random);
}

function renameKey({ entry, put }: Slot, random: Random): void {
  if (entry) entry.key = hostileKey(random);
  else put(hostilePiece(random));
}

function addEntry({ piece, parent, put }: Slot, random: Random): void {
  const into = piece.is === 'map' ? piece : parent;
  if (into === undefined) return put(map([[hostileKey(random), hostilePiece(random)]]));
  // A known shape behind a taken name goes further than rubbish does.
  const siblings = into.is === 'map' ? into.entries.map((entry) => entry.value) : into.items;
  const member =
    siblings.length > 0 && random.chance(0.6) ? copySmall(random.pick(siblings)) : hostilePiece(random);
  if (into.is === 'map') into.entries.push({ key: hostileKey(random), value: member });
  else into.items.push(member);
}

function repeatEntry({ entry, piece, parent }: Slot, random: Random): void {
  if (parent?.is === 'map' && entry)
    parent.entries.push({
      key: entry.key,
      value: random.chance(0.5) ? copySmall(piece) : hostilePiece(random),
    });
  else if (parent?.is === 'list') parent.items.push(copySmall(piece));
}

/** Copies of copies would grow without end. */
function copySmall(piece: Piece): Piece {
  return weigh(piece) > MAX_COPIED ? value('large') : copy(piece);
}

function remove({ entry, piece, parent }: Slot): void {
  if (parent?.is === 'map' && entry) parent.entries.splice(parent.entries.indexOf(entry), 1);
  else if (parent?.is === 'list') parent.items.splice(parent.items.indexOf(piece), 1);
}

/** An anchor somewhere, and one place or many that refer to it or take in what it has. */
function alias(slot: Slot, slots: readonly Slot[], random: Random): void {
  const anchored = slots.filter((one): one is Slot & { readonly piece: MapPiece | ListPiece } =>
    isNest(one.piece),
  );
  if (anchored.length === 0) return;
  const { piece } = random.pick(anchored);
  piece.mark = '&x';
  const users = [slot, ...Array.from({ length: random.integer(3) }, () => random.pick(slots))];
  for (const user of users) {
    if (user.piece === piece) continue;
    if (user.piece.is === 'map' && random.chance(0.5))
      user.piece.entries.unshift({ key: '<<', value: raw(random.pick(['*x', '[*x, *x]', '*y'])) });
    else user.put(raw('*x'));
  }
}

function isNest(piece: Piece): boolean {
  return piece.is === 'map' || piece.is === 'list';
}

/** The same again and again: lists and maps that are longer than anybody writes. */
function multiply({ piece, parent, entry }: Slot, random: Random): void {
  const times = Math.min(random.pick([2, 3, 3, 20, 120]), MAX_MULTIPLIED / weigh(piece));
  for (let time = 0; time < times; time += 1)
    if (parent?.is === 'map') parent.entries.push({ key: `${entry?.key ?? 'x'}${time}`, value: copy(piece) });
    else parent?.items.push(copy(piece));
}

const TAGS = ['!!str', '!!map', '!!seq', '!!set', '!!omap', '!!binary', '!reset', '!override', '!x', '!!int'];

function mark({ piece, put }: Slot, random: Random): void {
  const tag = random.pick(TAGS);
  if (piece.is === 'map' || piece.is === 'list') piece.mark = tag;
  else put(piece.is === 'raw' ? raw(`${tag} ${piece.text}`) : value(`${tag} ${String(piece.value)}`));
}

const CUTS = [
  '{',
  '}',
  ']',
  ':',
  '- ',
  '\n',
  '&a ',
  '*a',
  '!!binary ',
  '---\n',
  '...\n',
  '"',
  "'",
  '\t',
  '<<: ',
  '#',
  '|',
  '>',
  '%',
  '\u0000',
  '\ufeff',
  '\r',
  '? ',
  ', ',
];

/** Breaks a text: something is put in, taken out, repeated or cut off. */
export function breakText(text: string, random: Random): string {
  const at = random.integer(text.length + 1);
  const to = Math.min(text.length, at + random.integer(20));
  switch (random.integer(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return `${text}---\n${text}`;
    case 4:
      return text.replaceAll('\n', '\r\n');
    default:
      return text.slice(0, at) + random.pick(CUTS) + text.slice(at);
  }
}

/** Values of a document that is as large as one may be, more or less. */
const LARGE = 12_000;

/** Repeats one part of a document as often as there is room for, each time under another name or with another number. */
export function enlarge(piece: Piece, random: Random): Piece {
  const root = { piece };
  const slots = listSlots(root).filter(({ parent }) => parent !== undefined);
  if (slots.length === 0) return piece;
  const { piece: part, parent, entry } = random.pick(slots);
  const times = Math.min(random.pick([500, 3_000, LARGE]), Math.floor(LARGE / weigh(part)));
  for (let time = 0; time < times; time += 1) {
    const another = number(copy(part), time);
    if (parent?.is === 'map') parent.entries.push({ key: `${entry?.key ?? 'x'}${time}`, value: another });
    else parent?.items.push(another);
  }
  return root.piece;
}

/** The same with a number in its texts: repetitions alone are found soon. */
function number(piece: Piece, time: number): Piece {
  const root = { piece };
  for (const { piece: inner, put } of listSlots(root))
    if (inner.is === 'value' && typeof inner.value === 'string' && inner.value !== '')
      put(
        value(
          /\d/.test(inner.value)
            ? inner.value.replace(/\d+/, (digits) => String(Number(digits) + time))
            : `${inner.value}${time}`,
        ),
      );
  return root.piece;
}
