import { signal } from '@preact/signals';
import { HOME } from './home.ts';

/** The API's words for a request that it refused, or `OFFLINE` where nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** Further findings, each in words. */
  readonly details: readonly string[];
  /** The details as they came, for those who know their shape. */
  readonly raw: unknown;

  constructor(status: number, code: string, message: string, raw: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.raw = raw;
    this.details = readDetails(raw);
  }
}

/** Counts answers of 401: whoever shows the page has to be asked to sign in again. */
export const signedOut = signal(0);

/** The error that something thrown is, whatever it is. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, 'FAULT', error instanceof Error ? error.message : 'something went wrong', null);
}

const BASE = `${HOME}/api/v1`;

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Throws `ApiError`. */
export async function request<T>(
  method: string,
  path: string,
  { signal: abort, body }: RequestOptions = {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(abort !== undefined && { signal: abort }),
      credentials: 'same-origin',
    });
  } catch (error) {
    if (abort?.aborted === true) throw error;
    throw new ApiError(0, 'OFFLINE', 'Kombinator does not answer. Is the daemon running?', null);
  }
  if (response.status === 401 && path !== '/session') signedOut.value += 1;
  const text = await response.text();
  if (!response.ok) throw toError(response.status, text);
  return (text === '' ? null : JSON.parse(text)) as T;
}

export const get = <T>(path: string, abort?: AbortSignal): Promise<T> =>
  request<T>('GET', path, abort === undefined ? {} : { signal: abort });
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>('POST', path, { body });
export const remove = <T>(path: string, body?: unknown): Promise<T> =>
  request<T>('DELETE', path, body === undefined ? {} : { body });

/** Writes a query; members that are empty are left out. */
export function query(members: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const pairs = Object.entries(members).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, `${value}`])).toString();
  return text === '' ? '' : `?${text}`;
}

interface ProblemBody {
  readonly error?: { readonly code?: string; readonly message?: string; readonly details?: unknown };
}

function toError(status: number, text: string): ApiError {
  let body: ProblemBody = {};
  try {
    body = JSON.parse(text) as ProblemBody;
  } catch {
    // A proxy before the daemon answers with a page of its own.
  }
  const { code = `HTTP_${status}`, message = `The answer was ${status}.`, details } = body.error ?? {};
  return new ApiError(status, code, message, details ?? null);
}

function readDetails(details: unknown): readonly string[] {
  if (!Array.isArray(details)) return [];
  return details.map((one: unknown) => {
    if (typeof one === 'string') return one;
    const { message, file, line, path } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const place = typeof file === 'string' ? `${file}${typeof line === 'number' ? `:${line}` : ''}` : path;
    const words = typeof message === 'string' ? message : JSON.stringify(one);
    return typeof place === 'string' && place !== '' ? `${place} ${words}` : words;
  });
}
