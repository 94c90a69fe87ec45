import type { Command } from 'commander';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import type { ClusterRow } from '../../session/inventory-session.ts';
import { EXIT } from '../../terminal/failure.ts';
import { showRows } from '../../terminal/rows.ts';

export function addClusters(program: Command, hooks: ProgramHooks): void {
  const cluster = program
    .command('cluster')
    .description('clusters that the repository and the operator name');
  cluster
    .command('list')
    .description('list names, addresses, and how they were when they were looked at last')
    .action(on(hooks, (invocation) => runClusterList(invocation)));
  cluster
    .command('test')
    .description('look at a cluster now: whether it answers, and takes the credentials')
    .argument('<name>')
    .action(on(hooks, (invocation, _options, name: string) => runClusterTest(invocation, name)));
}

async function runClusterList(invocation: Invocation): Promise<number> {
  await using session = await invocation.openSession('read', 'cluster list');
  const clusters = await session.listClusters(invocation.interrupt.signal);
  present(invocation, { clusters }, () => formatClusters(invocation, clusters));
  return EXIT.ok;
}

async function runClusterTest(invocation: Invocation, name: string): Promise<number> {
  await using session = await invocation.openSession('read', 'cluster test');
  const cluster = await session.testCluster(name, invocation.interrupt.signal);
  const { style } = invocation;
  present(invocation, { cluster }, () => {
    const nodes = cluster.nodes === null ? '' : `, ${cluster.nodes} nodes`;
    return `${style.good('✓')} ${style.bold(name)} answers: Kubernetes ${cluster.version ?? '?'}${nodes}`;
  });
  return EXIT.ok;
}

function formatClusters(invocation: Invocation, clusters: readonly ClusterRow[]): string {
  const { style, terminal } = invocation;
  if (clusters.length === 0) return terminal.isTerminal ? 'no clusters' : '';
  const rows = clusters.map((one) => [
    style.bold(one.name),
    one.isDefault ? 'default' : '-',
    one.server || '-',
    one.status === 'connected' ? style.good(one.status) : style.warn(one.status),
    one.message ?? '-',
  ]);
  return showRows(invocation, ['CLUSTER', '', 'SERVER', 'STATUS', 'LAST LOOK'], rows);
}
