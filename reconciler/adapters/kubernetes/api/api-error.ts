import { asFields, asList, asString, own } from '../../../base/values.ts';

/** Longest text of a server that is passed on, in characters. */
const MAX_MESSAGE_LENGTH = 4_000;
const MAX_CAUSES = 100;

export interface ApiCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** An answer of an API server that is not a success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** `Conflict`, `Invalid`, `Forbidden`, `NotFound`, `Expired`, …; empty when the server gave none. */
  readonly reason: string;
  readonly causes: readonly ApiCause[];
  /** Pause that the server asks for before the next attempt, in milliseconds: header Retry-After, in seconds. */
  readonly retryAfterMs: number | null;

  constructor(status: number, body: unknown, fallback: string, retryAfter?: string) {
    const fields = asFields(body) ?? {};
    super((asString(fields['message']) ?? fallback).slice(0, MAX_MESSAGE_LENGTH));
    this.status = status;
    this.reason = asString(fields['reason']) ?? '';
    const details = asFields(fields['details']) ?? {};
    this.causes = (asList(details['causes']) ?? []).slice(0, MAX_CAUSES).map((item) => {
      const cause = asFields(item) ?? {};
      const text = (key: string): string => (asString(own(cause, key)) ?? '').slice(0, MAX_MESSAGE_LENGTH);
      return { reason: text('reason'), message: text('message'), field: text('field') };
    });
    const seconds = Number(retryAfter ?? Number.NaN);
    this.retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
  }
}

export function isApiError(error: unknown, status?: number): error is ApiError {
  return error instanceof ApiError && (status === undefined || error.status === status);
}
