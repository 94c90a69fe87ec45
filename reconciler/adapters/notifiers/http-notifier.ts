import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { showLine } from '../../base/shown-text.ts';
import { decodeEscapes } from '../../base/values.ts';
import { createTextMask } from '../../model/secret.ts';
import type { Secret } from '../../model/secret.ts';
import type { Notification, Notifier } from '../../ports/notifier.ts';

/** A text, or a secret that is looked up for each message. */
export type Value = string | (() => Secret);

/** Reads a value; the error of a request that it stands in never shows it. */
export type ReadValue = (value: Value) => string;

export interface OutgoingRequest {
  /** Address of http or https. */
  readonly url: string;
  /** Default POST. */
  readonly method?: 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: object;
}

export interface HttpNotifierOptions {
  /** Name for logs. */
  readonly name: string;
  readonly buildRequest: (notification: Notification, read: ReadValue) => OutgoingRequest;
}

/** Bytes of an answer that are looked at, for the reason of a refusal. */
const MAX_ANSWER = 1_024;
const MAX_REASON = 200;
/** Shorter pieces of an address are words. */
const MIN_PIECE = 6;

/**
 * Sends each notification as one request. Any answer but 2xx is a failure; redirects are not followed, so that what is meant for one host reaches no
 * other. Throws NOT_DELIVERED, retryable where trying again can help, and what looking up a secret throws.
 */
export function createHttpNotifier({ name, buildRequest }: HttpNotifierOptions): Notifier {
  return {
    name,
    async notify(notification, signal) {
      const used: Secret[] = [];
      const {
        url,
        method = 'POST',
        headers = {},
        body,
      } = buildRequest(notification, (value) => {
        if (typeof value === 'string') return value;
        const secret = value();
        used.push(secret);
        return secret.reveal();
      });
      const address = readAddress(url);
      const authorization = takeCredentials(address);
      const mask = createMasker(used);
      try {
        const response = await fetch(address, {
          method,
          headers: { 'content-type': 'application/json', ...authorization, ...headers },
          body: JSON.stringify(body),
          redirect: 'manual',
          signal,
        });
        await checkAnswer(address.host, response);
      } catch (error) {
        signal.throwIfAborted();
        throw toNotDelivered(error, address.host, mask);
      }
    },
  };
}

/** Address without what stands behind it, for the parts of an API that hang below it. */
export function joinAddress(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}

function readAddress(url: string): URL {
  const address = URL.canParse(url.trim()) ? new URL(url.trim()) : null;
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address;
  throw new ReconcilerError('NOT_DELIVERED', 'its address is none of http or https');
}

/** Moves what a URL holds of credentials into a header: `fetch` refuses such a URL, and its refusal repeats all of it. */
function takeCredentials(address: URL): Readonly<Record<string, string>> {
  const { username, password } = address;
  if (username === '' && password === '') return {};
  address.username = '';
  address.password = '';
  const text = [username, password].map((part) => decodeEscapes(part) ?? part).join(':');
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

async function checkAnswer(host: string, response: Response): Promise<void> {
  if (response.ok) return response.body?.cancel();
  const { status } = response;
  const reason = await readStart(response);
  const retryable = status === 408 || status === 429 || status >= 500;
  const message = `${host} answered ${status}${reason === '' ? '' : `: ${reason}`}`;
  throw new ReconcilerError('NOT_DELIVERED', message, { retryable });
}

async function readStart(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    size += part.byteLength;
    // Leaving the loop ends the connection.
    if (size >= MAX_ANSWER) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_ANSWER).toString('utf8').trim();
}

/** Hides secrets, and of those that are addresses the pieces: a server may repeat its path. */
function createMasker(secrets: readonly Secret[]): (text: string) => string {
  const texts = secrets.flatMap((secret) => [secret.reveal().trim(), ...secret.texts()]);
  const pieces = texts.flatMap((text) => (URL.canParse(text) ? piecesOf(new URL(text)) : []));
  return createTextMask([...texts, ...pieces]);
}

function piecesOf({ pathname, search, username, password }: URL): readonly string[] {
  const pieces = [...pathname.split('/'), ...search.split(/[?&=]/), username, password];
  const long = pieces.filter((piece) => piece.length >= MIN_PIECE);
  return [...(pathname.length > MIN_PIECE ? [pathname] : []), ...long];
}

/** Returns the failure of a delivery, without secrets and on one line. */
export function toNotDelivered(
  error: unknown,
  host: string,
  mask: (text: string) => string,
): ReconcilerError {
  const isOurs = isReconcilerError(error, 'NOT_DELIVERED');
  // `fetch` itself says no more than that it failed.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = isOurs ? error.message : `${host}: ${errorMessage(cause)}`;
  const shown = showLine(mask(message));
  const text = shown.length <= MAX_REASON ? shown : `${shown.slice(0, MAX_REASON).toWellFormed()}…`;
  // The error that it came from would tell what is hidden here.
  return new ReconcilerError('NOT_DELIVERED', text, { retryable: isOurs ? error.retryable : true });
}
