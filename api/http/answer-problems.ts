import type { Middleware } from 'koa';
import type { Logger } from '../../reconciler/index.ts';
import type { RequestState } from './mount.ts';
import { HttpProblem, NoSuchPath } from './problem.ts';
import { toProblem } from './to-problem.ts';

/** The ways in which a dialect tells what went wrong. */
export interface ProblemDialect {
  readonly format: (problem: HttpProblem) => unknown;
  /** Statuses and texts of its own. Default: none. */
  readonly translate?: (problem: HttpProblem) => HttpProblem;
}

/** Answers whatever is thrown below it, and 404 for what no route took, in the envelope of the path's dialect. */
export function answerProblems(
  logger: Logger,
  dialectFor: (path: string) => ProblemDialect,
): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.body === undefined) throwUnanswered(ctx.status, ctx.path);
    } catch (error) {
      const { format, translate = (problem) => problem } = dialectFor(ctx.path);
      const problem = translate(fromRouter(error) ?? toProblem(error));
      if (problem.code === 'INTERNAL_ERROR') {
        logger.error({ requestId: ctx.state.requestId, err: error }, 'A request failed unexpectedly');
      }
      ctx.set(problem.headers);
      ctx.status = problem.status;
      ctx.body = format(problem);
    }
  };
}

/** The router leaves a bare status behind; with 405 also the header Allow. */
function throwUnanswered(status: number, path: string): void {
  if (status === 404) throw new NoSuchPath(path);
  if (status === 405 || status === 501) {
    throw new HttpProblem('METHOD_NOT_ALLOWED', `${path} does not know this method`);
  }
}

/** Converts what Koa and its router throw on their own, for broken requests. */
function fromRouter(error: unknown): HttpProblem | null {
  if (error instanceof HttpProblem || !(error instanceof Error) || !('status' in error)) return null;
  if (error.status === 404) return new HttpProblem('NOT_FOUND', error.message, { cause: error });
  const isClientFault = typeof error.status === 'number' && error.status >= 400 && error.status < 500;
  return isClientFault ? new HttpProblem('BAD_REQUEST', error.message, { cause: error }) : null;
}
