import { describe, expect, it } from 'vitest';
import { asFields } from '../../../reconciler/base/values.ts';
import { graphOf, nodeOf, workflowOf } from '../../support/compose/compose-graph.ts';
import { diagnose, renderText } from '../../support/kubernetes/workflow-texts.ts';

const SHOP = `
name: shop
services:
  web:
    image: acme/web:1.4
    ports: ["8080:80"]
    environment:
      MODE: fast
      PRICE: "5$$"
      API_TOKEN: abc
      DATABASE_URL: postgres://shop:pw@db/shop
      REGION: \${REGION}
    command: ["serve", "--port", "80"]
    entrypoint: /run.sh -v
    healthcheck:
      test: curl -f http://localhost/
      interval: 10s
      timeout: 2s
      retries: 5
      start_period: 1m
    depends_on: { db: { condition: service_healthy }, migrate: { condition: service_completed_successfully } }
    deploy:
      replicas: 2
      resources: { limits: { cpus: "0.5", memory: 256M }, reservations: { memory: 64M } }
    labels: { team: shop }
    restart: always
    networks: [front]
  migrate:
    image: acme/migrate:1.4
    command: sh -c "echo $$(date)"
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: hunter2 }
    volumes: ["data:/var/lib/postgresql/data"]
networks: { front: {} }
volumes: { data: { driver: local } }
`;

describe('a Compose project as a workflow', () => {
  it('becomes workloads, services, settings, secrets and claims, with edges to the workloads', () => {
    const shop = graphOf(SHOP);
    expect(shop.errors).toEqual([]);
    expect(shop.nodes.map(({ id }) => id)).toEqual([
      'deployment-web',
      'configmap-web-config',
      'secret-web-secrets',
      'service-web',
      'job-migrate',
      'statefulset-db',
      'secret-db-secrets',
      'persistentvolumeclaim-data',
      'service-db',
    ]);
    const edges = shop.edges.map(({ source, target }) => `${source} → ${target}`);
    expect(edges).toEqual([
      'configmap-web-config → deployment-web',
      'secret-web-secrets → deployment-web',
      'service-web → deployment-web',
      'secret-db-secrets → statefulset-db',
      'persistentvolumeclaim-data → statefulset-db',
      'service-db → statefulset-db',
      'statefulset-db → deployment-web',
      'job-migrate → deployment-web',
    ]);
    expect(nodeOf(shop, 'deployment-web').data).toEqual({
      name: 'web',
      image: 'acme/web:1.4',
      replicas: 2,
      port: 80,
      command: ['/run.sh', '-v'],
      args: ['serve', '--port', '80'],
      resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { memory: '64Mi' } },
      livenessProbe: {
        exec: { command: ['/bin/sh', '-c', 'curl -f http://localhost/'] },
        periodSeconds: 10,
        timeoutSeconds: 2,
        failureThreshold: 5,
        initialDelaySeconds: 60,
      },
      readinessProbe: {
        exec: { command: ['/bin/sh', '-c', 'curl -f http://localhost/'] },
        periodSeconds: 10,
        timeoutSeconds: 2,
        failureThreshold: 5,
      },
      annotations: { team: 'shop' },
      envKeys: ['MODE', 'PRICE', 'API_TOKEN', 'DATABASE_URL', 'REGION'],
    });
    expect(nodeOf(shop, 'configmap-web-config').data).toMatchObject({ data: { MODE: 'fast', PRICE: '5$' } });
    expect(nodeOf(shop, 'secret-web-secrets').data['keys']).toEqual([
      { name: 'API_TOKEN' },
      { name: 'DATABASE_URL' },
      { name: 'REGION' },
    ]);
    expect(nodeOf(shop, 'service-web').data).toMatchObject({
      serviceType: 'NodePort',
      ports: [
        { name: 'tcp-8080', port: 8080, targetPort: 80, protocol: 'TCP' },
        { name: 'tcp-80', port: 80, targetPort: 80, protocol: 'TCP' },
      ],
    });
    expect(nodeOf(shop, 'job-migrate').data['args']).toEqual(['sh', '-c', 'echo $$(date)']);
    expect(nodeOf(shop, 'statefulset-db').data).toMatchObject({
      serviceName: 'db',
      volumeMounts: [{ type: 'persistentVolumeClaim', name: 'data', mountPath: '/var/lib/postgresql/data' }],
    });
    expect(nodeOf(shop, 'service-db').data).toMatchObject({ port: 5432, targetPort: 5432 });
  });

  it('is valid, and runs as what it was', () => {
    const text = workflowOf(graphOf(SHOP));
    expect(diagnose(text)).toEqual([]);
    const web = renderText(text).find(
      ({ id }) => id.endsWith('Deployment/default/web') || /deployment/i.test(id),
    );
    const template = asFields(asFields(web?.spec['spec'])?.['template']);
    const [container] = (asFields(template?.['spec'])?.['containers'] ?? []) as readonly object[];
    expect(container).toMatchObject({
      image: 'acme/web:1.4',
      env: expect.arrayContaining([
        { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'web-config', key: 'MODE' } } },
        { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'web-secrets', key: 'API_TOKEN' } } },
      ]),
    });
  });

  it('never holds a secret, and says which are to be given', () => {
    const shop = graphOf(SHOP);
    for (const secret of ['abc', 'pw@db', 'hunter2'])
      expect(JSON.stringify(shop.nodes)).not.toContain(secret);
    expect(JSON.stringify(shop.services)).not.toContain('shop:pw');
    expect(shop.warnings).toContain(
      'services.web.environment.API_TOKEN: its value is not taken over: give it with the run',
    );
    expect(shop.warnings).toContain(
      'services.web.environment.REGION: its value is not known here: give it with the run',
    );
  });

  it('is drawn in columns', () => {
    const shop = graphOf(SHOP);
    const column = (id: string) => nodeOf(shop, id).position;
    expect(column('configmap-web-config')).toEqual({ x: 100, y: 100 });
    expect(column('secret-web-secrets')).toEqual({ x: 100, y: 300 });
    expect(column('service-db')).toEqual({ x: 400, y: 300 });
    expect(column('statefulset-db')).toEqual({ x: 700, y: 500 });
    expect(column('persistentvolumeclaim-data')).toEqual({ x: 1_000, y: 100 });
  });

  it('has the namespace that was asked for', () => {
    const { nodes } = graphOf(SHOP, {}, { namespace: 'blue' });
    expect(new Set(nodes.map(({ data }) => data['namespace']))).toEqual(new Set(['blue']));
  });

  it('has files of the project and secrets mounted where they were', () => {
    const shop = graphOf(
      `
services:
  web:
    image: nginx:1.29
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro", "./site:/srv", "./token.key:/k:ro", "/var/run:/r"]
    configs: [{ source: motd, target: /etc/motd }]
    secrets: [cert]
configs: { motd: { content: "hello $$1" } }
secrets: { cert: { file: ./cert.pem } }
`,
      { 'nginx.conf': 'events {}\n', 'site/a': 'a', 'cert.pem': 'PEM', 'token.key': 'KEY' },
    );
    expect(nodeOf(shop, 'configmap-web-files').data['data']).toEqual({
      motd: 'hello $1',
      'nginx.conf': 'events {}\n',
    });
    expect(nodeOf(shop, 'deployment-web').data['volumeMounts']).toEqual([
      { type: 'secret', name: 'cert', mountPath: '/run/secrets/cert', subPath: 'cert', readOnly: true },
      { type: 'configmap', name: 'web-files', mountPath: '/etc/motd', subPath: 'motd', readOnly: true },
      {
        type: 'configmap',
        name: 'web-files',
        mountPath: '/etc/nginx/nginx.conf',
        subPath: 'nginx.conf',
        readOnly: true,
      },
    ]);
    expect(JSON.stringify(shop)).not.toMatch(/PEM|KEY/);
    expect(shop.warnings.filter((text) => text.includes('not mounted'))).toHaveLength(3);
    expect(diagnose(workflowOf(shop))).toEqual([]);
  });

  it('runs on every node with mode: global', () => {
    const shop = graphOf('services: { agent: { image: acme/agent, deploy: { mode: global, replicas: 2 } } }');
    expect(nodeOf(shop, 'daemonset-agent').data).not.toHaveProperty('replicas');
    expect(shop.warnings).toContain('services.agent.deploy.replicas: is left out: a daemonset has none');
    expect(diagnose(workflowOf(shop))).toEqual([]);
  });

  it.each([
    ['cap_add: [NET_ADMIN]', 'services.web.cap_add'],
    ['privileged: true', 'services.web.privileged'],
    ['network_mode: host', 'services.web.network_mode'],
    ['working_dir: /srv', 'services.web.working_dir'],
    ['container_name: w', 'services.web.container_name'],
    ['extra_hosts: ["a:1.2.3.4"]', 'services.web.extra_hosts'],
    ['user: www-data', 'services.web.user'],
    ['restart: on-failure', 'services.web.restart'],
    ['volumes: [/data]', 'services.web.volumes'],
    ['tmpfs: /tmp', 'services.web.volumes'],
    ['profiles: [dev]', 'services.web.profiles'],
    ['logging: { driver: json-file }', 'services.web.logging'],
    ['deploy: { placement: { constraints: ["a==b"] } }', 'services.web.deploy.placement'],
    ['ports: ["127.0.0.1:80:80"]', 'services.web.ports'],
    ['ports: ["8000-8010:80"]', 'services.web.ports'],
    ['networks: { default: { aliases: [w] } }', 'services.web.networks.default.aliases'],
    ['labels: { "a b": c }', 'services.web.labels.a b'],
    ['deploy: { replicas: 101 }', 'services.web.deploy.replicas'],
    ['ulimits: { nofile: 10 }', 'services.web.ulimits'],
  ])('says that %s has no place', (words, place) => {
    const { warnings, errors, nodes, edges } = graphOf(`services:\n  web:\n    image: nginx\n    ${words}\n`);
    expect(errors).toEqual([]);
    expect(warnings.filter((text) => text.startsWith(`${place}: `))).not.toEqual([]);
    expect(diagnose(workflowOf({ nodes, edges }))).toEqual([]);
  });

  it.each([
    ['services: { web: {} }', { code: 'SERVICE_NO_IMAGE', service: 'web', field: 'image' }],
    [
      'services: { web: { image: a, depends_on: [db] } }',
      { code: 'UNKNOWN_SERVICE', service: 'web', field: 'depends_on[0]' },
    ],
    [
      'services: { web: { image: a, depends_on: [web] } }',
      { code: 'CIRCULAR_DEPENDENCY', service: 'web', field: 'depends_on' },
    ],
    ['services: { web: { image: a, imgae: b } }', { code: 'UNKNOWN_KEY', service: 'web', field: 'imgae' }],
    [
      'services: { web: { image: a, ports: "80" } }',
      { code: 'INVALID_TYPE', service: 'web', field: 'ports' },
    ],
    [
      'services: { web: { image: a, ports: [x:y] } }',
      { code: 'INVALID_FORMAT', service: 'web', field: 'ports[0]' },
    ],
  ])('%s is a fault', (text, fault) => {
    expect(graphOf(text).errors).toEqual([expect.objectContaining(fault)]);
  });

  it('leaves out what would close a circle, and nothing else', () => {
    const circle = graphOf(
      'services: { a: { image: a, depends_on: [b] }, b: { image: b, depends_on: [c] }, c: { image: c, depends_on: [a] } }',
    );
    expect(circle.errors).toEqual([
      expect.objectContaining({ message: 'services depend on each other: a → b → c → a' }),
    ]);
    expect(circle.edges).toHaveLength(2);
    expect(diagnose(workflowOf(circle))).toEqual([]);
  });

  it('has a build where there is no image', () => {
    const shop = graphOf(
      'services: { web: { build: { context: ./web, dockerfile: D, args: { A: b, TOKEN: c } } } }',
    );
    expect(shop.unbuilt).toEqual(['web']);
    expect(shop.services[0]?.build).toEqual({
      context: 'web',
      dockerfile: 'D',
      args: { A: 'b', TOKEN: '***' },
    });
    expect(nodeOf(shop, 'deployment-web').data['image']).toBe('shop-web:latest');
    expect(shop.warnings).toContainEqual(
      expect.stringMatching(/^services\.web\.build: shop-web:latest has to/),
    );
  });
});

describe('hostile projects', () => {
  it.each([
    ['', 'INVALID_TYPE'],
    ['a: [', 'YAML_SYNTAX'],
    ['- a', 'INVALID_TYPE'],
    ['services: []', 'YAML_SYNTAX'],
    [`a: &a [x, x]\n${bomb(30)}services: {}\n`, 'YAML_SYNTAX'],
  ])('%j is refused with a place', (text, code) => {
    expect(() => graphOf(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        diagnostics: expect.arrayContaining([expect.objectContaining({ code, file: 'compose.yaml' })]),
      }),
    );
  });

  it('gives objects names that a cluster takes, whatever services are called', () => {
    const names = [
      '<script>alert(1)</script>',
      '../../etc',
      'Ünder_score',
      '1st',
      '__proto__',
      'x'.repeat(300),
    ];
    const text = JSON.stringify({
      services: Object.fromEntries(names.map((name) => [name, { image: 'a', expose: ['80'] }])),
    });
    const { nodes, edges } = graphOf(text);
    expect(nodes).toHaveLength(2 * names.length);
    expect(diagnose(workflowOf({ nodes, edges }))).toEqual([]);
  });

  it('takes five hundred services', () => {
    const names = Array.from({ length: 500 }, (_, index) => `s${index}`);
    const services = names.map((name, index) => [
      name,
      {
        image: 'a',
        expose: ['80'],
        environment: { A: 'b' },
        depends_on: index === 0 ? [] : [`s${index - 1}`],
      },
    ]);
    const { nodes, edges, errors } = graphOf(JSON.stringify({ services: Object.fromEntries(services) }));
    expect(errors).toEqual([]);
    expect(nodes).toHaveLength(1_500);
    expect(edges).toHaveLength(1_499);
  });

  it('has no more ports than a service can have, however many lines ask for a thousand', () => {
    const line = '      - "1-1000:1-1000"\n      - "2-1001:2-1001/udp"\n';
    const { errors, nodes } = graphOf(`services:\n  web:\n    image: a\n    ports:\n${line.repeat(3_000)}`);
    expect(errors).toContainEqual(expect.objectContaining({ code: 'OUT_OF_RANGE', field: 'ports' }));
    expect(nodes[1]?.data['ports']).toHaveLength(100);
  });

  it.each([
    ['values', `{ ${Array.from({ length: 100 }, (_, index) => `V${index}: v`).join(', ')} }`],
    ['characters', `{ V: ${'v'.repeat(10_000)} }`],
  ])('refuses %s without end, however short they are written', (_, settings) => {
    const services = Array.from(
      { length: 800 },
      (_, index) => `  s${index}: { image: a, environment: *e }\n`,
    );
    expect(() => graphOf(`x-e: &e ${settings}\nservices:\n${services.join('')}`)).toThrow(
      expect.objectContaining({ code: 'FILE_TOO_LARGE' }),
    );
  });

  it('spells out no more ports than are shown', () => {
    const services = Array.from(
      { length: 900 },
      (_, index) => `  s${index}: { image: a, ports: ["1-1000:1-1000"] }\n`,
    );
    const { nodes } = graphOf(`services:\n${services.join('')}`);
    expect(nodes).toHaveLength(1_800);
    expect(JSON.stringify(nodes.slice(0, 2)).length).toBeLessThan(10_000);
  });

  it('refuses more than a thousand services', () => {
    const services = Array.from({ length: 1_001 }, (_, index) => [`s${index}`, { image: 'a' }]);
    const text = JSON.stringify({ services: Object.fromEntries(services) });
    expect(() => graphOf(text)).toThrow(expect.objectContaining({ code: 'FILE_TOO_LARGE' }));
  });

  it('reads nothing outside of the project', () => {
    const shop = graphOf(
      'services: { web: { image: a, env_file: [../../etc/passwd], volumes: ["../../etc/passwd:/p:ro"], configs: [c] } }\nconfigs: { c: { file: ../../etc/shadow } }\n',
    );
    expect(JSON.stringify(shop.nodes)).not.toContain('root:');
    expect(shop.nodes.map(({ id }) => id)).toEqual(['deployment-web']);
    expect([...shop.errors.map(({ message }) => message), ...shop.warnings].join('\n')).toMatch(
      /passwd[^]*shadow/,
    );
  });
});

/** Aliases of aliases: two to the power of the levels. */
function bomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, index) => {
    const before = index === 0 ? 'a' : `b${index - 1}`;
    return `x-${index}: &b${index} [*${before}, *${before}]\n`;
  });
  return lines.join('');
}
