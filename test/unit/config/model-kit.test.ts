import { describe, expect, it } from 'vitest';
import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import { BUILT_IN, BUILT_IN_KITS } from '../../../reconciler/config/kits/kit-catalogue.ts';
import { checkDefinitions } from '../../../reconciler/config/kits/kit-document.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { kits } from '../../../schemas/index.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture();

function document(services: string, meta = 'name: s, domain: example.org'): string {
  return `version: "1.0"\nstackkit: base-kit\nmeta: { ${meta} }\nservices: ${services}\n`;
}

async function render(text: string): Promise<DesiredStack> {
  const { state, push } = createDesiredFixture({ secrets: { 'secret://file/db': 'hunter2' } });
  await push({ 'kombination.yaml': text });
  const stack = state.get('s');
  if (!stack) throw new Error('the stack s is missing');
  return stack;
}

async function container(text: string, service: string): Promise<Record<string, unknown>> {
  const stack = await render(text);
  const resource = stack.resources.find(({ id }) => id === `local/container/${service}`);
  if (!resource) throw new Error(`${service} is missing: ${JSON.stringify(stack.diagnostics)}`);
  return maskSpec(resource.spec);
}

describe('the kits that come along', () => {
  it.each(kits)('fit their schema: $name', (kit) => {
    const diagnostics = createDiagnosticCollector();
    checkSchema('stackkit', kit, diagnostics);
    expect(diagnostics.list).toEqual([]);
  });

  it.each(BUILT_IN)('hold definitions without findings: $name', (kit) => {
    const diagnostics = createDiagnosticCollector();
    checkDefinitions(kit, diagnostics);
    expect(diagnostics.list).toEqual([]);
  });

  const services = BUILT_IN_KITS.kits.get('base-kit')?.services ?? {};
  it.each(Object.entries(services))(
    'have a %s that renders',
    async (service, { needs = [], settings = {} }) => {
      const others = ['traefik', ...needs].filter((name) => name !== service);
      const required = Object.entries(settings).flatMap(([key, { required }]) => (required ? [key] : []));
      const config = Object.fromEntries(
        [...required, ...(settings['password'] ? ['password'] : [])].map((key) => [key, 'x']),
      );
      if (settings['repository']) config['repository'] = 's3:bucket';
      const listed = Object.fromEntries(others.map((name) => [name, {}]));
      const stack = await render(document(JSON.stringify({ ...listed, whoami: {}, [service]: { config } })));
      expect(stack.diagnostics).toEqual([]);
      expect(stack.services.map(({ name }) => name)).toContain(service);
      expect(JSON.stringify(stack.resources.map(({ spec }) => maskSpec(spec)))).not.toContain('{{');
    },
  );
});

describe('kit services', () => {
  it('answers as the reference does', () => {
    expect(state.check(document('[traefik, immich, homepage]'))).toEqual({
      diagnostics: [],
      services: ['traefik', 'immich', 'homepage'],
      dependencies: { traefik: [], immich: ['traefik'], homepage: ['traefik'] },
    });
  });

  it('starts what others need first', () => {
    expect(state.check(document('[homepage, immich, traefik]')).services).toEqual([
      'traefik',
      'homepage',
      'immich',
    ]);
  });

  it('renders parts and waits for them', async () => {
    const stack = await render(document('[traefik, immich]'));
    const immich = stack.resources.find(({ id }) => id === 'local/container/immich');
    expect(stack.services.map(({ name }) => name)).toEqual(['traefik', 'immich']);
    expect(immich?.dependsOn.filter(({ id }) => id.includes('/container/'))).toEqual([
      { id: 'local/container/immich-postgres', until: 'healthy' },
      { id: 'local/container/immich-redis', until: 'healthy' },
      { id: 'local/container/immich-machine-learning', until: 'applied' },
      { id: 'local/container/traefik', until: 'applied' },
    ]);
  });

  it('leads routes through the proxy network', async () => {
    expect(await container(document('[traefik, whoami]'), 'whoami')).toMatchObject({
      labels: {
        'traefik.enable': 'true',
        'traefik.docker.network': 's_proxy',
        'traefik.http.routers.s-whoami.rule': 'Host(`whoami.example.org`)',
        'traefik.http.services.s-whoami.loadbalancer.server.port': '80',
      },
      networks: { s_proxy: { aliases: ['whoami'] } },
    });
  });

  it.each([
    {
      when: 'a needed service is not listed',
      text: document('[whoami]'),
      want: ['4:12 warning IMPLIED_SERVICE services[0]'],
    },
    {
      when: 'no domain is given',
      text: document('[traefik, whoami]', 'name: s'),
      want: ['3:1 warning MISSING_DOMAIN meta'],
    },
    {
      when: 'a service is off the proxy',
      text: document('{ whoami: { route: false } }', 'name: s'),
      want: [],
    },
    { when: 'nothing is routed', text: document('[postgres]', 'name: s'), want: [] },
    {
      when: 'the proxy is disabled',
      text: document('{ traefik: { enabled: false }, whoami: {} }'),
      want: ['4:42 error UNKNOWN_SERVICE services.whoami'],
    },
    {
      when: 'two want one subdomain',
      text: document('{ traefik: , whoami: , a: { image: a, route: { subdomain: whoami, port: 1 } } }'),
      want: ['4:69 error INVALID_VALUE services.a.route.subdomain'],
    },
    {
      when: 'a part is named twice',
      text: document('{ traefik: , immich: , immich-redis: { image: a } }'),
      want: ['4:34 error INVALID_VALUE services.immich-redis'],
    },
    {
      when: 'a route has no port',
      text: document('{ traefik: , a: { image: a, route: true } }'),
      want: ['4:39 error REQUIRED services.a.route.port'],
    },
    {
      when: 'a setting is unknown',
      text: document('{ traefik: { config: { dashbord: true } } }'),
      want: ['4:34 error UNSUPPORTED_KEY services.traefik.config.dashbord'],
    },
    {
      when: 'a setting has the wrong type',
      text: document('{ traefik: { config: { dashboard: 1 } } }'),
      want: ['4:45 error INVALID_VALUE services.traefik.config.dashboard'],
    },
    {
      when: 'a setting is not a choice',
      text: document('{ traefik: { config: { log_level: LOUD } } }'),
      want: ['4:45 error INVALID_VALUE services.traefik.config.log_level'],
    },
  ])('says so when $when', ({ text, want }) => {
    expect(briefDiagnostics(state.check(text).diagnostics)).toEqual(want);
  });

  it('adds an implied service with its containers', async () => {
    expect((await render(document('[whoami]'))).services.map(({ name }) => name)).toEqual([
      'traefik',
      'whoami',
    ]);
  });

  it('takes either spelling of a name', () => {
    const report = state.check(
      document('[traefik, uptime_kuma, { name: a, image: a, needs: [uptime_kuma] }]'),
    );
    expect(report.services).toEqual(['traefik', 'uptime-kuma', 'a']);
    expect(report.dependencies['a']).toEqual(['uptime-kuma']);
  });

  it('implies nothing for a service with its own image', async () => {
    const stack = await render(document('{ redis: { image: "redis:8" } }', 'name: s'));
    expect(stack.diagnostics).toEqual([]);
    expect(stack.resources.filter(({ kind }) => kind === 'container')).toHaveLength(1);
  });
});

describe('what the author says about a kit service', () => {
  it('goes before what the kit says', async () => {
    const text = document(
      '{ traefik: , vaultwarden: { env: { SIGNUPS_ALLOWED: "false", DOMAIN: x }, volumes: ["/srv/vault:/data"], resources: { memory: 1g } } }',
    );
    expect(await container(text, 'vaultwarden')).toMatchObject({
      env: { DOMAIN: 'x', SIGNUPS_ALLOWED: 'false' },
      mounts: [{ type: 'bind', source: '/srv/vault', target: '/data' }],
      resources: { memoryBytes: 1024 ** 3, nanoCpus: 250_000_000 },
    });
  });

  it('replaces ports', async () => {
    const spec = await container(document('{ traefik: { ports: ["8080:80"] } }'), 'traefik');
    expect(spec['ports']).toEqual([{ containerPort: 80, hostPort: 8080, protocol: 'tcp' }]);
  });

  it('routes a service with its own image', async () => {
    const spec = await container(document('{ traefik: , app: { image: a, route: { port: 3000 } } }'), 'app');
    expect(spec['labels']).toMatchObject({ 'traefik.http.routers.s-app.rule': 'Host(`app.example.org`)' });
    expect(Object.keys(Object(spec['networks']))).toEqual(['s_default', 's_proxy']);
  });
});

describe('settings', () => {
  it('become arguments', async () => {
    const text = document(
      '{ traefik: { config: { log_level: DEBUG, dashboard: false, version: v3.7.0 } } }',
      'name: s, domain: a.b, email: x@a.b',
    );
    const spec = await container(text, 'traefik');
    expect(spec).toMatchObject({ image: 'traefik:v3.7.0' });
    expect(spec['command']).toEqual(
      expect.arrayContaining([
        '--log.level=DEBUG',
        '--api.dashboard=false',
        '--certificatesresolvers.letsencrypt.acme.email=x@a.b',
      ]),
    );
    expect(spec['labels']).toBeUndefined();
  });

  it('leave out what has no value', async () => {
    expect(JSON.stringify(await container(document('[traefik]'), 'traefik'))).not.toContain(
      'letsencrypt.acme',
    );
  });

  it('become labels and reach parts', async () => {
    const text = document(
      '{ traefik: , immich: { config: { upload_limit: 10GB, database_password: secret://file/db } } }',
    );
    expect((await container(text, 'immich'))['labels']).toMatchObject({
      'traefik.http.middlewares.s-immich-limit.buffering.maxRequestBodyBytes': '10737418240',
    });
    expect(await container(text, 'immich')).toMatchObject({ env: { DB_PASSWORD: '***' } });
    expect(await container(text, 'immich-postgres')).toMatchObject({ env: { POSTGRES_PASSWORD: '***' } });
  });
});
