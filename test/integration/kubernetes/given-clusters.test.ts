import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createKombinator } from '../../../reconciler/index.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { commitFiles, createWorkRepo } from '../../support/git/git-repo.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { workflow } from '../../support/kubernetes/workflow-texts.ts';

const ADA = { name: 'Ada', email: 'ada@example.org' };

it('a cluster that was given over the API is planned on, and its credentials are for its address alone', async () => {
  await using double = await startClusterDouble();
  await using repo = await createWorkRepo();
  const stateDir = mkdtempSync(join(tmpdir(), 'kombinator-clusters-'));
  try {
    await commitFiles(repo, { 'README.md': 'hello' }, 'begin');
    const { signal } = new AbortController();
    const options = { repo: repo.path, stateDir, logger: createQuietLogger(), env: {}, ephemeral: true };
    const credentials = { token: 'correct-horse-battery' };
    {
      await using kombinator = await createKombinator(options);
      const { reconciler } = kombinator;
      const given = { name: 'prod', server: double.api.url, authType: 'token', credentials };
      const added = await reconciler.addCluster(given, ADA, signal);
      expect(added).toMatchObject({ name: 'prod', server: double.api.url, status: 'connected' });
      await reconciler.updateCluster('prod', { credentials: { token: 'another' } }, ADA, signal);
      await reconciler.chooseCluster('prod', ADA, signal);
    }
    for (const name of readdirSync(join(stateDir, 'vault')))
      expect(readFileSync(join(stateDir, 'vault', name), 'utf8')).not.toMatch(/correct-horse|another/);

    const conf = '{ id: conf, type: configmap, data: { name: conf, data: { a: b } } }';
    await commitFiles(repo, { 'workflows/shop.yaml': workflow([conf]) }, 'a shop');
    await using again = await createKombinator(options);
    const { reconciler } = again;
    await reconciler.refresh(signal);
    expect(reconciler.repository().diagnostics).toEqual([]);
    expect(reconciler.listClusters()).toMatchObject([{ name: 'prod', isDefault: true, authType: 'token' }]);
    const { plan } = await reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, signal);
    expect(plan.changes.map(({ action, id }) => `${action} ${id}`)).toContain(
      'create prod/ConfigMap/default/conf',
    );
    await expect(reconciler.removeCluster('prod', ADA, signal)).rejects.toMatchObject({
      code: 'CLUSTER_IN_USE',
    });

    const text = `server: https://evil.example.com\ncredentials: vault/2\n`;
    await commitFiles(repo, { 'clusters/prod.yaml': text }, 'elsewhere');
    await reconciler.refresh(signal);
    await expect(reconciler.testCluster('prod', signal)).rejects.toMatchObject({
      message: expect.stringContaining('was not given over the API') as string,
    });
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});
