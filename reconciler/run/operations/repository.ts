import { hasErrors } from '../../base/diagnostic.ts';
import { suggestPolicy } from '../../config/fleet/suggest-policy.ts';
import type { RepositoryOperations } from '../../public/reconciler.ts';
import type { OperationParts } from './parts.ts';

export function createRepositoryOperations({ context, loop }: OperationParts): RepositoryOperations {
  const { source, desired } = context;
  return {
    async refresh(signal) {
      await loop.repository.refresh(signal);
      return loop.repository.status();
    },
    requestSync: () => loop.requestSync(),
    repository: () => loop.repository.status(),
    listTags: () => source.tags(''),
    validate(text, file, options) {
      const { diagnostics, services, dependencies } = desired.check(text, file, options);
      return { valid: !hasErrors(diagnostics), diagnostics, services, dependencies };
    },
    async validateAround(text, place, signal) {
      const { diagnostics, services, dependencies } = await desired.checkAround(text, place, signal);
      return { valid: !hasErrors(diagnostics), diagnostics, services, dependencies };
    },
    suggestPolicy: async (signal) => suggestPolicy(await desired.askedFor(signal)),
    async generate(request, signal) {
      await loop.refreshIfPossible(signal);
      return desired.generate(request);
    },
  };
}
