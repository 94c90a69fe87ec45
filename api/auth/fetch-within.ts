/** Largest answer of an issuer, in bytes. */
const MAX_ANSWER_BYTES = 1024 ** 2;

/** An answer of an issuer, read as far as it is to be; a redirect is an answer. Throws for a larger one. */
export async function fetchWithin(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'manual' });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error(`${url} answers more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  const { status, headers } = response;
  return new Response(isBodyless(status) ? null : Buffer.concat(parts), {
    status: status === 0 ? 502 : status,
    headers: { 'Content-Type': headers.get('Content-Type') ?? 'application/octet-stream' },
  });
}

function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
