import { describe, expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture();

async function render(text: string): Promise<DesiredStack> {
  const { state, push } = createDesiredFixture({ secrets: { 'secret://env/TOKEN': 'hunter2' } });
  await push({ 'kombination.yaml': text });
  const [name = ''] = state.names();
  const stack = state.get(name);
  if (!stack) throw new Error('there is no stack');
  return stack;
}

function spec(stack: DesiredStack, id: string): Record<string, unknown> {
  const found = stack.resources.find((resource) => resource.id === id);
  if (!found) throw new Error(`${id} is missing: ${JSON.stringify(stack.diagnostics)}`);
  return maskSpec(found.spec);
}

const FULL = `name: shop
kit: base-kit
nodes:
  - { name: edge, type: edge, provider: local }
  - name: one
    type: main
    provider: hetzner
    ssh: { host: 10.0.0.2, key_path: /root/.ssh/id }
    resources: { cpu: 4, memory: 8Gi, disk: 50Gi }
network:
  domain: example.org
  internal: { subnet: 10.20.0.0/24, gateway: 10.20.0.1 }
security:
  container: { noNewPrivileges: true }
  tls: { certSource: acme, acmeEmail: a@example.org }
services:
  - { name: traefik, type: reverse-proxy }
  - { name: engine, type: docker }
  - { name: db, type: database, needs: [engine] }
  - name: app
    type: custom
    config: { image: "ghcr.io/example/app:1" }
    needs: [db]
    ports: [{ container: 8080, host: 8088 }]
    network: { proxy: { domain: app.example.org, middlewares: [auth@docker] } }
    resources: { cpuLimit: "0.5", memoryLimit: 512Mi, memoryRequest: 64Mi }
    volumes:
      - { name: data, mountPath: /data }
      - { name: conf, mountPath: /conf, hostPath: /srv/conf, type: bind, readOnly: true }
      - { name: tmp, mountPath: /scratch, type: tmpfs }
    environment: { MODE: live }
    environmentSecrets: { TOKEN: "secret://env/TOKEN" }
    restartPolicy: on-failure
`;

describe('the intent dialect', () => {
  it('means the same as the public format', async () => {
    const stack = await render(FULL);
    expect(briefDiagnostics(stack.diagnostics)).toEqual(['18:5 warning NOT_APPLIED services[1]']);
    expect(stack).toMatchObject({ name: 'shop', stackkit: 'base-kit' });
    expect(stack.targets[1]).toMatchObject({
      name: 'one',
      connection: { type: 'ssh', host: '10.0.0.2', user: 'root', keyPath: '/root/.ssh/id' },
    });
    expect(spec(stack, 'one/container/app')).toMatchObject({
      image: 'ghcr.io/example/app:1',
      env: { MODE: 'live', TOKEN: '***' },
      ports: [{ containerPort: 8080, hostPort: 8088, protocol: 'tcp' }],
      resources: {
        nanoCpus: 500_000_000,
        memoryBytes: 512 * 1024 ** 2,
        memoryReservationBytes: 64 * 1024 ** 2,
      },
      mounts: [
        { type: 'bind', source: '/srv/conf', target: '/conf', readOnly: true },
        { type: 'volume', source: 'shop_data', target: '/data' },
        { type: 'tmpfs', target: '/scratch' },
      ],
      labels: {
        'traefik.http.routers.shop-app.rule': 'Host(`app.example.org`)',
        'traefik.http.routers.shop-app.middlewares': 'auth@docker',
        'traefik.http.services.shop-app.loadbalancer.server.port': '8080',
      },
      restart: { policy: 'on-failure' },
    });
    expect(spec(stack, 'one/container/db')).toMatchObject({
      image: 'postgres:16-alpine',
      mounts: [{ source: 'shop_db-postgres-data' }],
    });
    expect(spec(stack, 'one/network/default')).toMatchObject({
      ipam: { config: [{ subnet: '10.20.0.0/24', gateway: '10.20.0.1' }] },
    });
    expect(JSON.stringify(spec(stack, 'one/container/traefik'))).toContain('acme.email=a@example.org');
  });

  it('hardens containers that say nothing themselves', async () => {
    const stack = await render(FULL);
    expect(JSON.stringify(spec(stack, 'one/container/app'))).toContain('no-new-privileges=true');
  });

  it.each([
    {
      when: 'the wizard wrote it',
      text: 'name: lab\nkit: base-kit\nnodes: [{ name: here, type: main }]\nservices: [{ name: traefik, type: reverse-proxy }, { name: whoami, type: service }]\nnetwork: { domain: a.org }\n',
      services: ['traefik', 'whoami'],
    },
    {
      when: 'it is a mixture',
      text: 'version: "1.0"\nmeta: { name: lab, domain: a.org }\nkit: base-kit\nservices: { traefik: true, redis: { enabled: true, kind: cache }, web: { image: nginx, needs: [redis], restartPolicy: always } }\n',
      services: ['traefik', 'redis', 'web'],
    },
    {
      when: 'no kit is named',
      text: 'name: lab\nservices: [postgres]\n',
      services: ['postgres'],
    },
    {
      when: 'older words are used',
      text: 'version: "1.0"\nstackkit: base-kit\nmeta: { name: lab }\nnetwork: { domain: a.local, tls: { provider: selfsigned } }\nservices: [traefik, { name: whoami, preferred_node: local }]\noverrides: { whoami: { env: { A: "1" } } }\n',
      services: ['traefik', 'whoami'],
    },
  ])('is read when $when', ({ text, services }) => {
    expect(state.check(text)).toMatchObject({ diagnostics: [], services });
  });

  it.each([
    { text: 'name: A\nservices: [postgres]\n', want: ['1:7 error INVALID_FORMAT name'] },
    { text: 'kit: base-kit\nservices: [postgres]\n', want: ['1:1 error REQUIRED name'] },
    { text: 'name: s\nkit: bse-kit\nservices: [postgres]\n', want: ['2:6 error UNKNOWN_KIT kit'] },
    {
      text: 'name: s\nservices: [{ name: a, image: a, ports: [{ container: 80, host: 99999 }] }]\n',
      want: [
        '2:41 error OUT_OF_RANGE services[0].ports[0]',
        '2:64 error OUT_OF_RANGE services[0].ports[0].host',
      ],
    },
    {
      text: 'name: s\nservices: [{ name: a, image: a, environmentSecrets: { A: plain } }]\n',
      want: ['2:58 error INVALID_FORMAT services[0].environmentSecrets.A'],
    },
    {
      text: 'name: s\nservices: [{ name: a, image: a, environmentSecrets: { A: "secret://env/NO" } }]\n',
      want: ['2:58 error SECRET_NOT_FOUND services[0].environmentSecrets.A'],
    },
    {
      text: 'name: s\nservices: [{ name: a, image: a, resources: { memoryLimit: 1Mi } }]\n',
      want: ['2:59 error OUT_OF_RANGE services[0].resources.memoryLimit'],
    },
    {
      text: 'name: s\nservices: [{ name: a, image: a, volumes: [{ mountPath: /a }] }]\n',
      want: ['2:43 error REQUIRED services[0].volumes[0].name'],
    },
    {
      text: 'name: s\nservices: [{ name: immich, storage: photos }, traefik]\nnetwork: { domain: a.b }\n',
      want: ['2:28 warning NOT_APPLIED services[0].storage'],
    },
    {
      text: 'name: s\nservices: [{ name: whoami, storage: /srv }, traefik]\nnetwork: { domain: a.b }\n',
      want: ['2:28 error UNSUPPORTED_KEY services[0].storage'],
    },
    {
      text: 'name: s\nnodes: [{ name: n, ssh: { host: "a b" } }]\nservices: [postgres]\n',
      want: ['2:33 error INVALID_FORMAT nodes[0].ssh.host'],
    },
    {
      text: 'name: s\nservices: [postgres]\nsystem: { timezone: UTC }\nsecurity: { ssh: { port: 22 }, firewall: { enabled: true } }\nmode: simple\nobservability: { metrics: { enabled: true } }\n',
      want: [
        '3:1 warning NOT_APPLIED system',
        '4:13 warning NOT_APPLIED security.ssh',
        '4:32 warning NOT_APPLIED security.firewall',
        '5:1 warning NOT_APPLIED mode',
        '6:18 warning NOT_APPLIED observability.metrics',
      ],
    },
    {
      text: 'name: s\nservices: [postgres]\nsecurity: { firewall: { rules: [{ port: 1, source: 10.0.0.0/99 }] } }\n',
      want: [
        '3:13 warning NOT_APPLIED security.firewall',
        '3:52 error INVALID_CIDR security.firewall.rules[0].source',
      ],
    },
    {
      text: 'name: s\nservices: [postgres]\nbackup: { enabled: true }\n',
      want: ['3:1 warning BACKUP_DESTINATION_MISSING backup'],
    },
    {
      text: 'name: s\nnodes: [{ name: n, ssh: { host: h, key_path: /keys/../root } }]\nservices: [postgres]\n',
      want: ['2:46 error INSECURE_PATH nodes[0].ssh.key_path'],
    },
    {
      text: 'name: s\nservices: [postgres]\nnetwork: { internal: { subnet: 172.17.4.0/24 } }\n',
      want: ['3:32 error RESERVED_RANGE network.internal.subnet'],
    },
    {
      text: 'name: s\nservices: [postgres]\nnetwork: { internal: { subnet: 10.0.0.300/24 } }\n',
      want: ['3:32 error INVALID_CIDR network.internal.subnet'],
    },
    {
      text: 'name: s\nservices: [postgres]\nsecurtiy: {}\n',
      want: ['3:1 error UNKNOWN_KEY securtiy'],
    },
    {
      text: 'name: s\nservices: [postgres]\noverrides: { redis: {} }\n',
      want: ['3:14 error UNKNOWN_SERVICE overrides.redis'],
    },
  ])('points at what the author wrote: $want', ({ text, want }) => {
    expect(briefDiagnostics(state.check(text).diagnostics)).toEqual(want);
  });
});
