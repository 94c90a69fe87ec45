import type { SessionOperations } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { createMemorySession } from '../cli/memory-session.ts';

/** Nothing runs but in the services called `web`, in which programs print their arguments. */
export function createFakeSessions(): SessionOperations {
  return {
    async openSession(stack, service, { argv, signal }) {
      if (service !== 'web')
        throw new ReconcilerError('TARGET_ERROR', `nothing runs in ${stack}/${service}`, { retryable: true });
      return createMemorySession({ exitCode: 3, stdout: `${argv.join(' ')}\n`, stderr: '' }, argv, signal);
    },
    async openSessionAt({ name }) {
      throw new ReconcilerError('TARGET_ERROR', `the container ${name} does not run`, { retryable: true });
    },
    async *logsAt({ name }) {
      yield { stream: 'stdout', time: '2026-01-01T00:00:00.000000000Z', text: `${name} is up` };
    },
    listAccesses: () => [],
  };
}
