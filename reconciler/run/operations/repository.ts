import { hasErrors } from '../../base/diagnostic.ts';
import { isReconcilerError } from '../../base/errors.ts';
import { suggestPolicy } from '../../config/fleet/suggest-policy.ts';
import { isOfOtherRoot } from '../record/deployment-tag.ts';
import type { RepositoryOperations } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { OperationParts } from './parts.ts';

export function createRepositoryOperations({ context, loop }: OperationParts): RepositoryOperations {
  const { source, desired } = context;
  return {
    async refresh(signal) {
      source.expectTags();
      await loop.repository.refresh(signal);
      return loop.repository.status();
    },
    requestSync: ({ tags = true } = {}) => {
      if (tags) source.expectTags();
      loop.requestSync();
    },
    noteHook: (news) => context.hooks.note(news),
    repository: () => loop.repository.status(),
    hasReached: (commit) => hasReached(context, commit),
    listTags: async () => (await source.tags('')).filter(({ name }) => !isOfOtherRoot(name, source.root)),
    validate(text, file, options) {
      const report = desired.check(text, file, options);
      return { valid: !hasErrors(report.diagnostics), ...report };
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

async function hasReached({ source, desired }: RunContext, wanted: string): Promise<boolean> {
  const current = desired.revision?.commit;
  if (current === undefined) return false;
  if (current.startsWith(wanted)) return true;
  try {
    const { commit } = await source.lookup(wanted);
    return (await source.comesAfter(current, commit)) === true;
  } catch (error) {
    // It has not come here yet.
    if (isReconcilerError(error, 'GIT_ERROR')) return false;
    throw error;
  }
}
