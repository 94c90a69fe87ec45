import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DesiredState } from '../../ports/desired.ts';

/** Files that count for many stacks, and stand in the findings of each. */
const SHARED_FILES = /^(kombinator\.ya?ml$|nodes\/|clusters\/|stackkits\/|plugins\/)/;

export function isShared({ file }: Diagnostic): boolean {
  return SHARED_FILES.test(file ?? '');
}

/** Errors of shared files, and of files that do not tell which stack they describe: those that no stack's state tells of. */
export function strayErrors(desired: Pick<DesiredState, 'diagnostics' | 'nameless'>): readonly Diagnostic[] {
  const nameless = new Set<Diagnostic['file']>(desired.nameless());
  return errorsAmong(desired.diagnostics()).filter((one) => isShared(one) || nameless.has(one.file));
}

export function errorsAmong(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}
