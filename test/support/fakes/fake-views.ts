import { createHash } from 'node:crypto';
import type {
  Diagnostic,
  DriftView,
  GeneratedStack,
  GenerateRequest,
  Job,
  Reconciler,
  StackRow,
  StackView,
  SyncState,
  WorkerView,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { at } from '../records.ts';

/** The commit at the head of the fake's repository. */
export const COMMIT = 'f'.repeat(40);

export const DRIFT: DriftView = {
  hasDrift: true,
  checkedAt: at(1),
  changes: [
    {
      resource: 'local/container/web',
      action: 'update',
      field: 'restart.policy',
      expected: 'always',
      actual: 'no',
    },
  ],
};

/** Ends a job at once. */
export function cancelFake(detail: { job: Job }): Job {
  if (detail.job.endedAt !== null) throw new ReconcilerError('JOB_ENDED', 'it has ended');
  detail.job = { ...detail.job, status: 'cancelled', endedAt: at(2) };
  return detail.job;
}

/** Searches names, and takes the order that they have. */
export function createFakeSearch(
  names: () => readonly string[],
  viewOf: (name: string) => StackView,
  check: () => void,
): Pick<Reconciler, 'findStacks' | 'getStackRow' | 'stackResources'> {
  const getStackRow = (name: string): StackRow => {
    const { document: _, ...row } = viewOf(name);
    return row;
  };
  return {
    getStackRow,
    stackResources: () => [],
    findStacks({ text = '', states, kind, offset = 0, limit = 1_000 }) {
      check();
      const matching = names()
        .filter((name) => name.includes(text))
        .map(getStackRow)
        .filter((row) => (kind ?? row.kind) === row.kind);
      const found = matching.filter(({ state }) => states?.includes(state) !== false);
      const counts = new Map<SyncState, number>();
      for (const { state } of matching) counts.set(state, (counts.get(state) ?? 0) + 1);
      return { stacks: found.slice(offset, offset + limit), total: found.length, counts };
    },
  };
}

export function buildWorker(changes: Partial<WorkerView>): WorkerView {
  const name = changes.name ?? 'proxmox-01';
  return {
    id: `worker_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`,
    name,
    address: 'ssh://root@192.0.2.10:22',
    status: 'online',
    lastSeen: '2026-01-26T10:30:00Z',
    facts: {
      hostname: name,
      os: 'Debian GNU/Linux 12',
      arch: 'x86_64',
      engineVersion: '28.1.0',
      apiVersion: '1.49',
      cpuCores: 8,
      memoryBytes: 32 * 2 ** 30,
      diskBytes: 500 * 2 ** 30,
    },
    stacks: [],
    message: null,
    file: `nodes/${name}.yaml`,
    ...changes,
  };
}

export function buildView(name: string, document: Record<string, unknown>, lastJob: Job | null): StackView {
  const services = serviceNames(document).map((service) => ({
    name: service,
    node: 'local',
    image: `${service}:latest`,
    dependsOn: [],
    ports: ['8080:80/tcp'],
    resource: `local/container/${service}`,
    health: 'healthy' as const,
    reason: null,
  }));
  const isWorkflow = 'nodes' in document;
  return {
    name,
    kind: isWorkflow ? 'workflow' : 'kombination',
    file: isWorkflow ? `workflows/${name}.yaml` : `kombinations/${name}/kombination.yaml`,
    stackkit: typeof document['stackkit'] === 'string' ? document['stackkit'] : '',
    state: lastJob?.endedAt === null ? 'applying' : 'pending',
    message: null,
    services,
    nodes: [{ name: 'local', address: 'local', reachable: true }],
    diagnostics: [],
    lastJob,
    deployment: {
      number: 1,
      tag: `deploy/${name}/1`,
      revision: COMMIT,
      time: at(1),
      author: 'Ada',
      jobId: null,
      summary: 'Plan: 1 to create',
    },
    drift: {
      hasDrift: true,
      checkedAt: at(3),
      changes: [
        {
          resource: 'local/container/web',
          action: 'update',
          field: 'restart',
          expected: 'always',
          actual: 'no',
        },
      ],
    },
    document,
  };
}

function serviceNames(document: object): string[] {
  const services: unknown = 'services' in document ? document.services : [];
  if (Array.isArray(services)) return services.map((service: unknown) => String(service));
  return Object.keys(services ?? {});
}

export function assertServices(document: object): void {
  if ('nodes' in document || serviceNames(document).length > 0) return;
  const diagnostics: Diagnostic[] = [
    { severity: 'error', code: 'REQUIRED', message: 'At least one service is required', path: 'services' },
  ];
  throw new ReconcilerError('INVALID_CONFIGURATION', 'Invalid configuration', { diagnostics });
}

const RENAMED: Diagnostic = {
  severity: 'warning',
  code: 'RENAMED_KIT',
  message: 'base-homelab is now called base-kit',
  path: 'stackkit',
};

/** Knows one good text, calls everything with `storage` in it bad, and warns of `base-homelab`. */
export function validate(text: string) {
  const isBad = text.includes('storage');
  const error: Diagnostic = {
    severity: 'error',
    code: 'UNKNOWN_KEY',
    message: 'storage is not known',
    path: 'services.immich.storage',
    line: 4,
    column: 5,
    hint: 'did you mean volumes?',
  };
  return {
    valid: !isBad,
    diagnostics: isBad ? [error] : text.includes('base-homelab') ? [RENAMED] : [],
    services: ['traefik', 'immich', 'homepage'],
    dependencies: { traefik: [], immich: ['traefik'], homepage: ['traefik'] },
  };
}

/** One file that says what was asked for, and one that is no text. */
export function generateFake({ subject, format }: GenerateRequest): GeneratedStack {
  const stack = 'stack' in subject ? subject.stack : 'from-text';
  const file = 'kombinations/web/kombination.yaml';
  return {
    stack,
    format,
    files: [
      { path: `${format}.txt`, content: `${format} of ${stack}\n` },
      { path: 'files/logo.png', content: new Uint8Array([0xff, 0x00]) },
    ],
    notes: [`made from ${file}`],
    variables: [{ name: 'DB_PASSWORD', reference: 'secret://file/db-password' }],
    overview: {
      stackkit: 'base-kit',
      domain: 'home.lab',
      nodes: [{ name: 'attic', host: '10.0.0.2', user: 'root', port: 22 }],
      services: [{ name: 'web', node: 'attic', image: 'nginx:1.29', ports: [80], needs: [] }],
    },
  };
}
