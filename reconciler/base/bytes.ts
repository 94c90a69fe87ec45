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
