import type { Entry, Piece } from './piece.ts';

/** Maps and lists further in than this are written in one line: indentation would grow with the square of the depth. */
const MAX_INDENTED = 24;

const PLAIN_KEY = /^[A-Za-z_][\w./-]*$/;
const PLAIN_TEXT = /^[A-Za-z_/][\w./@+-]*(?: [\w./@+-]+)*$/;
const NOT_TEXT = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

/** The document as YAML, in blocks; what is deep inside in one line. */
export function writeYaml(piece: Piece): string {
  const lines: string[] = [];
  writeBlock(piece, { lines, lead: '', indent: 0 });
  return `${lines.join('\n')}\n`;
}

interface BlockPlace {
  readonly lines: string[];
  /** Written before the piece in its first line: its key, or a dash. */
  readonly lead: string;
  readonly indent: number;
}

function writeBlock(piece: Piece, { lines, lead, indent }: BlockPlace): void {
  const isEmpty =
    (piece.is === 'map' && piece.entries.length === 0) || (piece.is === 'list' && piece.items.length === 0);
  if (piece.is === 'value' || piece.is === 'raw' || isEmpty || indent > MAX_INDENTED) {
    lines.push(`${lead}${lead.endsWith(':') || lead.endsWith('-') ? ' ' : ''}${writeFlow(piece)}`);
    return;
  }
  if (lead !== '' || piece.mark !== undefined)
    lines.push(piece.mark === undefined ? lead : `${lead} ${piece.mark}`.trimStart());
  const pad = ' '.repeat(lead === '' ? 0 : indent);
  const inner = lead === '' ? 2 : indent + 2;
  if (piece.is === 'map')
    for (const { key, value } of piece.entries)
      writeBlock(value, { lines, lead: `${pad}${writeKey(key)}:`, indent: inner });
  else for (const item of piece.items) writeBlock(item, { lines, lead: `${pad}-`, indent: inner });
}

/** The document in one line: YAML, and JSON where nothing in it is raw or marked. */
export function writeFlow(piece: Piece): string {
  const mark = 'mark' in piece && piece.mark !== undefined ? `${piece.mark} ` : '';
  switch (piece.is) {
    case 'raw':
      return piece.text;
    case 'map':
      return `${mark}{${piece.entries.map(({ key, value }) => `${writeKey(key)}: ${writeFlow(value)}`).join(', ')}}`;
    case 'list':
      return `${mark}[${piece.items.map(writeFlow).join(', ')}]`;
    default:
      return writeValue(piece.value);
  }
}

function writeKey(key: string): string {
  // A merge key is one only where it is not in quotes.
  return key === '<<' || (PLAIN_KEY.test(key) && !NOT_TEXT.test(key)) ? key : JSON.stringify(key);
}

function writeValue(value: string | number | boolean | null): string {
  if (typeof value === 'string')
    return PLAIN_TEXT.test(value) && !NOT_TEXT.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
  return String(value);
}

/** The document as JSON, one member in a line; what is raw becomes a text. Keys may be there twice. */
export function writeJson(piece: Piece, pad = ''): string {
  const inner = `${pad} `;
  switch (piece.is) {
    case 'raw':
      return JSON.stringify(piece.text);
    case 'map':
      return bracket('{}', piece.entries.map(jsonEntry(inner)), pad);
    case 'list':
      return bracket(
        '[]',
        piece.items.map((item) => writeJson(item, inner)),
        pad,
      );
    default:
      return typeof piece.value === 'number' ? jsonNumber(piece.value) : JSON.stringify(piece.value);
  }
}

function jsonEntry(pad: string): (entry: Entry) => string {
  return ({ key, value }) => `${JSON.stringify(key)}: ${writeJson(value, pad)}`;
}

/** JSON has numbers that no double holds; they are written as such. */
function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return 'null';
  return Number.isFinite(value) ? String(value) : value > 0 ? '1e999' : '-1e999';
}

function bracket(brackets: string, parts: readonly string[], pad: string): string {
  const [open = '', close = ''] = brackets;
  if (parts.length === 0 || pad.length > MAX_INDENTED) return `${open}${parts.join(', ')}${close}`;
  return `${open}\n${parts.map((part) => `${pad} ${part}`).join(',\n')}\n${pad}${close}`;
}
