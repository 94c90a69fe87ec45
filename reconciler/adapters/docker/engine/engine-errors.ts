import { own, asText } from '../../../base/values.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import { errorMessage, ReconcilerError, toCancelled } from '../../../base/errors.ts';

/** HTTP status of an engine's refusal; `null` when the engine did not answer at all. */
export function statusOf(error: unknown): number | null {
  const root = error instanceof ReconcilerError && error.cause !== undefined ? error.cause : error;
  if (!(root instanceof Error) || !('statusCode' in root)) return null;
  return typeof root.statusCode === 'number' ? root.statusCode : null;
}

/**
 * Says in our words what went wrong with an engine.
 *
 * @param doing what was being done, for the message: `create container shop-web-1`
 * @param signal of the caller: once aborted, its reason is what went wrong
 */
export function toTargetError(
  error: unknown,
  doing: string,
  address: string,
  signal?: AbortSignal,
): ReconcilerError {
  if (signal?.aborted) return toCancelled(signal, doing);
  if (error instanceof ReconcilerError) return error;
  const status = statusOf(error);
  if (status === null) return unreachable(error, address);
  const message = engineMessage(error);
  const fail = (code: ErrorCode, text: string, retryable: boolean) =>
    new ReconcilerError(code, text, { cause: refusal(message, status), retryable });
  if (isPortTaken(message))
    return fail('PORT_TAKEN', `${doing}: port ${portOf(message)} is already taken`, true);
  if (status === 409 && /name .* is already in use/i.test(message))
    return fail('NAME_TAKEN', `${doing}: the name belongs to a container that is not ours`, false);
  if (status === 404 && /no such image/i.test(message))
    return fail('IMAGE_NOT_FOUND', `${doing}: ${message}`, true);
  if (isGone(status, message))
    return fail('TARGET_ERROR', `${doing}: it was removed by somebody else in the meantime`, true);
  // The thing in the way may go, with its stack or by hand: no description has to change for that.
  if (isOverlap(message) || /has active endpoints/i.test(message))
    return fail('TARGET_ERROR', `${doing}: ${message}`, true);
  // "Internal error" is also what the engine says about a command that is not in the image.
  const retryable =
    status >= 500 && !/executable file not found|no such file or directory.*unknown/i.test(message);
  return fail('TARGET_ERROR', `${doing}: ${message}`, retryable);
}

/** Says in our words what went wrong while a stream was read, which may break off at any time. Faults of ours stay what they are. */
export function toStreamError(error: unknown, address: string, signal?: AbortSignal): unknown {
  const isOurs = error instanceof TypeError || error instanceof RangeError || !(error instanceof Error);
  if (signal?.aborted || isOurs || error instanceof ReconcilerError) return error;
  return toTargetError(error, 'read what it sends', address);
}

/** The engine's refusal without the client's wrapping, which would be shown beside what it wraps. */
function refusal(message: string, statusCode: number): Error {
  return Object.assign(new Error(message), { statusCode });
}

/** Tells what a failed pull means, from an HTTP status and the text of the engine or registry. */
export function toPullError(reference: string, text: string, status: number | null): ReconcilerError {
  const about = `image ${reference}`;
  if (
    /manifest unknown|not found|no such image|does not exist/i.test(text) ||
    (status === 404 && !/denied/i.test(text))
  )
    return new ReconcilerError('IMAGE_NOT_FOUND', `${about} was not found: ${text}`, { retryable: true });
  if (status === 401 || status === 403 || /unauthori[sz]ed|denied|no basic auth credentials/i.test(text))
    return new ReconcilerError('REGISTRY_UNAUTHORIZED', `${about}: the registry refused: ${text}`);
  return new ReconcilerError('IMAGE_PULL_FAILED', `${about} could not be pulled: ${text}`, {
    retryable: true,
  });
}

/** The engine's own sentence, one line, without the client's wrapping. */
export function engineMessage(error: unknown): string {
  return errorMessage(error)
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The host port in a "port is taken" message, as text: `8080`. */
export function portOf(message: string): string {
  return (
    /(?:Bind for|listen \w+|listening on) \S*:(\d+)/i.exec(message)?.[1] ?? /:(\d+)/.exec(message)?.[1] ?? '?'
  );
}

/** A container or network went away between a look and a call: the next look tells what is to be done. */
function isGone(status: number, message: string): boolean {
  if (status === 404) return /no such container|network \S+ not found|no such network/i.test(message);
  return status === 409 && /marked for removal|removal of container|is dead/i.test(message);
}

/** Another network of the engine has some of the addresses. */
export function isOverlap(message: string): boolean {
  return /pool overlaps/i.test(message);
}

function isPortTaken(message: string): boolean {
  return /port is already allocated|address already in use/i.test(message);
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'is the engine running?',
  ECONNREFUSED: 'is the engine running, and does it listen there?',
  EACCES: 'may this user use the engine (group docker)?',
  EPERM: 'may this user use the engine (group docker)?',
  ENOTFOUND: 'is the host name right?',
  EAI_AGAIN: 'is name resolution working?',
  ETIMEDOUT: 'is the host up, and does a firewall let us through?',
  EHOSTUNREACH: 'is the host up?',
};

function unreachable(error: unknown, address: string): ReconcilerError {
  const code = error instanceof Error && 'code' in error ? asText(error.code) : '';
  const hint = own(HINTS, code);
  const reason =
    error instanceof Error && error.name === 'TimeoutError'
      ? 'it did not answer in time'
      : errorMessage(error);
  return new ReconcilerError(
    'TARGET_UNREACHABLE',
    `cannot reach the engine at ${address}: ${reason}${hint ? ` (${hint})` : ''}`,
    { cause: error, retryable: true },
  );
}
