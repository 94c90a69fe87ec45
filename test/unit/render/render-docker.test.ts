import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import { digestSpec, maskSpec, Secret } from '../../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

async function render(text: string, secrets: Record<string, string> = {}): Promise<DesiredStack> {
  const { state, push } = createDesiredFixture({ secrets });
  await push({
    'kombinations/s/kombination.yaml': text,
    'kombinations/s/conf/a.conf': 'a',
    'kombinations/s/conf/b/c': 'c',
  });
  const stack = state.get('s');
  if (!stack) throw new Error('the stack s is missing');
  return stack;
}

function find(stack: DesiredStack, id: string): DesiredResource {
  const resource = stack.resources.find((candidate) => candidate.id === id);
  if (!resource) throw new Error(`${id} is missing: ${JSON.stringify(stack.diagnostics)}`);
  return resource;
}

async function web(...lines: readonly string[]): Promise<ContainerSpec> {
  const stack = await render(kombination('s', 'web:', '  image: nginx', ...lines.map((line) => `  ${line}`)));
  return find(stack, 'local/container/web').spec as ContainerSpec;
}

describe('containers', () => {
  it('leaves out what is not said', async () => {
    expect(await web()).toEqual({
      name: 's-web-1',
      service: 'web',
      image: 'nginx:latest',
      networks: { s_default: { aliases: ['web'] } },
      restart: { policy: 'unless-stopped' },
      resources: {},
    });
  });

  it.each([
    { a: 'ports: ["8080:80"]', b: 'ports: [{ target: 80, published: 8080 }]' },
    { a: 'ports: ["[::1]:8080:80/tcp"]', b: 'ports: ["[0:0::1]:8080:80"]' },
    { a: 'ports: ["1:1", "2:2"]', b: 'ports: ["2:2", "1:1"]' },
    { a: 'ports: ["1-2:1-2"]', b: 'ports: ["1:1", "2:2"]' },
    { a: 'env: { A: 1, B: true }', b: 'environment: [B=true, A=1]' },
    { a: 'volumes: ["/a:/b:ro"]', b: 'volumes: [{ type: bind, source: /a/, target: /b, read_only: true }]' },
    { a: 'tmpfs: /run', b: 'tmpfs: [/run/]' },
    { a: 'command: a "b c"', b: 'command: [a, "b c"]' },
    { a: 'labels: { a: 1, b: }', b: 'labels: [b, a=1]' },
    { a: 'networks: [default]', b: 'networks: { default: { aliases: [web] } }' },
    { a: 'restart: unless-stopped', b: 'enabled: true' },
    { a: 'stop_grace_period: 10s', b: 'read_only: false' },
    {
      a: 'resources: { cpus: 0.5, memory: 1g }',
      b: 'deploy: { resources: { limits: { cpus: "0.50", memory: 1024M } } }',
    },
    { a: 'healthcheck: { disable: true }', b: 'healthcheck: { test: [NONE] }' },
    {
      a: 'healthcheck: { test: x, interval: 60s }',
      b: 'healthcheck: { test: [CMD-SHELL, x], interval: 1m }',
    },
    { a: 'user: 1000', b: 'user: "1000"' },
  ])('$a means $b', async ({ a, b }) => {
    expect(await web(a)).toEqual(await web(b));
  });

  it('init: false is said: an engine may have init as its default', async () => {
    expect(await web('init: false')).toMatchObject({ init: false });
  });

  it('reads the rest', async () => {
    const spec = await web(
      'entrypoint: /bin/sh -c',
      'hostname: h',
      'working_dir: /w',
      'read_only: true',
      'init: true',
      'stop_signal: SIGINT',
      'stop_grace_period: 1m',
      'restart: on-failure:3',
      'files: [{ source: conf, target: /etc/x, uid: 5 }, { content: hi, target: /etc/y, mode: "0600" }]',
      'healthcheck: { test: [CMD, a], interval: 1s, timeout: 2s, start_period: 3s, retries: 4 }',
    );
    expect(spec).toMatchObject({
      entrypoint: ['/bin/sh', '-c'],
      hostname: 'h',
      workingDir: '/w',
      readOnly: true,
      init: true,
      stopSignal: 'SIGINT',
      stopGracePeriodMs: 60_000,
      restart: { policy: 'on-failure', maxRetries: 3 },
      healthcheck: { test: ['CMD', 'a'], intervalMs: 1000, timeoutMs: 2000, startPeriodMs: 3000, retries: 4 },
      files: [
        { target: '/etc/x/a.conf', blob: '2e65efe2a145dda7ee51d1741299f848e5bf752e', mode: 0o644, uid: 5 },
        { target: '/etc/x/b/c', mode: 0o644, uid: 5 },
        { target: '/etc/y', blob: '32f95c0d1244a78b2be1bab8de17906fabb2c4a8', mode: 0o600 },
      ],
    });
  });

  it('joins no network in host mode', async () => {
    const stack = await render(kombination('s', 'web: { image: a, network_mode: host }'));
    expect(find(stack, 'local/container/web').spec).toMatchObject({ networkMode: 'host' });
    expect(stack.resources.map((resource) => resource.kind)).toEqual(['image', 'container']);
  });
});

describe('dependencies', () => {
  const text = kombination(
    's',
    'web: { image: nginx, volumes: ["data:/x"], depends_on: { db: { condition: service_healthy }, init: { condition: service_completed_successfully }, log: } }',
    'db: { image: postgres }',
    'init: { image: nginx }',
    'log: { image: nginx }',
  );

  it('waits for what is said, and for what the container is made of', async () => {
    const stack = await render(`${text}volumes: { data: }\n`);
    expect(find(stack, 'local/container/web').dependsOn).toEqual([
      { id: 'local/image/nginx:latest', until: 'applied' },
      { id: 'local/network/default', until: 'applied' },
      { id: 'local/volume/data', until: 'applied' },
      { id: 'local/container/db', until: 'healthy' },
      { id: 'local/container/init', until: 'completed' },
      { id: 'local/container/log', until: 'applied' },
    ]);
    expect(find(stack, 'local/container/init').spec).toMatchObject({ restart: { policy: 'no' } });
  });

  it('lists services with what they depend on', async () => {
    const stack = await render(`${text}volumes: { data: }\n`);
    expect(stack.services[0]).toEqual({
      name: 'web',
      node: 'local',
      image: 'nginx:latest',
      dependsOn: ['db', 'init', 'log'],
      ports: [],
      resource: 'local/container/web',
    });
  });
});

describe('shared resources', () => {
  it('renders only what is used, with its names', async () => {
    const stack = await render(
      [
        kombination('s', 'web: { image: a, networks: [front, there], volumes: ["data:/d", "old:/o"] }'),
        'networks: { front: { internal: true }, there: { external: true, name: shared }, unused: }',
        'volumes: { data: { driver: local }, old: { external: true }, spare: }',
      ].join('\n'),
    );
    expect(
      stack.resources
        .map(({ id, spec, guarded = false, shared = false }) => ({
          id,
          spec: maskSpec(spec),
          guarded,
          shared,
        }))
        .slice(0, 4),
    ).toEqual([
      { id: 'local/network/front', spec: { name: 's_front', internal: true }, guarded: false, shared: false },
      { id: 'local/network/there', spec: { name: 'shared', external: true }, guarded: false, shared: true },
      { id: 'local/volume/data', spec: { name: 's_data' }, guarded: true, shared: false },
      { id: 'local/volume/old', spec: { name: 'old', external: true }, guarded: true, shared: true },
    ]);
    expect(stack.resources).toHaveLength(6);
  });

  it('has one image for each node, pulled as eagerly as its most eager user wants', async () => {
    const stack = await render(
      kombination(
        's',
        'a: { image: x, pull_policy: never }',
        'b: { image: "docker.io/library/x:latest", pull_policy: always }',
        'c: { image: x, node: two }',
      ) +
        'nodes: [{ name: one, connection: { host: localhost } }, { name: two, connection: { host: pi } }]\n',
    );
    const images = stack.resources.filter((resource) => resource.kind === 'image');
    expect(
      images.map(({ id, spec, shared }) => ({ id, policy: maskSpec(spec)['pullPolicy'], shared })),
    ).toEqual([
      { id: 'one/image/x:latest', policy: 'always', shared: true },
      { id: 'two/image/x:latest', policy: 'missing', shared: true },
    ]);
    expect(find(stack, 'two/container/c').replaceWith).toEqual(['two/image/x:latest']);
    expect(stack.targets.map((target) => target.connection.type)).toEqual(['local', 'ssh']);
  });
});

describe('health timeouts', () => {
  it.each([
    { healthcheck: '{ test: a, interval: 1s, timeout: 1s, retries: 3 }', want: 60_000 },
    { healthcheck: '{ test: a }', want: 180_000 },
    { healthcheck: '{ test: a, start_period: 5m, interval: 10s, timeout: 10s, retries: 3 }', want: 360_000 },
    { healthcheck: '{ disable: true }', want: undefined },
  ])('gives $healthcheck $want ms', async ({ healthcheck, want }) => {
    const stack = await render(kombination('s', `web: { image: a, healthcheck: ${healthcheck} }`));
    expect(find(stack, 'local/container/web').healthTimeoutMs).toBe(want);
  });
});

describe('secrets', () => {
  const text = kombination(
    's',
    'web:',
    '  image: a',
    '  env: { A: secret://file/a, B: "x-${B}", C: "${C:-open}" }',
  );

  it('stay secret and enter the hash', async () => {
    const one = find(
      await render(text, { 'secret://file/a': 'hunter2', 'secret://env/B': 'bee' }),
      'local/container/web',
    );
    const two = find(
      await render(text, { 'secret://file/a': 'hunter3', 'secret://env/B': 'bee' }),
      'local/container/web',
    );
    expect(JSON.stringify([one, maskSpec(one.spec), digestSpec(one.spec)])).not.toMatch(/hunter2|bee/);
    expect((one.spec as ContainerSpec).env).toMatchObject({
      A: expect.any(Secret),
      B: expect.any(Secret),
      C: 'open',
    });
    expect(one.hash).not.toBe(two.hash);
  });
});

describe('origins', () => {
  it('point at the lines that ask for things', async () => {
    const text = [
      'version: "1.0"',
      'meta: { name: s }',
      'services:',
      '  web:',
      '    image: a',
      '    environment:',
      '      A: 1',
      '    volumes: [d:/d]',
      'volumes:',
      '  d:',
      '',
    ].join('\n');
    const stack = await render(text);
    const file = 'kombinations/s/kombination.yaml';
    const container = find(stack, 'local/container/web');
    expect(container.origin).toEqual({ file, line: 4, column: 3 });
    expect(container.origins).toMatchObject({ env: { line: 6 }, mounts: { line: 8 }, image: { line: 5 } });
    expect(find(stack, 'local/volume/d').origin).toEqual({ file, line: 10, column: 3 });
  });
});

it('renders the same bytes for the same document', async () => {
  const text = kombination('s', 'b: { image: b, env: { Z: 1, A: 2 } }', 'a: { image: a }');
  expect(JSON.stringify(await render(text))).toBe(JSON.stringify(await render(text)));
});
