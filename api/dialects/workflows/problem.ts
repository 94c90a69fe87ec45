import { HttpProblem } from '../../http/problem.ts';

/** Texts that clients of the platform know. Everything else keeps its own, which says more. */
export function translateWorkflowProblem(problem: HttpProblem): HttpProblem {
  const { code, headers, details, message, cause } = problem;
  const as = (text: string) => new HttpProblem(code, text, { headers, details, cause });
  if (code === 'UNAUTHORIZED' && message.startsWith('an API key or a token is needed'))
    return as('Authorization token is required (header or query param)');
  if (code === 'UNAUTHORIZED' && message === 'the API key or token is not valid')
    return as('Invalid or expired token');
  if (code === 'FORBIDDEN' && message.startsWith('this needs the role admin'))
    return as('Admin access required');
  if (code === 'VALIDATION_ERROR' && message.startsWith('the body')) return as('Invalid request data');
  return problem;
}

/** A login that is refused: the page of the platform shows `message` there, and `error` everywhere else. */
export class LoginProblem extends HttpProblem {}

/** `{error}`; `details` stands beside it where there are several problems, or one that has a place. */
export function formatWorkflowProblem(problem: HttpProblem): object {
  const { message, details } = problem;
  return {
    error: message,
    ...(details.length === 0 ? {} : { details }),
    ...(problem instanceof LoginProblem ? { message } : {}),
  };
}
