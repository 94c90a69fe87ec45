import { nearestName, UsageError } from '../terminal/failure.ts';

/** The error for a workflow that there is not, with the nearest name or those that there are. */
export function unknownWorkflow(name: string, known: readonly string[]): UsageError {
  const near = nearestName(name, known);
  const shown = known.slice(0, 10).join(', ');
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : known.length === 0
        ? 'the repository describes no workflow'
        : `known workflows: ${shown}${known.length > 10 ? ` and ${known.length - 10} more` : ''}`;
  return new UsageError(`unknown workflow "${name}"`, hint, 'UNKNOWN_STACK');
}
