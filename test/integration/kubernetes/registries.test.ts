import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { asFields, asList, asString } from '../../../reconciler/base/values.ts';
import type { ClusterConnector } from '../../support/kubernetes/cluster-double.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { playJobs } from '../../support/kubernetes/cluster-jobs.ts';
import {
  actionsOf,
  createClusterStack,
  createHand,
  removeStacks,
} from '../../support/kubernetes/cluster-stack.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { contextFor } from '../../support/docker/docker-resources.ts';
import { eventually } from '../../support/eventually.ts';
import { playControllers } from '../../support/kubernetes/kubernetes-controllers.ts';
import { createRig } from '../../support/reconciler-rig.ts';
import { realClock } from '../../support/docker/target-options.ts';

const quiet = () => new AbortController().signal;
const PASSWORD = 'secret://env/REGISTRY';

/** A repository with one stack, whose service and hook have images of a private registry. */
const filesOf = (stack: string) => ({
  'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n',
  'kombinator.yaml': `registries: [{ host: registry.example.org, username: ci, password: ${PASSWORD} }]\n`,
  'kombinations/x/kombination.yaml': `version: "1.0"
meta: { name: ${stack} }
nodes: [{ name: prod, type: kubernetes }]
services: { web: { image: "registry.example.org/team/web:1" } }
hooks: { pre_deploy: [{ name: try, service: web, command: "true" }] }
`,
});

async function describePrivate() {
  const stack = `rg${randomBytes(3).toString('hex')}`;
  const secrets = { [PASSWORD]: 'correct-horse' };
  const { state, push } = createDesiredFixture({ secrets });
  await push(filesOf(stack));
  const described = () => {
    const found = state.get(stack);
    if (!found || found.diagnostics.length > 0) throw new Error(JSON.stringify(found?.diagnostics));
    return found;
  };
  return { stack, secrets, described };
}

const real = inject('kubernetes');
const places: readonly {
  readonly where: string;
  readonly open: () => Promise<ClusterConnector & AsyncDisposable>;
}[] = [
  { where: 'the double', open: startClusterDouble },
  ...(real ? [{ where: real.title, open: async () => openRealCluster(real) }] : []),
];

describe.each(places)('a stack with images of a private registry on $where', ({ open }) => {
  it('brings the credentials along, and a new password touches nothing else', async () => {
    await using cluster = await open();
    await using target = cluster.createTarget();
    const { stack, secrets, described } = await describePrivate();
    const own = createClusterStack(target, stack, stack);
    const hand = createHand(cluster.client);
    const secret = `/api/v1/namespaces/${stack}/secrets/${stack}-registries`;
    const deployment = `/apis/apps/v1/namespaces/${stack}/deployments/web`;
    const passwordIn = async () => {
      const live = await hand.read(secret);
      expect(live['type']).toBe('kubernetes.io/dockerconfigjson');
      const config = asString(asFields(live['data'])?.['.dockerconfigjson']) ?? '';
      return JSON.parse(Buffer.from(config, 'base64').toString()).auths['registry.example.org'].password;
    };
    try {
      await own.apply(described().resources);
      expect(await passwordIn()).toBe('correct-horse');
      const before = await hand.read(deployment);
      expect(JSON.stringify(before['spec'])).toContain(`"imagePullSecrets":[{"name":"${stack}-registries"}]`);
      expect(actionsOf(await own.plan(described().resources))).toEqual([]);

      secrets[PASSWORD] = 'battery-staple';
      const plan = await own.plan(described().resources);
      expect(actionsOf(plan)).toEqual([`update prod/Secret/${stack}/${stack}-registries`]);
      const coded = Buffer.from('ci:battery-staple').toString('base64');
      for (const text of ['battery', 'correct-horse', coded])
        expect(JSON.stringify(plan)).not.toContain(text);
      await own.carryOut(plan, described().resources);
      expect(await passwordIn()).toBe('battery-staple');
      const after = await hand.read(deployment);
      expect(asFields(after['metadata'])?.['generation']).toBe(asFields(before['metadata'])?.['generation']);
      expect(actionsOf(await own.plan(described().resources))).toEqual([]);
    } finally {
      await removeStacks(cluster.client, [own]);
    }
  });

  it('lets the pod of a hook begin when they are there', async () => {
    await using cluster = await open();
    await using target = cluster.createTarget();
    const { stack, described } = await describePrivate();
    const hand = createHand(cluster.client);
    const [hook] = described().hooks;
    const { resource, image } = hook!;
    const oneOff = { resource, image, timeoutMs: 3_000, onLine: () => undefined };
    const running = target.runOneOff(oneOff, contextFor(stack)).catch((error: unknown) => error);
    const name = `${stack}-hook-pre-deploy-try`;
    const jobs = `/apis/batch/v1/namespaces/${stack}/jobs/${name}`;
    const job = await eventually(
      () => hand.read(jobs).catch(() => null),
      (one) => asFields(one?.['spec'])?.['suspend'] === false,
    );
    const secret = await hand.read(`/api/v1/namespaces/${stack}/secrets/${name}-registries`);
    const [owner] = asList(asFields(secret['metadata'])?.['ownerReferences']) ?? [];
    expect(asFields(owner)?.['uid']).toBe(asFields(job?.['metadata'])?.['uid']);
    // No node runs its pod.
    expect(await running).toMatchObject({ code: 'HOOK_FAILED' });
    await hand.remove(`/api/v1/namespaces/${stack}`);
  });
});

it('a hook with an image of a private registry runs to its end, with its credentials there first', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  playJobs(double.api);
  const { stack, described } = await describePrivate();
  const { resource, image } = described().hooks[0]!;
  const oneOff = { resource, image, timeoutMs: 20_000, onLine: () => undefined };
  expect(await target.runOneOff(oneOff, contextFor(stack))).toBe(0);
  const written = double.api.requests.flatMap(
    (line) => /^(POST|PATCH) \S+\/(jobs|secrets)\b/.exec(line)?.slice(1).join(' ') ?? [],
  );
  expect(written).toEqual(['POST jobs', 'POST secrets', 'PATCH jobs']);
});

it('a password of a registry is in the Secret, and in no plan, log, tag, label or record', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kombinator-registries-'));
  await using double = await startClusterDouble();
  playControllers(double.api);
  playJobs(double.api);
  const secrets = { [PASSWORD]: 'correct-horse' };
  const store = createSqliteStore({ path: join(stateDir, 'kombinator.db'), clock: realClock });
  const createTarget = () => double.createTarget();
  const said: unknown[] = [];
  {
    await using rig = createRig({ clock: realClock, store, secrets, createTarget });
    const { source, reconciler, logger } = rig;
    source.push(filesOf('shop'));
    for (const value of ['correct-horse', 'battery-staple']) {
      secrets[PASSWORD] = value;
      const plan = await reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, quiet());
      const { job } = await rig.apply('shop');
      expect(job).toMatchObject({ status: 'completed', error: null });
      said.push(plan, reconciler.getStack('shop'));
    }
    expect(rig.jobs('shop')[0]?.summary).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    said.push(logger, rig.jobs('shop'), await source.tags('deploy/'), store.listStacks());
    for (const { id, planId } of rig.jobs('shop'))
      said.push(store.listLogs(id), store.listSteps(id), planId === null ? null : store.getPlan(planId));
  }
  const kept = readdirSync(stateDir).map((name) => readFileSync(join(stateDir, name), 'latin1'));
  const objects = double.api.store.kinds.flatMap((kind) => double.api.store.list(kind, 'shop'));
  const isSecret = ({ type }: (typeof objects)[number]) => type === 'kubernetes.io/dockerconfigjson';
  const live = objects.map((object) => (isSecret(object) ? object['metadata'] : object));
  const everything = [JSON.stringify([said, live]), ...kept].join('\n');
  expect(everything).toContain('shop-registries');
  const clear = ['correct-horse', 'battery-staple'];
  const coded = clear.map((value) => Buffer.from(`ci:${value}`).toString('base64'));
  const whole = objects.filter(isSecret).map(({ data }) => asString(asFields(data)?.['.dockerconfigjson']));
  expect(whole).toContainEqual(expect.any(String));
  const hidden = [...clear, ...coded, ...whole.map(String)];
  expect(hidden.filter((value) => everything.includes(value))).toEqual([]);
  rmSync(stateDir, { recursive: true });
});
