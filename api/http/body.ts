import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';
import type { Form } from './form.ts';
import { parseForm } from './form.ts';
import { parseJson } from './json-text.ts';
import { HttpProblem } from './problem.ts';

/** Largest request body, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;
const MAX_DRAINED_BYTES = 16 * MAX_BODY_BYTES;

export type ReadBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly form: Form }
  | { readonly kind: 'text'; readonly text: string };

export interface BodyOptions {
  /** Media types whose body is taken as it is. */
  readonly text?: readonly string[];
  /** Takes forms as well. Default false. */
  readonly form?: boolean;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
}

const FORM = 'multipart/form-data';

/**
 * Reads a body that is JSON, or of another media type that is taken.
 * Throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST.
 */
export async function readBody(
  request: IncomingMessage,
  { text: texts = [], form = false, maxBytes = MAX_BODY_BYTES }: BodyOptions,
): Promise<ReadBody> {
  const textTypes = form ? [...texts, FORM] : texts;
  if (!hasBody(request)) return { kind: 'none' };
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const isJson = mediaType === 'application/json' || mediaType.endsWith('+json');
  if (!isJson && !textTypes.includes(mediaType)) throw unsupported(mediaType, textTypes);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', 'a body must not be compressed');
  }
  const bytes = await readBytes(request, maxBytes);
  if (form && mediaType === FORM)
    return { kind: 'form', form: await parseForm(bytes, request.headers['content-type'] ?? '') };
  const text = decode(bytes);
  if (!isJson) return { kind: 'text', text };
  return text.trim() === '' ? { kind: 'none' } : { kind: 'json', value: parseJson(text) };
}

/** The body as JSON, whatever type it says it has. Throws BAD_REQUEST when there is none, too. */
export async function readJsonBody(request: IncomingMessage): Promise<ReadBody> {
  const text = hasBody(request) ? decode(await readBytes(request, MAX_BODY_BYTES)) : '';
  return { kind: 'json', value: parseJson(text) };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  try {
    return await getRawBody(request, {
      limit: maxBytes,
      length: request.headers['content-length'] ?? null,
    });
  } catch (error) {
    const type = error instanceof Error && 'type' in error ? error.type : undefined;
    if (type === 'entity.too.large') {
      throw new HttpProblem('PAYLOAD_TOO_LARGE', `a body may have ${maxBytes} bytes`, {
        cause: error,
        headers: isWorthDraining(request) ? {} : { Connection: 'close' },
      });
    }
    if (type === undefined) throw error;
    throw new HttpProblem('BAD_REQUEST', 'the body ended early', { cause: error });
  }
}

/**
 * Tells whether the rest of a refused body is to be thrown away, so that the client gets to read the answer. When it is huge, or says no
 * length and might never end, the connection is cut instead.
 */
function isWorthDraining({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return length <= MAX_DRAINED_BYTES;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new HttpProblem('BAD_REQUEST', 'the body is not UTF-8 text', { cause: error });
  }
}

function unsupported(mediaType: string, textTypes: readonly string[]): HttpProblem {
  const known = ['application/json', ...textTypes].join(', ');
  const given =
    mediaType === '' ? 'the request names no Content-Type' : `${mediaType} is not understood here`;
  return new HttpProblem('UNSUPPORTED_MEDIA_TYPE', `${given}; known: ${known}`, {
    details: [{ field: 'Content-Type', message: `must be one of ${known}` }],
  });
}
