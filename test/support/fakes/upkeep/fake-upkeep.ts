import type {
  ApplyOperations,
  Job,
  RepositoryOperations,
  ServiceOperations,
  StackView,
  UpkeepOperations,
} from '../../../../reconciler/index.ts';
import { at } from '../../records.ts';

export interface FakeUpkeepParts {
  /** Throws for a stack that is not there. */
  readonly known: (stack: string) => unknown;
  readonly viewOf: (stack: string) => StackView;
  readonly addJob: (changes: Partial<Job>) => Job;
  readonly commit: string;
}

/** One container, one image that is left over, and a revision that has been reached. */
export function createFakeUpkeep({
  known,
  viewOf,
  addJob,
  commit,
}: FakeUpkeepParts): UpkeepOperations &
  Pick<ServiceOperations, 'runStats'> &
  Pick<RepositoryOperations, 'hasReached'> &
  Pick<ApplyOperations, 'hold' | 'releaseHold'> {
  const left = new Map([['edge/sha256:1', 1_048_576]]);
  return {
    hold: (stack, { name: by }, reason = '') => ({ ...viewOf(stack), onHold: { by, reason, at: at(1) } }),
    releaseHold: viewOf,
    hasReached: (wanted) => Promise.resolve(commit.startsWith(wanted)),
    async runStats(stack) {
      known(stack);
      const stats = {
        id: 'edge/container/web' as never,
        service: 'web',
        node: 'edge',
        name: `${stack}_web`,
        cpuMillis: 125,
        memoryBytes: 5_242_880,
        memoryLimitBytes: 10_485_760,
        network: { receivedBytes: 1_024, sentBytes: 2_048 },
      };
      return { stats: [stats], failures: { far: 'it does not answer' } };
    },
    addresses(stack) {
      known(stack);
      return [{ service: 'web', node: 'edge', kind: 'port', address: 'http://localhost:8080' }];
    },
    pull({ stack, actor }) {
      known(stack);
      return addJob({ type: 'pull', stack, actor: actor?.name ?? null });
    },
    async listImageUpdates(stacks = ['shop']) {
      for (const stack of stacks) known(stack);
      const service = { stack: 'shop', service: 'web', file: 'kombinations/shop/kombination.yaml' };
      const image = { image: 'nginx:1.28', policy: 'semver' as const, next: 'nginx:1.29', reason: null };
      return { services: [{ ...service, ...image }], settings: { schedule: '0 6 * * *', as: 'commit' } };
    },
    async listRemnants() {
      return {
        remnants: [...left].map(([id, sizeBytes]) => ({
          id,
          kind: 'fetched-image' as const,
          node: 'edge',
          names: ['nginx:1.28'],
          sizeBytes,
          stack: null,
        })),
        notes: [{ subject: 'c1', message: 'prune is not for clusters' }],
      };
    },
    async prune({ ids }) {
      return ids.map((id) => {
        const freedBytes = left.get(id) ?? null;
        left.delete(id);
        return { id, freedBytes, message: freedBytes === null ? 'it is not left over any more' : null };
      });
    },
  };
}
