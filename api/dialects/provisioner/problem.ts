import { NO_KEY } from '../../auth/require-keys.ts';
import { HttpProblem } from '../../http/problem.ts';

/** Codes that a client can do something about; everything else of the server's is an internal error to it. */
const CLIENT_CODES = [
  'INVALID_POD_SPEC',
  'INVALID_INPUT',
  'CLUSTER_SATURATED',
  'NO_NODE_PORT',
  'UNKNOWN_INSTANCE',
];

/** The problem with the status and text that the reference gives it. */
export function translateProvisionerProblem(problem: HttpProblem): HttpProblem {
  const { code, reason = '', headers, cause } = problem;
  const as = (other: HttpProblem['code'], text: string) => new HttpProblem(other, text, { headers, cause });
  if (CLIENT_CODES.includes(reason)) return problem;
  if (reason === 'UNKNOWN_JOB') return as('NOT_FOUND', 'stack not found');
  if (code === 'UNAUTHORIZED') return as(code, 'invalid api key');
  if (code === 'PAYLOAD_TOO_LARGE' || code === 'UNSUPPORTED_MEDIA_TYPE') return as('BAD_REQUEST', BAD_BODY);
  if (problem.status === 400 && problem.message.startsWith('the body')) return as('BAD_REQUEST', BAD_BODY);
  if (code === 'INTERNAL_ERROR' && problem.message !== NO_KEY) return as(code, 'internal server error');
  if (code === 'SERVICE_UNAVAILABLE' && reason !== '') return as('INTERNAL_ERROR', 'internal server error');
  return problem;
}

const BAD_BODY = 'invalid json body';

/** `{"error": "stack not found"}` */
export function formatProvisionerProblem({ message }: HttpProblem): object {
  return { error: message };
}
