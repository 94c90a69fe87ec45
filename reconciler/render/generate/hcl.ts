/*
 * HCL as `tofu fmt` leaves it: two spaces, the equal signs of neighbouring one-line attributes in one column, lists and
 * maps of several lines on their own.
 */

/** Text that stands in HCL as it is: a reference, a number. */
export interface HclExpression {
  readonly expression: string;
}

export type HclValue = string | number | boolean | HclExpression | readonly HclValue[] | HclMap;
export type HclMap = { readonly [key: string]: HclValue };

export interface HclBlock {
  /** `resource`, with `labels` its type and name. */
  readonly block: string;
  readonly labels?: readonly string[];
  readonly body: HclBody;
}

/** Attributes by name (`undefined` ones are left out), then blocks. */
export interface HclBody {
  readonly attributes: Readonly<Record<string, HclValue | undefined>>;
  readonly blocks?: readonly HclBlock[];
}

/** Blocks with an empty line between them. */
export function writeHcl(blocks: readonly HclBlock[]): string {
  return `${blocks.map((block) => writeBlock(block, '').join('\n')).join('\n\n')}\n`;
}

/** A text in quotes: nothing in it is filled in. */
export function quoteHcl(text: string): string {
  return `"${escapeHcl(text)}"`;
}

/** The inside of a quoted text. */
export function escapeHcl(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('${', '$$${').replaceAll('%{', '%%{');
}

function writeBlock({ block, labels = [], body }: HclBlock, indent: string): string[] {
  const head = [block, ...labels.map((label) => `"${label}"`)].join(' ');
  const lines = writeBody(body, `${indent}  `);
  return lines.length === 0 ? [`${indent}${head} {}`] : [`${indent}${head} {`, ...lines, `${indent}}`];
}

function writeBody({ attributes, blocks = [] }: HclBody, indent: string): string[] {
  const parts = writeAttributes(attributes, indent);
  for (const block of blocks) {
    if (parts.length > 0) parts.push('');
    parts.push(...writeBlock(block, indent));
  }
  return parts;
}

function writeAttributes(attributes: HclBody['attributes'], indent: string): string[] {
  const fields = Object.entries(attributes).filter(
    (entry): entry is [string, HclValue] => entry[1] !== undefined,
  );
  const short = fields.filter(([, value]) => !isLong(value));
  const lines = align(
    short.map(([name, value]) => [keyOf(name), inline(value)]),
    indent,
  );
  for (const [name, value] of fields) {
    if (!isLong(value)) continue;
    if (lines.length > 0) lines.push('');
    lines.push(...long(`${indent}${keyOf(name)} = `, value, indent));
  }
  return lines;
}

function isLong(value: HclValue): boolean {
  return isList(value) ? value.length > 0 : isMap(value) && Object.keys(value).length > 0;
}

function long(head: string, value: HclValue, indent: string): string[] {
  const inner = `${indent}  `;
  if (isList(value)) {
    return [`${head}[`, ...value.map((item) => `${inner}${inline(item)},`), `${indent}]`];
  }
  const entries = isMap(value) ? Object.entries(value) : [];
  const lines = align(
    entries.map(([key, member]) => [keyOf(key), inline(member)]),
    inner,
  );
  return [`${head}{`, ...lines, `${indent}}`];
}

function align(pairs: readonly (readonly [string, string])[], indent: string): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `${indent}${name}${' '.repeat(width - name.length)} = ${text}`);
}

function inline(value: HclValue): string {
  if (typeof value === 'string') return quoteHcl(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(inline).join(', ')}]`;
  if (isExpression(value)) return value.expression;
  const entries = Object.entries(value).map(([key, member]) => `${keyOf(key)} = ${inline(member)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function keyOf(name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name) ? name : quoteHcl(name);
}

function isList(value: HclValue): value is readonly HclValue[] {
  return Array.isArray(value);
}

function isExpression(value: HclValue): value is HclExpression {
  return typeof value === 'object' && 'expression' in value;
}

function isMap(value: HclValue): value is HclMap {
  return typeof value === 'object' && !isList(value) && !isExpression(value);
}
