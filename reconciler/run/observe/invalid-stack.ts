import { formatDiagnostic } from '../../base/diagnostic.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { RunContext } from '../context.ts';

/** Findings of an invalid stack that go into the log; all of them are in its status. */
const LOGGED_PROBLEMS = 10;

/** Shows a stack whose description has errors, and says so once, not again whenever everything is looked at. */
export function showInvalid({ stacks, logger }: RunContext, { name, diagnostics }: DesiredStack): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (!stacks.enter(name, { at: 'invalid', errors })) return;
  const problems = errors.slice(0, LOGGED_PROBLEMS).map(formatDiagnostic);
  const count = errors.length;
  logger.warn({ stack: name, errors: count, problems }, 'a stack is not valid; what runs stays as it is');
}
