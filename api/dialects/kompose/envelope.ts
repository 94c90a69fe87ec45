import type { HttpProblem } from '../../http/problem.ts';
import { NoSuchPath } from '../../http/problem.ts';
import { ok } from '../../http/route.ts';
import type { Reply } from '../../http/route.ts';

/** `{status, message, data, timestamp}` */
export function success(message: string, data: object): Reply {
  return ok({ status: 'success', message, data, timestamp: timestamp() });
}

/** A failure that is an answer of the dialect, and no fault of the server's. */
export function failure(status: number, message: string): Reply {
  return { kind: 'json', status, body: { status: 'error', message, code: status, timestamp: timestamp() } };
}

/** `{status, message, code, timestamp}`; `details` and `reason` stand beside them where there are any. The status: http/problem.ts, by what http/to-problem.ts makes of an error. */
export function formatKomposeProblem(problem: HttpProblem): object {
  const { status: code, details, reason } = problem;
  const message = problem instanceof NoSuchPath ? `Endpoint not found: ${problem.path}` : problem.message;
  return {
    status: 'error',
    message,
    code,
    timestamp: timestamp(),
    ...(details.length === 0 ? {} : { details }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** UTC, seconds. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
