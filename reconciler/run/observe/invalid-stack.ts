import { formatDiagnostic, hasErrors } from '../../base/diagnostic.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { RunContext } from '../context.ts';

/** Findings of an invalid stack that go into the log; all of them are in its status. */
const LOGGED_PROBLEMS = 10;

/**
 * Returns what is described of a stack. One with errors is looked at again before: a secret that was not there, or a chart that could not be had, may be
 * by now, and another secret wants its charts to be rendered anew.
 */
export async function describedNow(
  { desired }: Pick<RunContext, 'desired'>,
  stack: string,
  signal: AbortSignal,
): Promise<DesiredStack | undefined> {
  const described = desired.get(stack);
  if (described === undefined || !hasErrors(described.diagnostics)) return described;
  await desired.refresh(stack, signal);
  return desired.get(stack);
}

/** Shows a stack whose description has errors, and says so once, not again whenever everything is looked at. */
export function showInvalid({ stacks, logger }: RunContext, { name, diagnostics }: DesiredStack): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (!stacks.enter(name, { at: 'invalid', errors })) return;
  const problems = errors.slice(0, LOGGED_PROBLEMS).map(formatDiagnostic);
  const count = errors.length;
  logger.warn({ stack: name, errors: count, problems }, 'a stack is not valid; what runs stays as it is');
}
