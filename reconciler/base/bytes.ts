import { createHash } from 'node:crypto';

/**
 * Gives bytes that will be kept for long memory of their own, unless they have it. Node makes small buffers in blocks of 64 KiB: a few bytes
 * that are kept keep their whole block.
 */
export function withOwnMemory(bytes: Uint8Array): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return Buffer.from(bytes.buffer);
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}

/**
 * Reads to the end. Throws an `Error` that says so as soon as there is more than `maxBytes`, and lets go of the stream: who answers may be
 * broken, or mean harm.
 */
export async function readWithin(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLong(maxBytes);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Reads the beginning, up to `maxBytes`; what comes after it is not waited for. */
export async function readBeginning(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let left = maxBytes;
  for await (const chunk of chunks) {
    parts.push(chunk.subarray(0, left));
    left -= chunk.byteLength;
    if (left <= 0) break;
  }
  return Buffer.concat(parts);
}

/** Keeps the beginning of what it is given. */
export interface Beginning {
  add(chunk: Uint8Array): void;
  text(): string;
}

/** Keeps up to `maxBytes` in memory of their own: a part of a chunk, be it empty, would keep all of the chunk alive for as long as others come. */
export function createBeginning(maxBytes: number): Beginning {
  let kept = Buffer.alloc(0);
  let size = 0;
  return {
    add(chunk) {
      const part = chunk.subarray(0, maxBytes - size);
      if (part.byteLength === 0) return;
      if (size + part.byteLength > kept.byteLength) {
        const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, 2 * (size + part.byteLength)));
        kept.copy(larger, 0, 0, size);
        kept = larger;
      }
      kept.set(part, size);
      size += part.byteLength;
    },
    text: () => kept.toString('utf8', 0, size),
  };
}

/**
 * Splits a stream of UTF-8 into its lines. Throws an `Error` at one of more than `maxLength` characters. A line that comes in many pieces is put
 * together once: looked through anew with each of them, one of a few MiB would keep the process busy for minutes.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    open.push(first);
    length += first.length;
    if (length > maxLength) throw tooLong(maxLength);
    const last = more.pop();
    if (last === undefined) continue;
    yield open.join('');
    yield* more;
    open = [last];
    length = last.length;
  }
  yield open.join('') + decoder.decode();
}

/** Nesting of JSON that nobody writes; what is read of it takes a hundred times its room. */
const MAX_DEPTH = 200;
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Parses JSON of others. Throws an `Error` that says so where it is nested deeper, or holds more values, than anything that is meant to be read: an
 * empty object takes three bytes of text and a hundred of memory. Throws `SyntaxError` for what is no JSON.
 */
export function parseJsonWithin(json: string, maxValues: number): unknown {
  let depth = 0;
  let values = 0;
  let isText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) isText = !isText;
    else if (isText) index += code === BACKSLASH ? 1 : 0;
    else if (code === COMMA) values += 1;
    else if (OPENING.has(code)) {
      depth += 1;
      values += 1;
    } else if (CLOSING.has(code)) depth -= 1;
    if (depth > MAX_DEPTH) throw new Error('its answer is nested too deeply');
    if (values > maxValues) throw new Error(`its answer holds more than ${maxValues} values`);
  }
  return JSON.parse(json);
}

function tooLong(max: number): Error {
  const size = max < 1024 ** 2 ? `${Math.floor(max / 1024)} KiB` : `${Math.floor(max / 1024 ** 2)} MiB`;
  return new Error(`its answer is longer than ${size}`);
}

/** Passes content on and tells its length and its hash once it has ended. */
export function measure(content: AsyncIterable<Uint8Array>): {
  readonly content: AsyncIterable<Uint8Array>;
  result(): { readonly bytes: number; readonly sha256: string };
} {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    content: (async function* () {
      for await (const chunk of content) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    })(),
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}
