import { describe, expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture();

interface Parts {
  readonly services?: string;
  readonly meta?: string;
  readonly kit?: string;
  readonly more?: string;
}

function text({
  services = '[traefik, whoami]',
  meta = 'name: s, domain: example.org',
  kit = 'base-kit',
  more = '',
}: Parts): string {
  return `version: "1.0"\nstackkit: ${kit}\nmeta: { ${meta} }\nservices: ${services}\n${more}\n`;
}

function brief(parts: Parts): readonly string[] {
  return briefDiagnostics(state.check(text(parts)).diagnostics);
}

async function render(parts: Parts, files: Readonly<Record<string, string>> = {}): Promise<DesiredStack> {
  const { state, push } = createDesiredFixture({
    secrets: { 'secret://file/key': 'hunter2', 'secret://file/db': 'pa' },
  });
  await push({ 'kombination.yaml': text(parts), ...files });
  const stack = state.get('s');
  if (!stack) throw new Error('the stack s is missing');
  return stack;
}

function spec(stack: DesiredStack, id: string): Record<string, unknown> {
  const found = stack.resources.find((resource) => resource.id === id);
  if (!found) throw new Error(`${id} is missing: ${JSON.stringify(stack.diagnostics)}`);
  return maskSpec(found.spec);
}

const twoNodes = (a: string, b: string): string => `nodes: [{ name: a, ${a} }, { name: b, ${b} }]`;
const here = 'connection: { host: localhost }';
const there = 'connection: { host: 10.0.0.2 }';

describe('limits of kits', () => {
  it.each([
    {
      when: 'there are too few nodes',
      parts: { kit: 'ha-kit' },
      want: ['2:1 error CONSTRAINT_VIOLATION stackkit'],
    },
    { when: 'there are enough', parts: { kit: 'ha-kit', more: twoNodes(here, there) }, want: [] },
    {
      when: 'there are too many',
      parts: {
        kit: 'ha-kit',
        more: `nodes: [${[1, 2, 3, 4, 5, 6].map((n) => `{ name: n${n}, connection: { host: 10.0.0.${n} } }`).join(', ')}]`,
      },
      want: ['5:1 error CONSTRAINT_VIOLATION nodes'],
    },
    {
      when: 'none is in the cloud',
      parts: { kit: 'modern-homelab', more: twoNodes(here, there) },
      want: ['5:1 error CONSTRAINT_VIOLATION nodes'],
    },
    {
      when: 'one is in the cloud',
      parts: { kit: 'modern-homelab', more: twoNodes(here, `type: cloud, ${there}`) },
      want: [],
    },
    {
      when: 'a domain is wanted',
      parts: {
        kit: 'modern-homelab',
        meta: 'name: s',
        services: '[postgres]',
        more: twoNodes(here, `provider: hetzner, ${there}`),
      },
      want: ['3:1 error CONSTRAINT_VIOLATION meta'],
    },
    {
      when: 'a node is small',
      parts: { more: `nodes: [{ name: a, ${here}, resources: { cpu: 1, memory: 2048 } }]` },
      want: [
        '5:71 warning CONSTRAINT_VIOLATION nodes[0].resources.cpu',
        '5:82 warning CONSTRAINT_VIOLATION nodes[0].resources.memory',
      ],
    },
    {
      when: 'memory does not suffice',
      parts: {
        services: '[traefik, jellyfin, home-assistant]',
        more: `nodes: [{ name: a, ${here}, resources: { memory: 1536, cpu: 4 } }, { name: b, ${there}, resources: { memory: 1Gi } }]`,
      },
      want: [
        '5:74 warning CONSTRAINT_VIOLATION nodes[0].resources.memory',
        '5:74 error RESOURCE_EXCEEDED nodes[0].resources.memory',
        '5:156 warning CONSTRAINT_VIOLATION nodes[1].resources.memory',
      ],
    },
    {
      when: 'cores do not suffice',
      parts: {
        services: '{ traefik: , whoami: { resources: { cpus: 8 } } }',
        more: `nodes: [{ name: a, ${here}, resources: { cpu: 4 } }]`,
      },
      want: ['5:71 error RESOURCE_EXCEEDED nodes[0].resources.cpu'],
    },
  ])('are checked when $when', ({ parts, want }) => {
    expect(brief(parts)).toEqual(want);
  });

  it('mean nothing to services that bring their own image', () => {
    const services = '{ a: { image: a, resources: { memory: 8g } } }';
    expect(brief({ services, more: `nodes: [{ name: a, ${here}, resources: { memory: 1024 } }]` })).toEqual(
      [],
    );
  });
});

describe('services that others need', () => {
  it('are added with a warning, on the same node', async () => {
    const stack = await render({ services: '{ authelia: { node: b } }', more: twoNodes(here, there) });
    expect(briefDiagnostics(stack.diagnostics)).toEqual([
      '4:13 warning IMPLIED_SERVICE services.authelia',
      '4:13 warning IMPLIED_SERVICE services.authelia',
    ]);
    expect(stack.services.map(({ name, node }) => `${name}@${node}`)).toEqual([
      'traefik@b',
      'redis@b',
      'authelia@b',
    ]);
    const authelia = stack.resources.find(({ id }) => id === 'b/container/authelia');
    expect(authelia?.dependsOn).toContainEqual({ id: 'b/container/redis', until: 'healthy' });
  });

  it('may be somebody’s own', () => {
    expect(brief({ services: '{ traefik: , authelia: , redis: { image: "valkey/valkey:8" } }' })).toEqual([]);
  });

  it.each([
    {
      services: '{ traefik: , authelia: , redis: false }',
      want: ['4:24 error UNKNOWN_SERVICE services.authelia'],
    },
    {
      services: '{ a: { image: a, needs: [redis] } }',
      want: ['4:36 error UNKNOWN_SERVICE services.a.needs[0]'],
    },
  ])('are missed in $services', ({ services, want }) => {
    expect(brief({ services })).toEqual(want);
  });

  it('get a proxy on every node with a route', async () => {
    const services = '{ traefik: , whoami: { node: a }, homepage: { node: b } }';
    const stack = await render({ services, more: twoNodes(here, there) });
    expect(stack.diagnostics).toEqual([]);
    expect(spec(stack, 'b/container/traefik-b')).toMatchObject({
      image: 'traefik:v3.6.13',
      networks: { s_proxy: {} },
    });
    const homepage = stack.resources.find(({ id }) => id === 'b/container/homepage');
    expect(homepage?.dependsOn).toContainEqual({ id: 'b/container/traefik-b', until: 'applied' });
    expect(stack.services.map(({ name }) => name)).not.toContain('traefik-b');
    expect(stack.services.find(({ name }) => name === 'homepage')?.dependsOn).toEqual(['traefik']);
  });
});

describe('add-ons', () => {
  it('add what is not listed', () => {
    const report = state.check(
      text({ services: '{ traefik: , grafana: false }', more: 'addons: [monitoring, monitoring-core]' }),
    );
    expect(report.diagnostics).toEqual([]);
    expect(report.services).toEqual(['traefik', 'prometheus', 'uptime-kuma', 'dozzle']);
  });

  it.each([
    { addon: 'media', want: [] },
    { addon: 'ai', want: [] },
    { addon: 'security', want: [] },
    { addon: 'dev', want: ['5:10 warning INCOMPLETE_ADDON addons[0]'] },
    { addon: 'backup', want: ['5:10 warning BACKUP_DESTINATION_MISSING addons[0]'] },
    { addon: 'medai', want: ['5:10 error UNKNOWN_ADDON addons[0]'] },
  ])('know $addon', ({ addon, want }) => {
    expect(brief({ services: '[traefik]', more: `addons: [${addon}]` })).toEqual(want);
  });
});

describe('certificates', () => {
  const command = async (parts: Parts, files = {}) =>
    JSON.stringify(spec(await render(parts, files), 'local/container/traefik')['command']);

  it.each([
    {
      when: 'there is an address',
      parts: { meta: 'name: s, domain: a.org, email: x@a.org' },
      acme: 'acme.email=x@a.org',
    },
    {
      when: 'ssl says so',
      parts: { more: 'ssl: { provider: letsencrypt, email: y@b.org }' },
      acme: 'acme.email=y@b.org',
    },
    {
      when: 'the domain is private',
      parts: { meta: 'name: s, domain: a.local, email: x@a.org' },
      acme: null,
    },
    { when: 'nobody can be reached', parts: {}, acme: null },
    {
      when: 'ssl says otherwise',
      parts: { meta: 'name: s, domain: a.org, email: x@a.org', more: 'ssl: { provider: selfsigned }' },
      acme: null,
    },
  ])('come from where they can when $when', async ({ parts, acme }) => {
    if (acme === null) expect(await command(parts)).not.toContain('acme');
    else expect(await command(parts)).toContain(acme);
  });

  it('may be the author’s own', async () => {
    const parts = {
      more: 'ssl: { provider: custom, cert_file: tls/cert.pem, key_file: "secret://file/key" }',
    };
    const stack = await render(parts, { 'tls/cert.pem': 'CERTIFICATE' });
    expect(stack.diagnostics).toEqual([]);
    const traefik = spec(stack, 'local/container/traefik');
    expect(JSON.stringify(traefik['command'])).toContain('--providers.file.filename=/etc/traefik/tls.yml');
    expect(traefik['files']).toMatchObject([
      { target: '/etc/traefik/tls.yml' },
      { target: '/etc/traefik/tls/cert.pem' },
    ]);
    expect(JSON.stringify(traefik)).toContain('/etc/traefik/tls/key.pem');
    expect(JSON.stringify(traefik)).not.toContain('hunter2');
  });

  it.each([
    {
      ssl: '{ provider: custom }',
      want: ['5:1 error REQUIRED ssl.cert_file', '5:1 error REQUIRED ssl.key_file'],
    },
    { ssl: '{ provider: letsencrypt }', want: ['5:18 warning MISSING_EMAIL ssl.provider'] },
    {
      ssl: '{ provider: letsencrypt, email: a@b.c, wildcard: true }',
      want: ['5:45 warning NOT_APPLIED ssl.wildcard'],
    },
    { ssl: '{ provider: zerossl }', want: ['5:18 error INVALID_VALUE ssl.provider'] },
  ])('are asked for in $ssl', ({ ssl, want }) => {
    expect(brief({ more: `ssl: ${ssl}` })).toEqual(want);
  });

  it('are not asked for where nobody gives them', () => {
    expect(brief({ meta: 'name: s, domain: a.local', more: 'ssl: { provider: letsencrypt }' })).toEqual([
      '5:18 error INVALID_VALUE ssl.provider',
    ]);
  });

  it('are what http leads to', async () => {
    expect(await command({})).toContain('--entrypoints.web.http.redirections.entrypoint.to=websecure');
  });
});

describe('settings of services', () => {
  it.each([
    {
      about: 'ports of the proxy',
      services: '{ traefik: { config: { ports: { http: 8080, https: 8443 } } } }',
      id: 'local/container/traefik',
      want: {
        ports: [
          { containerPort: 80, hostPort: 8080 },
          { containerPort: 443, hostPort: 8443 },
        ],
      },
    },
    {
      about: 'a directory instead of a volume',
      services: '{ traefik: , immich: { config: { storage_path: /srv/photos } } }',
      id: 'local/container/immich',
      want: { mounts: [{ type: 'bind', source: '/srv/photos', target: '/usr/src/app/upload' }] },
    },
    {
      about: 'a list of directories',
      services: '{ traefik: , plex: { config: { media_paths: [/a, /b] } } }',
      id: 'local/container/plex',
      want: { mounts: expect.arrayContaining([expect.objectContaining({ source: '/b', target: '/b' })]) },
    },
    {
      about: 'another edition',
      services: '{ traefik: , portainer: { config: { edition: be } } }',
      id: 'local/container/portainer',
      want: { image: 'portainer/portainer-ee:latest' },
    },
    {
      about: 'maps',
      services:
        '{ traefik: , redis: , authelia: { config: { totp: { issuer: me }, default-policy: two_factor } } }',
      id: 'local/container/authelia',
      want: { env: { AUTHELIA_TOTP_ISSUER: '***', AUTHELIA_ACCESS_CONTROL_DEFAULT_POLICY: '***' } },
    },
    {
      about: 'a list in one variable',
      services: '{ traefik: , dozzle: { config: { remote_hosts: ["tcp://a:2375", "tcp://b:2375"] } } }',
      id: 'local/container/dozzle',
      want: { env: { DOZZLE_REMOTE_HOST: 'tcp://a:2375,tcp://b:2375' } },
    },
  ])('may be $about', async ({ services, id, want }) => {
    const stack = await render({ services });
    expect(stack.diagnostics).toEqual([]);
    const found = spec(stack, id);
    if (id.endsWith('authelia'))
      expect(Object.keys(Object(found['env']))).toEqual(
        expect.arrayContaining(Object.keys(Object(want.env))),
      );
    else expect(found).toMatchObject(want);
  });

  it.each([
    {
      services: '{ traefik: , immich: { config: { storage_path: photos } } }',
      want: ['4:58 error INVALID_VALUE services.immich.config.storage_path'],
    },
    {
      services: '{ traefik: , home-assistant: { config: { zigbee: { devcie: /dev/x } } } }',
      want: ['4:62 error UNSUPPORTED_KEY services.home-assistant.config.zigbee.devcie'],
    },
    {
      services: '{ traefik: , gitea: { config: { ssh_port: 99999 } } }',
      want: ['4:53 error OUT_OF_RANGE services.gitea.config.ssh_port'],
    },
    {
      services: '{ traefik: , gitea: , drone: { config: { client_id: a, client_secret: b } } }',
      want: ['4:42 error REQUIRED services.drone.config.rpc_secret'],
    },
    {
      services: '{ restic: { config: { repository: "s3:x" } } }',
      want: ['4:23 error REQUIRED services.restic.config.password'],
    },
  ])('are refused in $services', ({ services, want }) => {
    expect(brief({ services })).toEqual(want);
  });

  it('keep secrets inside of longer texts', async () => {
    const services = '{ traefik: , dokploy: { config: { database_password: "secret://file/db" } } }';
    const stack = await render({ services });
    expect(stack.diagnostics).toEqual([]);
    expect(JSON.stringify(stack.resources.map(({ spec }) => maskSpec(spec)))).not.toContain('dokploy:pa@');
  });
});
