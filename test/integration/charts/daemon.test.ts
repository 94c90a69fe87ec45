import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asFields } from '../../../reconciler/base/values.ts';
import type { Kombinator } from '../../../reconciler/index.ts';
import { createKombinator } from '../../../reconciler/index.ts';
import { clusterStack, configMap, demoChart, demoOverlay } from '../../support/charts/demo-files.ts';
import { writeChartPrograms } from '../../support/charts/programs.ts';
import { eventually } from '../../support/eventually.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import type { Hand } from '../../support/kubernetes/cluster-stack.ts';
import { createHand } from '../../support/kubernetes/cluster-stack.ts';
import { playControllers } from '../../support/kubernetes/kubernetes-controllers.ts';

const ADA = { name: 'Ada', email: 'ada@example.org' };
const WAIT = 60_000;
const FOLDER = 'kombinations/mon';
const FILE = `${FOLDER}/kombination.yaml`;
const signal = new AbortController().signal;

interface Daemon extends AsyncDisposable {
  readonly reconciler: Kombinator['reconciler'];
  readonly repo: TestRepository;
  readonly hand: Hand;
  readonly stateDir: string;
  /** Values of secrets by name, as the daemon's environment has them. */
  readonly secrets: Record<string, string>;
  /** Waits until the stack has this deployment tag, and is in sync. */
  deployed(number: number): Promise<void>;
}

/** A daemon on a repository and the double of a cluster, with programs that stand in for helm and kustomize. */
async function startDaemon(files: Readonly<Record<string, string>>): Promise<Daemon> {
  const double = await startClusterDouble();
  const stop = playControllers(double.api);
  const repo = await createBareRepo();
  const root = mkdtempSync(join(tmpdir(), 'kombinator-charts-'));
  const stateDir = join(root, 'state');
  const { helm, kustomize } = writeChartPrograms(join(root, 'bin'));
  const config = join(root, 'daemon.yaml');
  writeFileSync(
    config,
    JSON.stringify({ charts: { helm, kustomize }, clusters: { prod: { server: double.api.url } } }),
  );
  await commitFiles(repo, files, 'begin');
  const secrets: Record<string, string> = { KOMBINATOR_SECRET_LOGIN: 'correct-horse' };
  const kombinator = await createKombinator({
    repo: repo.path,
    stateDir,
    config,
    logger: createQuietLogger(),
    env: secrets,
    stableMs: 0,
  });
  const { reconciler } = kombinator;
  await reconciler.start();
  return {
    reconciler,
    repo,
    stateDir,
    secrets,
    hand: createHand(double.client),
    async deployed(number) {
      const tag = `deploy/mon/${number}`;
      const look = async () => {
        const tags = (await git(repo.path, 'tag', '--list', 'deploy/mon/*')).split('\n');
        return { tags, view: tags.includes(tag) ? reconciler.getStack('mon') : undefined };
      };
      const { tags, view } = await eventually(look, (one) => one.view?.state === 'in_sync', WAIT);
      expect(view?.state, `${tags.join()} ${reconciler.getStack('mon').message ?? ''}`).toBe('in_sync');
    },
    async [Symbol.asyncDispose]() {
      await kombinator[Symbol.asyncDispose]();
      stop();
      await double[Symbol.asyncDispose]();
      await repo[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const describeStack = (values: string) =>
  clusterStack('mon', [
    'charts:',
    `  demo: { chart: ./demo, values: { ${values} } }`,
    'overlays:',
    '  settings: { path: ./overlay/prod, namespace: shared }',
  ]);
const LOGIN = 'password: secret://env/LOGIN';
const FILES = {
  [FILE]: describeStack(LOGIN),
  ...demoChart(`${FOLDER}/demo`),
  ...demoOverlay(`${FOLDER}/overlay`),
};

const DEPLOYMENT = '/apis/apps/v1/namespaces/mon/deployments/demo-web';
const SECRET = '/api/v1/namespaces/mon/secrets/demo-login';
const CONFIG = '/api/v1/namespaces/shared/configmaps/prod-settings';

describe('a stack of a chart and an overlay', () => {
  it('is planned, applied, changed, repaired, rolled back and taken away', async () => {
    await using daemon = await startDaemon(FILES);
    const { reconciler, repo, hand, secrets } = daemon;
    const message = async () => JSON.stringify(await hand.read(DEPLOYMENT));
    const password = async () => asFields((await hand.read(SECRET))['data'])?.['password'];
    const plan = async () =>
      (await reconciler.plan({ stack: 'mon', actor: null, trigger: 'cli' }, signal)).plan;

    await daemon.deployed(1);
    expect(await message()).toContain('from the chart');
    expect(await password()).toBe(Buffer.from('correct-horse').toString('base64'));
    expect(await hand.read(CONFIG)).toMatchObject({ data: { colour: 'blue' } });
    expect(reconciler.getStack('mon').services).toMatchObject([
      { name: 'demo-web', image: 'local/web:1', resource: 'prod/Deployment/mon/demo-web', health: 'healthy' },
    ]);
    expect((await plan()).summary).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });

    await commitFiles(repo, { [FILE]: describeStack(`message: changed, ${LOGIN}`) }, 'change a value');
    await daemon.deployed(2);
    expect(await message()).toContain('changed');
    await commitFiles(
      repo,
      { [`${FOLDER}/overlay/base/config.yaml`]: configMap('settings', { colour: 'red' }) },
      'change what the overlay is built on',
    );
    await daemon.deployed(3);
    expect(await hand.read(CONFIG)).toMatchObject({ data: { colour: 'red' } });

    await hand.edit(CONFIG, { data: { colour: 'green' } });
    const repaired = await eventually(
      () => hand.read(CONFIG),
      (one) => asFields(one['data'])?.['colour'] === 'red',
      WAIT,
    );
    expect(repaired).toMatchObject({ data: { colour: 'red' } });

    await daemon.deployed(4);
    const before = await hand.read(DEPLOYMENT);
    // A look at what runs finds the new value as well: it is to wait for the plan.
    reconciler.hold('mon', ADA);
    secrets['KOMBINATOR_SECRET_LOGIN'] = 'battery-staple';
    const planned = await plan();
    expect(planned.changes.filter(({ action }) => action !== 'no-op').map(({ id }) => id)).toEqual([
      'prod/Secret/mon/demo-login',
      'prod/Deployment/mon/demo-web',
    ]);
    expect(JSON.stringify(planned)).not.toMatch(
      /correct-horse|battery-staple|Y29ycmVjdC1ob3|YmF0dGVyeS1zdGFwbG/,
    );
    await reconciler.apply({ stack: 'mon', actor: null, trigger: 'cli', overrideHold: true }, signal);
    await eventually(password, (one) => one === Buffer.from('battery-staple').toString('base64'), WAIT);
    await daemon.deployed(5);
    expect(await password()).toBe(Buffer.from('battery-staple').toString('base64'));
    expect((await hand.read(DEPLOYMENT))['spec']).not.toEqual(before['spec']);
    reconciler.releaseHold('mon');

    await reconciler.rollback('mon', { to: 1 }, ADA, signal);
    const text = await eventually(message, (one) => one.includes('from the chart'), WAIT);
    expect(text).toContain('from the chart');
    const config = await eventually(
      () => hand.read(CONFIG),
      (one) => asFields(one['data'])?.['colour'] === 'blue',
      WAIT,
    );
    expect(config).toMatchObject({ data: { colour: 'blue' } });
    await daemon.deployed(6);

    const gone = Object.fromEntries(Object.keys(FILES).map((path) => [path, null]));
    const other = {
      'kombinations/other/kombination.yaml': clusterStack('other', ['services: { a: { image: a } }']),
    };
    await commitFiles(repo, { ...gone, ...other }, 'take it away');
    const left = await eventually(
      () => hand.read(DEPLOYMENT).catch(() => null),
      (one) => one === null,
      WAIT,
    );
    expect(left).toBeNull();
    expect(readdirSync(join(daemon.stateDir, 'charts'))).toEqual([]);
  }, 300_000);
});
