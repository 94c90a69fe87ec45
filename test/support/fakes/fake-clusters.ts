import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { readClusterDocument } from '../../../reconciler/config/fleet/cluster-document.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import type { SharedCluster } from '../../../reconciler/ports/desired.ts';
import type { TargetMeasures } from '../../../reconciler/ports/inventory/measures.ts';
import type { TargetFacts } from '../../../reconciler/ports/target-capabilities.ts';
import type { Target } from '../../../reconciler/ports/target.ts';
import { createClusterOperations } from '../../../reconciler/run/operations/clusters.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { checkSchema } from '../desired-fixtures.ts';
import { createFastClock } from './fast-clock.ts';
import { createMemoryConnectionLog } from './memory-connection-log.ts';
import { createMemoryVault } from './memory-vault.ts';

const FACTS: TargetFacts = {
  hostname: 'cluster',
  os: 'linux',
  arch: 'amd64',
  engineVersion: 'v1.33.1',
  apiVersion: '1.33',
  cpuCores: 8,
  memoryBytes: 16 * 1024 ** 3,
  diskBytes: null,
  cluster: { nodes: ['a', 'b', 'c'], namespaces: ['default'], storageClasses: ['standard'] },
};

const MEASURES: TargetMeasures = {
  health: [
    { name: 'API Server', status: 'healthy', message: null },
    { name: 'etcd', status: 'unhealthy', message: 'no leader' },
  ],
  cpu: { used: 500, capacity: 8_000 },
  memory: { used: 1, capacity: 3 },
  storage: { used: 0, capacity: 0 },
  nodes: 3,
  pods: 7,
  isMeasured: true,
};

/** Clusters of files in memory. One whose address has `away` in it does not answer; `wrong` is no good as a token. */
export function createFakeClusters(
  note: (write: string) => void,
  isAway: () => boolean = () => false,
): ReturnType<typeof createClusterOperations> {
  const files = new Map<string, Readonly<Record<string, unknown>>>();
  const vault = createMemoryVault();
  const secrets = createSecrets({ stateDir: '/nowhere', env: {}, vault });
  const clusters = (): readonly SharedCluster[] =>
    [...files].map(([name, fields]) => {
      const file = `clusters/${name}.yaml`;
      const { reference, about } = readClusterDocument(file, JSON.stringify(fields), { checkSchema });
      return { name, file, reference, ...about };
    });
  const createTarget = (reference: TargetReference): Target => {
    const facts = async (): Promise<TargetFacts> => {
      const given =
        reference.kind === 'kubernetes' && reference.connection.type === 'kubeconfig'
          ? reference.connection
          : null;
      const config = given === null ? '' : secrets.resolve(given.source).reveal();
      if (config.includes('away') || isAway())
        throw new ReconcilerError('TARGET_UNREACHABLE', 'no answer', { retryable: true });
      if (config.includes('wrong'))
        throw new ReconcilerError('TARGET_ERROR', 'the cluster refuses: Unauthorized');
      return FACTS;
    };
    return {
      name: reference.name,
      kind: 'kubernetes',
      facts,
      measure: async () => {
        await facts();
        return MEASURES;
      },
      [Symbol.asyncDispose]: async () => {},
    } as unknown as Target;
  };
  return createClusterOperations({
    context: {
      desired: { clusters, names: () => [], get: () => undefined },
      pool: {
        probe: (reference, call) => call(createTarget(reference)),
        probeUnlessAway: (reference, call) => call(createTarget(reference)),
      },
      store: createMemoryConnectionLog(),
      clock: createFastClock(),
    },
    loop: { refreshForWrite: () => Promise.resolve(), written: (write) => write },
    writer: {
      editClusters(edits, message, { actor }) {
        for (const { name, keys } of edits) {
          const merged = Object.entries({ ...files.get(name), ...keys });
          files.set(name, Object.fromEntries(merged.filter(([, value]) => value !== null)));
        }
        note(`${message} by ${actor.name}`);
        return Promise.resolve({ commit: 'c0ffee', file: '' });
      },
      removeFile(path, message, { actor }) {
        files.delete(path.replace(/^clusters\/|\.yaml$/g, ''));
        note(`${message} by ${actor.name}`);
        return Promise.resolve({ commit: 'c0ffee', file: path });
      },
    },
    vault,
    createTarget,
  });
}
