import { expect, it } from 'vitest';
import { createFakeClusters } from '../../support/fakes/fake-clusters.ts';

const NEVER = new AbortController().signal;
const ACTOR = { name: 'Ada', email: 'ada@example.org' };

it('looks at every cluster from time to time, and writes down what is otherwise than before', async () => {
  let isAway = false;
  const clusters = createFakeClusters(
    () => {},
    () => isAway,
  );
  for (const name of ['prod', 'test']) {
    const access = { authType: 'token', credentials: { token: 'correct-horse' } };
    await clusters.addCluster({ name, server: `https://${name}.example.com`, ...access }, ACTOR, NEVER);
  }
  const checks = () => clusters.listClusterChecks('prod', 10).map(({ status }) => status);
  await clusters.lookAtClusters(NEVER);
  expect(checks()).toEqual(['connected']);
  isAway = true;
  const before = clusters.getCluster('prod').lastCheck ?? '';
  await clusters.lookAtClusters(NEVER);
  await clusters.lookAtClusters(NEVER);
  expect(checks()).toEqual(['disconnected', 'connected']);
  const { status, message, lastCheck } = clusters.getCluster('prod');
  expect([status, message]).toEqual(['disconnected', 'no answer']);
  expect((lastCheck ?? '') >= before).toBe(true);
  await clusters.testCluster('test', NEVER).catch(() => undefined);
  expect(clusters.listClusterChecks('test', 10)).toHaveLength(3);
});
