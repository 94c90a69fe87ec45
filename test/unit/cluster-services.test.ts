import { describe, expect, it } from 'vitest';
import { KEY_RULES } from '../../reconciler/model/cluster-support.ts';
import type { ObjectSpec } from '../../reconciler/model/kubernetes-object.ts';
import { maskSpec } from '../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../reconciler/model/stack.ts';
import { asFields, asList } from '../../reconciler/model/values.ts';
import { buildPlan } from '../../reconciler/plan/build-plan.ts';
import type { ObservedResource } from '../../reconciler/model/resource.ts';
import { DEFAULT_POLICY } from '../../reconciler/model/stack.ts';
import { briefDiagnostics, createDesiredFixture } from '../support/desired-fixtures.ts';

const CLUSTER = { 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' };
const NODE = '{ name: prod, type: kubernetes }';
const secrets = { 'secret://file/db': 'hunter2', 'secret://env/TOKEN': 'sesame' };

interface Described {
  readonly stack: DesiredStack;
  /** `error UNSUPPORTED_KEY services.web.devices` */
  readonly found: readonly string[];
  readonly messages: readonly string[];
  /** Of a resource of this kind and name. */
  spec(kind: string, name: string): ObjectSpec;
}

/** A stack `shop` with these services (or more) on the cluster. */
async function describeStack(
  services: Readonly<Record<string, string>>,
  {
    nodes = [NODE],
    more = '',
    files = {},
  }: { nodes?: readonly string[]; more?: string; files?: object } = {},
): Promise<Described> {
  const { state, push } = createDesiredFixture({ secrets });
  const lines = Object.entries(services).map(([name, text]) => `  ${name}: { ${text} }\n`);
  const text = `version: "1.0"\nmeta: { name: shop, domain: example.org }\nnodes: [${nodes.join(', ')}]\nservices:\n${lines.join('')}${more}`;
  await push({ ...CLUSTER, ...files, 'kombinations/shop/kombination.yaml': text });
  const stack = state.get('shop');
  if (!stack) throw new Error('there is no stack');
  return {
    stack,
    found: briefDiagnostics(stack.diagnostics).map((line) => line.replace(/^\S+ /, '')),
    messages: stack.diagnostics.map(({ message }) => message),
    spec(kind, name) {
      const found = stack.resources.find((one) => one.kind === kind && one.name === `shop/${name}`);
      if (!found) throw new Error(`no ${kind} ${name} in ${stack.resources.map(({ id }) => id).join(' ')}`);
      return found.spec as ObjectSpec;
    },
  };
}

const podOf = (object: ObjectSpec) =>
  asFields(asFields(asFields(object['spec'])?.['template'])?.['spec']) ?? {};
const containerOf = (object: ObjectSpec) => asFields(asList(podOf(object)['containers'])?.[0]) ?? {};

const WEB = 'image: "nginx:1.29"';

describe('a key that a cluster does not honour', () => {
  /** What to write for each rule; the other service is `db`. */
  const WRITTEN: Readonly<Record<string, string>> = {
    network_mode: 'network_mode: none',
    volumes_from: 'volumes_from: [db]',
    external_links: 'external_links: [old:older]',
    devices: 'devices: [/dev/null]',
    device_cgroup_rules: 'device_cgroup_rules: ["c 1:3 mr"]',
    gpus: 'gpus: all',
    user: 'user: www-data',
    group_add: 'group_add: [audio]',
    hostname: 'hostname: Not_DNS',
    extra_hosts: 'extra_hosts: ["here:host-gateway"]',
    pid: 'pid: "service:db"',
    ipc: 'ipc: "service:db"',
    init: 'init: true',
    stop_signal: 'stop_signal: SIGINT',
    mac_address: 'mac_address: "02:42:ac:11:65:43"',
    domainname: 'domainname: example.org',
    dns: 'dns: 1.1.1.1',
    logging: 'logging: { driver: local }',
    userns_mode: 'userns_mode: host',
    cgroup: 'cgroup: host',
    cgroup_parent: 'cgroup_parent: /some',
    uts: 'uts: host',
    ulimits: 'ulimits: { nofile: 5 }',
    storage_opt: 'storage_opt: { size: 1g }',
    memswap_limit: 'mem_limit: 64m, memswap_limit: 128m',
    mem_swappiness: 'mem_swappiness: 5',
    oom_kill_disable: 'oom_kill_disable: true',
    oom_score_adj: 'oom_score_adj: 5',
    pids_limit: 'pids_limit: 5',
    cpu_shares: 'cpu_shares: 5',
    cpu_period: 'cpu_period: 5000',
    cpu_quota: 'cpu_quota: 5000',
    cpu_rt_period: 'cpu_rt_period: 5000',
    cpu_rt_runtime: 'cpu_rt_runtime: 5000',
    cpuset: 'cpuset: "0"',
    blkio_config: 'blkio_config: { weight: 100 }',
    container_name: 'container_name: My_Web',
  };
  const keys = [...new Set(KEY_RULES.map(({ key }) => key))];

  it.each(keys)('%s is said with its line', async (key) => {
    const text = WRITTEN[key];
    if (text === undefined) throw new Error(`nothing is written for ${key}`);
    const { found } = await describeStack({ web: `${WEB}, ${text}`, db: 'image: "postgres:17"' });
    const severities = KEY_RULES.filter((rule) => rule.key === key).map(({ severity }) => severity);
    expect(severities.map((one) => `${one} UNSUPPORTED_KEY services.web.${key}`)).toContainEqual(found[0]);
    const machine = await describeStack(
      { web: `${WEB}, ${text}`, db: 'image: "postgres:17"' },
      { nodes: ['{ name: prod, connection: { host: localhost } }'] },
    );
    expect(machine.found).not.toContainEqual(found[0]);
  });

  it.each([
    {
      when: 'the socket of an engine',
      text: 'volumes: ["/var/run/docker.sock:/s"]',
      says: 'error UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'a path of the machine',
      text: 'volumes: ["/srv:/srv"]',
      says: 'warning UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'a published port',
      text: 'ports: ["8080:80"]',
      says: 'warning UNSUPPORTED_KEY services.web.ports[0]',
    },
    {
      when: 'a volume of several pods',
      text: 'scale: 2, volumes: ["data:/data"]',
      says: 'warning UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'options of a tmpfs',
      text: 'tmpfs: "/run:size=1m,mode=1777"',
      says: 'warning UNSUPPORTED_KEY services.web.tmpfs',
    },
    {
      when: 'the owner of a file',
      text: 'files: [{ content: a, target: /a, uid: 5 }]',
      says: 'warning UNSUPPORTED_KEY services.web.files[0]',
    },
    {
      when: 'the check of an image',
      text: 'healthcheck: { interval: 5s }',
      says: 'warning UNSUPPORTED_KEY services.web.healthcheck',
    },
    {
      when: 'a pause between batches',
      text: 'deploy: { update_config: { delay: 5s } }',
      says: 'warning UNSUPPORTED_KEY services.web.deploy.update_config.delay',
    },
    {
      when: 'restarts on failure only',
      text: 'restart: on-failure',
      says: 'warning UNSUPPORTED_KEY services.web.restart',
    },
    {
      when: 'a profile of seccomp',
      text: 'security_opt: ["seccomp={}"]',
      says: 'error UNSUPPORTED_KEY services.web.security_opt',
    },
    {
      when: 'a label that is no annotation',
      text: 'labels: { "a b": c }',
      says: 'warning UNSUPPORTED_KEY services.web.labels["a b"]',
    },
    {
      when: 'an address',
      text: 'networks: { back: { ipv4_address: 10.9.0.5 } }',
      says: 'warning UNSUPPORTED_KEY services.web.networks.back',
    },
    { when: 'a network', text: 'networks: [back]', says: 'warning UNSUPPORTED_KEY networks.back' },
    {
      when: 'options of a volume',
      text: 'volumes: ["share:/data"]',
      says: 'error UNSUPPORTED_KEY volumes.share.driver_opts.type',
    },
    {
      when: 'something to build',
      text: 'image: "", build: .',
      says: 'error UNSUPPORTED_KEY services.web.build',
    },
  ])('$when is said with its line', async ({ text, says }) => {
    const more =
      'volumes: { data: {}, share: { driver_opts: { type: nfs } } }\nnetworks: { back: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }\n';
    const image = text.startsWith('image') ? text.replace('image: "", ', '') : `${WEB}, ${text}`;
    const { found } = await describeStack({ web: image }, { more });
    expect(found).toContain(says);
  });

  it('is an error where names cannot be told apart', async () => {
    const { found, messages } = await describeStack({ my_db: WEB, 'my-db': WEB, '9lives': WEB });
    expect(found).toContain('error DUPLICATE_NAME services.my-db');
    expect(found).toContain('error INVALID_VALUE services.9lives');
    expect(messages).toContain('my_db is called my-db on a cluster, and found by that name only');
  });

  it('is an image that somebody has pushed, where it is built elsewhere', async () => {
    const { found, spec } = await describeStack({ web: 'image: "registry.example.org/web:1", build: .' });
    expect(found).toEqual(['warning UNSUPPORTED_KEY services.web.build']);
    expect(containerOf(spec('Deployment', 'web'))['image']).toBe('registry.example.org/web:1');
  });
});

describe('a node of type kubernetes', () => {
  it.each([
    {
      nodes: ['{ name: prod, type: kubernetes, cluster: prodd }'],
      says: ['error UNKNOWN_CLUSTER nodes[0].cluster'],
    },
    {
      nodes: ['{ name: prod, type: kubernetes, connection: { host: a } }'],
      says: ['error INVALID_VALUE nodes[0].connection'],
    },
    {
      nodes: ['{ name: prod, type: docker, namespace: a, connection: { host: localhost } }'],
      says: ['error INVALID_VALUE nodes[0].namespace'],
    },
    {
      nodes: [NODE, '{ name: also, type: kubernetes, cluster: prod }'],
      says: ['error INVALID_VALUE nodes[1].name'],
    },
    {
      nodes: ['{ name: prod, type: kubernetes, publish: loud }'],
      says: ['error INVALID_VALUE nodes[0].publish'],
    },
  ])('says $says', async ({ nodes, says }) => {
    expect((await describeStack({ web: WEB }, { nodes })).found).toEqual(says);
  });

  it('says of a cluster what it is called, and where', async () => {
    const { stack } = await describeStack(
      { web: WEB },
      { nodes: ['{ name: home, type: kubernetes, cluster: prod, namespace: shops }'] },
    );
    expect(stack.diagnostics).toEqual([]);
    expect(stack.resources.map(({ id }) => id)).toEqual([
      'home/Namespace/shops',
      'home/Service/shops/web',
      'home/Deployment/shops/web',
    ]);
    expect(stack.services).toMatchObject([
      { name: 'web', node: 'home', resource: 'home/Deployment/shops/web' },
    ]);
  });
});

describe('a service on a cluster', () => {
  it('keeps secrets in a Secret, and nowhere else', async () => {
    const { stack, spec } = await describeStack(
      {
        web: `${WEB}, env: { URL: "postgres://u:\${secret:file/db}@db/x", TOKEN: "\${TOKEN}", MY_PASSWORD: plain-text, MODE: "a$$b$(c)" }, secrets: [key], files: [{ target: /conf, content: "pw=\${secret:file/db}" }]`,
      },
      { more: 'secrets: { key: { secret: secret://file/db } }\n' },
    );
    expect(stack.diagnostics).toEqual([]);
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
        web: `${WEB}, container_name: the-web, ports: ["8080:80", "127.0.0.1:9:9"], networks: { default: { aliases: [www] } }, route: { port: 80 }`,
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

describe('a service that moves', () => {
  const MACHINE = '{ name: local, connection: { host: localhost } }';
  const services = { web: `${WEB}, volumes: ["data:/data"]`, db: 'image: "postgres:17", node: local' };
  const more = 'volumes: { data: {} }\n';
  const seen = ({ resources }: DesiredStack): readonly ObservedResource[] =>
    resources.map(({ id, target, kind, name, hash, spec, guarded, shared }) => ({
      ...{ id, target, kind, name, hash, revision: null, spec: maskSpec(spec), interrupted: false },
      health: { status: 'healthy' },
      fingerprint: hash,
      ...(guarded ? { guarded } : {}),
      ...(shared ? { shared } : {}),
      ...(target === 'prod'
        ? { projection: { fields: [], immutable: null, conflicts: [], refused: null } }
        : {}),
    }));
  const move = async (from: readonly string[], to: readonly string[]) => {
    const [before, after] = await Promise.all(
      [from, to].map((nodes) => describeStack(services, { nodes, more })),
    );
    return buildPlan({
      ...{ stack: 'shop', mode: 'apply', revision: null, diagnostics: [], deleteVolumes: false },
      policy: DEFAULT_POLICY,
      desired: after?.stack.resources ?? [],
      observed: before ? seen(before.stack) : [],
    });
  };

  it.each([
    {
      from: 'local/container/web',
      to: 'prod/StatefulSet/shop/web',
      nodes: [MACHINE, NODE],
      then: [NODE, MACHINE],
      kept: 'local/volume/data',
    },
    {
      from: 'prod/StatefulSet/shop/web',
      to: 'local/container/web',
      nodes: [NODE, MACHINE],
      then: [MACHINE, NODE],
      kept: 'prod/PersistentVolumeClaim/shop/shop-data',
    },
  ])('from $from to $to runs there before it goes here', async ({ from, to, nodes, then, kept }) => {
    const plan = await move(nodes, then);
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
