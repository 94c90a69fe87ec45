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

/** Splits a stream of UTF-8 into its lines. Throws an `Error` at one of more than `maxLength` characters. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > maxLength) throw tooLong(maxLength);
  }
  yield rest + decoder.decode();
}

/** Nesting of JSON that nobody writes; what is read of it takes a hundred times its room. */
const MAX_DEPTH = 200;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Tells whether JSON is nested deeper than anything that is meant to be read. */
export function isTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json[index] ?? 0;
    if (code === QUOTE) isText = !isText;
    else if (isText) index += code === BACKSLASH ? 1 : 0;
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function tooLong(max: number): Error {
  const size = max < 1024 ** 2 ? `${Math.floor(max / 1024)} KiB` : `${Math.floor(max / 1024 ** 2)} MiB`;
  return new Error(`its answer is longer than ${size}`);
}
