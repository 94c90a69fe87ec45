import { describe, expect, it } from 'vitest';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { buildPlan } from '../../../reconciler/plan/build-plan.ts';
import { CLUSTER_NODE, NODE as NODE_LINE, readExample } from '../../support/anywhere.ts';
import {
  CLUSTER,
  containerOf,
  describeStack,
  NODE,
  WEB,
} from '../../support/kubernetes/cluster-description.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';

describe('a service on a cluster', () => {
  it('keeps secrets in a Secret, and nowhere else', async () => {
    const { stack, spec } = await describeStack(
      {
        web: `${WEB}, env: { URL: "postgres://u:\${secret:file/db}@db/x", TOKEN: "\${TOKEN}", MY_PASSWORD: plain-text, MODE: "a$$b$(c)" }, secrets: [key], files: [{ target: /conf, content: "pw=\${secret:file/db}" }]`,
      },
      { more: 'secrets: { key: { secret: secret://file/db } }\n' },
    );
    expect(stack.diagnostics.map(({ code, path }) => [code, path])).toEqual([
      ['SECRET_IN_CLEAR', 'services.web.env.MY_PASSWORD'],
    ]);
    const shown = JSON.stringify(stack.resources.map((one) => maskSpec(one.spec)));
    expect(shown).not.toMatch(/hunter2|sesame|plain-text|postgres:/);
    const { env } = containerOf(spec('Deployment', 'web'));
    expect(env).toEqual([
      { name: 'MODE', value: 'a$b$$(c)' },
      ...['web.MY_PASSWORD', 'TOKEN', 'web.URL'].map((key) => ({
        name: key.replace('web.', ''),
        valueFrom: { secretKeyRef: { name: 'shop-secrets', key } },
      })),
    ]);
    expect(Object.keys(asFields(spec('Secret', 'shop-secrets')['data']) ?? {})).toEqual([
      'DB',
      'TOKEN',
      'web.MY_PASSWORD',
      'web.URL',
      'web.conf',
    ]);
  });

  it('is started anew when what it reads has changed, and only then', async () => {
    const annotation = async (db: string, other: string) => {
      const { state, push } = createDesiredFixture({
        secrets: { 'secret://file/db': db, 'secret://file/x': other },
      });
      const text = `version: "1.0"\nmeta: { name: shop }\nnodes: [${NODE}]\nservices:\n  web: { ${WEB}, env: { A: secret://file/db } }\n  api: { ${WEB}, env: { A: secret://file/x } }\n`;
      await push({ ...CLUSTER, 'kombinations/shop/kombination.yaml': text });
      const web = state
        .get('shop')
        ?.resources.find(({ name, kind }) => name === 'shop/web' && kind === 'Deployment');
      return web?.hash;
    };
    expect(await annotation('a', 'x')).toBe(await annotation('a', 'y'));
    expect(await annotation('a', 'x')).not.toBe(await annotation('b', 'x'));
  });

  it('has the files of the repository, and another plan when one of them changes', async () => {
    const files = (text: string) => ({
      'kombinations/shop/conf/a.txt': text,
      'kombinations/shop/conf/b.bin': new Uint8Array([0, 255]),
    });
    const of = (text: string) =>
      describeStack({ web: `${WEB}, files: [{ source: conf, target: /etc/conf }]` }, { files: files(text) });
    const { spec, stack } = await of('one\n');
    expect(stack.diagnostics).toEqual([]);
    expect(spec('ConfigMap', 'shop-web-files')).toMatchObject({
      data: { 'file-1': 'one\n' },
      binaryData: { 'file-2': 'AP8=' },
    });
    const hash = async (text: string) =>
      (await of(text)).stack.resources.find(({ kind }) => kind === 'Deployment')?.hash;
    expect(await hash('one\n')).not.toBe(await hash('two\n'));
    const large = await describeStack(
      { web: `${WEB}, files: [{ source: conf, target: /etc/conf }]` },
      { files: files('x'.repeat(1024 ** 2)) },
    );
    expect(large.found).toEqual(['error FILE_TOO_LARGE services.web.files[0]']);
  });

  it.each([
    {
      text: WEB,
      kind: 'Deployment',
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    },
    {
      text: `${WEB}, deploy: { replicas: 4, update_config: { parallelism: 2, order: start-first, monitor: 3s } }`,
      kind: 'Deployment',
      spec: {
        replicas: 4,
        minReadySeconds: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
      },
    },
    {
      text: `${WEB}, deploy: { update_config: { parallelism: 0 } }, scale: 3`,
      kind: 'Deployment',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 3 } } },
    },
    { text: `${WEB}, network_mode: host`, kind: 'Deployment', spec: { strategy: { type: 'Recreate' } } },
    {
      text: `${WEB}, volumes: ["data:/data"]`,
      kind: 'StatefulSet',
      spec: { serviceName: 'web', podManagementPolicy: 'Parallel' },
    },
    { text: `${WEB}, restart: "no"`, kind: 'Job', spec: { backoffLimit: 0 } },
  ])('is a $kind when it says $text', async ({ text, kind, spec: wanted }) => {
    const { spec, stack } = await describeStack({ web: text }, { more: 'volumes: { data: {} }\n' });
    expect(spec(kind, 'web')['spec']).toMatchObject(wanted);
    expect(stack.services).toMatchObject([{ resource: `prod/${kind}/shop/web` }]);
  });

  it('is found by all its names, and published as its node says', async () => {
    const { spec, stack } = await describeStack(
      {
        web: `${WEB}, container_name: the-web, ports: ["0.0.0.0:8080:80", "[::]:8080:80", "127.0.0.1:9:9"], networks: { default: { aliases: [www] } }, route: { port: 80 }`,
        api: 'image: "api:1", links: ["web:front"]',
      },
      { nodes: ['{ name: prod, type: kubernetes, publish: load-balancer, ingressClass: nginx }'] },
    );
    const names = stack.resources.filter(({ kind }) => kind === 'Service').map(({ name }) => name);
    expect(names.toSorted()).toEqual(
      ['api', 'front', 'the-web', 'web', 'web-published', 'www'].map((one) => `shop/${one}`),
    );
    expect(spec('Service', 'www')['spec']).toMatchObject({ clusterIP: 'None' });
    expect(spec('Service', 'web-published')['spec']).toMatchObject({
      type: 'LoadBalancer',
      ports: [{ port: 8080, targetPort: 80 }],
    });
    expect(spec('Ingress', 'web')['spec']).toMatchObject({
      ingressClassName: 'nginx',
      rules: [{ host: 'web.example.org' }],
    });
  });

  it('looks in the domains of the cluster where an engine is told to look in none', async () => {
    const { spec, stack } = await describeStack({ web: `${WEB}, dns_search: ["."]` });
    expect(stack.diagnostics).toEqual([]);
    expect(JSON.stringify(spec('Deployment', 'web'))).not.toContain('dnsConfig');
  });

  it('waits for others wherever they run, and they for it', async () => {
    const { stack } = await describeStack(
      {
        db: 'image: "postgres:17", node: local',
        migrate: 'image: "app:1", depends_on: { db: { condition: service_healthy } }',
        web: `${WEB}, depends_on: { migrate: { condition: service_completed_successfully } }`,
        edge: 'image: "caddy:2", node: local, depends_on: [web]',
      },
      { nodes: [NODE, '{ name: local, connection: { host: localhost } }'] },
    );
    const waits = (id: string) =>
      stack.resources.find((one) => one.id === id)?.dependsOn.map((one) => `${one.until} ${one.id}`);
    expect(waits('prod/Job/shop/migrate')).toContain('healthy local/container/db');
    expect(waits('prod/Deployment/shop/web')).toContain('completed prod/Job/shop/migrate');
    expect(waits('local/container/edge')).toContain('applied prod/Deployment/shop/web');
  });
});

const seenOn = ({ resources }: DesiredStack): readonly ObservedResource[] =>
  resources.map(({ id, target, kind, name, hash, spec, guarded, shared }) => ({
    id,
    target,
    kind,
    name,
    hash,
    revision: null,
    spec: maskSpec(spec),
    interrupted: false,
    health: { status: 'healthy' },
    fingerprint: hash,
    ...(guarded ? { guarded } : {}),
    ...(shared ? { shared } : {}),
    ...(target === 'prod' ? { dryRun: { fields: [], immutable: null, conflicts: [], refused: null } } : {}),
  }));

describe('a service that moves', () => {
  const MACHINE = '{ name: local, connection: { host: localhost } }';
  const services = { web: `${WEB}, volumes: ["data:/data"]`, db: 'image: "postgres:17", node: local' };
  const more = 'volumes: { data: {} }\n';
  const move = async (from: readonly string[], to: readonly string[]) => {
    const [before, after] = await Promise.all(
      [from, to].map((nodes) => describeStack(services, { nodes, more })),
    );
    return buildPlan({
      stack: 'shop',
      mode: 'apply',
      revision: null,
      diagnostics: [],
      deleteVolumes: false,
      policy: DEFAULT_POLICY,
      desired: after?.stack.resources ?? [],
      observed: before ? seenOn(before.stack) : [],
    });
  };

  it.each([
    {
      from: 'local/container/web',
      to: 'prod/StatefulSet/shop/web',
      nodes: [MACHINE, NODE],
      next: [NODE, MACHINE],
      kept: 'local/volume/data',
    },
    {
      from: 'prod/StatefulSet/shop/web',
      to: 'local/container/web',
      nodes: [NODE, MACHINE],
      next: [MACHINE, NODE],
      kept: 'prod/PersistentVolumeClaim/shop/shop-data',
    },
  ])('from $from to $to runs there before it goes here', async ({ from, to, nodes, next, kept }) => {
    const plan = await move(nodes, next);
    const change = (id: string) => plan.changes.find((one) => one.id === id);
    expect(change(to)?.action).toBe('create');
    expect(change(from)?.action).toBe('delete');
    expect(change(from)?.dependsOn).toContainEqual({ id: to, until: 'healthy' });
    expect(change(kept)).toMatchObject({ action: 'no-op', cause: expect.stringContaining('kept') });
    expect(plan.diagnostics).toMatchObject([{ severity: 'warning', code: 'VOLUME_STAYS' }]);
    const names = plan.changes.find(({ id }) => id === 'prod/Service/shop/web');
    if (names?.action === 'delete') expect(names.dependsOn).toContainEqual({ id: from, until: 'healthy' });
  });
});

describe('a plan that takes services away from a cluster', () => {
  it('asks for a yes by the number of services, not of the objects that go with them', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `s${index}`);
    const { stack } = await describeStack(Object.fromEntries(names.map((name) => [name, WEB])));
    const plan = (kept: number) =>
      buildPlan({
        stack: 'shop',
        mode: 'apply',
        revision: null,
        diagnostics: [],
        deleteVolumes: false,
        policy: { ...DEFAULT_POLICY, maxDeletions: 5 },
        desired: stack.resources.filter(({ name }) =>
          names.slice(0, kept).some((one) => name === `shop/${one}`),
        ),
        observed: seenOn(stack),
      });
    expect(plan(4).summary.delete).toBe(10);
    expect(plan(4).confirmations).toEqual([]);
    expect(plan(3).confirmations).toMatchObject([{ code: 'DELETES_MANY' }]);
  });
});

it('the example runs on a cluster when the type of its node is changed, and says what that changes', async () => {
  const { state, source, load } = createDesiredFixture({ secrets: { 'secret://file/notebook-key': 'k' } });
  source.pushWrites(
    readExample().map((file) =>
      file.path.endsWith('kombination.yaml')
        ? { ...file, content: String(file.content).replace(NODE_LINE, CLUSTER_NODE) }
        : file,
    ),
  );
  await load();
  expect(state.diagnostics().map(({ severity, message }) => `${severity} ${message}`)).toEqual([
    'warning port 8080 of web is reached inside of the cluster only',
  ]);
  const objects = state.get('notebook')?.resources.map(({ id, dependsOn, spec }) => ({
    id,
    dependsOn: dependsOn.map((one) => `${one.until} ${one.id}`),
    spec: maskSpec(spec),
  }));
  await expect(`${JSON.stringify(objects, null, 2)}\n`).toMatchFileSnapshot(
    '../golden/anywhere-on-cluster.json',
  );
});
