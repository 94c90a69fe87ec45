import { describe, expect, it } from 'vitest';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture({ secrets: { 'secret://env/THERE': 'x' } });

/** Two lines before the first service: `services:` stands on line 3. */
function services(text: string): string {
  return `version: "1.0"\nmeta: { name: s }\nservices:\n${text}`;
}

const web = '  web:\n    image: nginx\n';

describe('findings of one kombination', () => {
  it.each([
    { text: 'a: [', want: ['1:5 error YAML_SYNTAX '] },
    {
      text: '',
      want: ['1:1 error EMPTY_DOCUMENT '],
    },
    { text: '- a', want: ['1:1 error INVALID_TYPE '] },
    {
      text: `version: "2.0"\nmeta: { name: s }\nservices:\n${web}`,
      want: ['1:10 error INVALID_VALUE version'],
    },
    { text: `version: 1.0\nmeta: { name: s }\nservices:\n${web}`, want: [] },
    { text: `version: "1.0"\nmeta: {}\nservices:\n${web}`, want: ['2:1 error REQUIRED meta.name'] },
    {
      text: `version: "1.0"\nmeta: { name: S_1 }\nservices:\n${web}`,
      want: ['2:15 error INVALID_FORMAT meta.name'],
    },
    { text: 'version: "1.0"\nmeta: { name: s }\nservices: []\n', want: ['3:11 error REQUIRED services'] },
    {
      text: `${services(web)}services:\n`,
      want: ['6:1 error DUPLICATE_KEY services', '6:1 error INVALID_TYPE services'],
    },
    { text: `${services(web)}name: other\n`, want: ['6:7 error INVALID_VALUE name'] },
    { text: `${services(web)}vpn: {}\n`, want: ['6:1 warning NOT_APPLIED vpn'] },
    {
      text: `${services(web)}operations: { autoUpdates: { enabled: true }, driftDetection: { schedule: "0 66 * * *" } }\npolicy: { driftSchedule: "0 0 32 * *" }\n`,
      want: [
        '6:15 warning NOT_APPLIED operations.autoUpdates',
        '6:75 error INVALID_FORMAT operations.driftDetection.schedule',
        '7:26 error INVALID_FORMAT policy.driftSchedule',
      ],
    },
    { text: `${services(web)}x-note: anything\n`, want: [] },
    {
      text: `${services(web)}nodes: [{ name: a, type: { toString: null } }]\n`,
      want: [
        '6:17 error UNKNOWN_NODE nodes[0].name',
        ...Array.from({ length: 3 }, () => '6:26 error INVALID_VALUE nodes[0].type'),
      ],
    },
    { text: `${services(web)}domain: A.b\n`, want: ['6:9 error INVALID_FORMAT domain'] },
    {
      text: `${services(web)}policy: { drift: fx, maxDeletions: -1 }\n`,
      want: ['6:18 error INVALID_VALUE policy.drift', '6:36 error OUT_OF_RANGE policy.maxDeletions'],
    },
    {
      text: services('  web:\n    image: nginx\n    prots: []\n'),
      want: ['6:5 error UNKNOWN_KEY services.web.prots'],
    },
    {
      text: services('  web:\n    image: nginx\n    build: .\n'),
      want: ['6:12 error FILE_NOT_FOUND services.web.build'],
    },
    { text: services('  web:\n    image: Nginx\n'), want: ['5:12 error INVALID_FORMAT services.web.image'] },
    {
      text: services('  web: nginx\n'),
      want: ['4:3 error UNKNOWN_SERVICE services.web', '4:8 error INVALID_TYPE services.web'],
    },
    {
      text: services(`${web}    env: { A: null }\n`),
      want: ['6:15 error UNRESOLVED_VARIABLE services.web.env.A'],
    },
    { text: services(`${web}    env: [A]\n`), want: ['6:11 error UNRESOLVED_VARIABLE services.web.env[0]'] },
    {
      text: services(`${web}    env: { A: 12345678901234567890 }\n`),
      want: ['6:15 error INVALID_VALUE services.web.env.A'],
    },
    {
      text: services(`${web}    env: { A: "\${" }\n`),
      want: ['6:15 error INVALID_FORMAT services.web.env.A'],
    },
    {
      text: services(`${web}    env: { A: "\${NOPE}" }\n`),
      want: ['6:15 error UNRESOLVED_VARIABLE services.web.env.A'],
    },
    { text: services(`${web}    env: { A: "\${THERE}", B: "\${NOPE:-x}" }\n`), want: [] },
    {
      text: services(`${web}    env: { A: secret://file/nope }\n`),
      want: ['6:15 error SECRET_NOT_FOUND services.web.env.A'],
    },
    {
      text: services(`${web}    env: {}\n    environment: {}\n`),
      want: ['7:5 error INVALID_VALUE services.web.environment'],
    },
    {
      text: services(`${web}    ports: ["99999:80", "x", 80, "70000"]\n`),
      want: [
        '6:13 error OUT_OF_RANGE services.web.ports[0]',
        '6:25 error INVALID_FORMAT services.web.ports[1]',
        '6:34 error OUT_OF_RANGE services.web.ports[3]',
      ],
    },
    {
      text: services(`${web}    ports: [{ target: 80, publish: 8080 }]\n`),
      want: ['6:27 error UNKNOWN_KEY services.web.ports[0].publish'],
    },
    {
      text: services(`${web}    ports: ["80:80", "127.0.0.1:80:81"]\n`),
      want: ['6:22 error DUPLICATE_PORT services.web.ports[1]'],
    },
    {
      text: services(`${web}    ports: ["80:80", "80:80/udp", "127.0.0.1:81:81", "127.0.0.2:81:81"]\n`),
      want: [],
    },
    { text: services(`${web}    ports: ["0.0.0.0:80:80", "[::]:80:80"]\n`), want: [] },
    { text: services(`${web}    ports: ["0.0.0.0:80:80", "[::1]:80:80"]\n`), want: [] },
    {
      text: services(`${web}    ports: ["[::]:80:80", "[::1]:80:80", "[0:0::1]:80:81"]\n`),
      want: [
        '6:27 error DUPLICATE_PORT services.web.ports[1]',
        '6:42 error DUPLICATE_PORT services.web.ports[2]',
      ],
    },
    {
      text: services(`${web}    ports: ["0.0.0.0:80:80", "127.0.0.1:80:80"]\n`),
      want: ['6:30 error DUPLICATE_PORT services.web.ports[1]'],
    },
    {
      text: services(`${web}    ports: ["80:80"]\n  two: { image: a, ports: ["80:1"] }\n`),
      want: ['7:28 error DUPLICATE_PORT services.two.ports[0]'],
    },
    {
      text: services(`${web}    ports: ["80:80"]\n  two: { image: a, enabled: false, ports: ["80:1"] }\n`),
      want: [],
    },
    {
      text: services(`${web}    volumes: [data:/x]\n`),
      want: ['6:15 error UNKNOWN_VOLUME services.web.volumes[0]'],
    },
    {
      text: services(`${web}    volumes: [/data]\n`),
      want: ['6:15 warning ANONYMOUS_VOLUME services.web.volumes[0]'],
    },
    {
      text: services(`${web}    volumes: [x/y:/y, "z/:/z"]\n`),
      want: [
        '6:15 error INVALID_VALUE services.web.volumes[0]',
        '6:23 error INVALID_VALUE services.web.volumes[1]',
      ],
    },
    {
      text: services(`${web}    volumes: [{ type: bind, source: x, target: /x }]\n`),
      want: ['6:15 error INVALID_VALUE services.web.volumes[0]'],
    },
    {
      text: services(`${web}    volumes: [/a:/x, /b:/x]\n`),
      want: ['6:22 error INVALID_VALUE services.web.volumes[1]'],
    },
    {
      text: services(`${web}    networks: [front]\n`),
      want: ['6:16 error UNKNOWN_NETWORK services.web.networks[0]'],
    },
    {
      text: services(`${web}    networks: { front: { aliases: [x] } }\n`),
      want: ['6:24 error UNKNOWN_NETWORK services.web.networks.front'],
    },
    {
      text: services(`${web}    network_mode: host\n    ports: ["80:80"]\n`),
      want: ['7:5 warning UNSUPPORTED_KEY services.web.ports'],
    },
    { text: services(`${web}    node: attic\n`), want: ['6:11 error UNKNOWN_NODE services.web.node'] },
    {
      text: services(`${web}    depends_on: [wbe]\n`),
      want: ['6:18 error UNKNOWN_SERVICE services.web.depends_on[0]'],
    },
    {
      text: services(
        `${web}    depends_on: { off: { required: false } }\n  off: { image: a, enabled: false }\n`,
      ),
      want: [],
    },
    {
      text: services(`${web}    depends_on: [off]\n  off: { image: a, enabled: false }\n`),
      want: ['6:18 error UNKNOWN_SERVICE services.web.depends_on[0]'],
    },
    {
      text: services(`${web}    needs: [web]\n`),
      want: ['6:13 error CIRCULAR_DEPENDENCY services.web.needs[0]'],
    },
    {
      text: services(`${web}    depends_on: [db]\n  db: { image: a, needs: [web] }\n`),
      want: ['7:27 error CIRCULAR_DEPENDENCY services.db.needs[0]'],
    },
    {
      text: services(`${web}    depends_on: { i: { condition: service_done } }\n  i: { image: a }\n`),
      want: ['6:35 error INVALID_VALUE services.web.depends_on.i.condition'],
    },
    {
      text: services(
        `${web}    depends_on: { i: { condition: service_completed_successfully } }\n  i: { image: a, restart: always }\n`,
      ),
      want: ['6:22 error INVALID_VALUE services.web.depends_on.i'],
    },
    {
      text: services(`${web}    healthcheck: { interval: 5 }\n`),
      want: ['6:30 error INVALID_TYPE services.web.healthcheck.interval'],
    },
    {
      text: services(`${web}    healthcheck: { test: [curl, x], timeout: 5 s }\n`),
      want: [
        '6:26 error INVALID_FORMAT services.web.healthcheck.test',
        '6:46 error INVALID_FORMAT services.web.healthcheck.timeout',
      ],
    },
    {
      text: services(`${web}    restart: sometimes\n`),
      want: ['6:14 error INVALID_FORMAT services.web.restart'],
    },
    {
      text: services(`${web}    command: 'a "b'\n`),
      want: ['6:14 error INVALID_FORMAT services.web.command'],
    },
    {
      text: services(`${web}    resources: { memory: 1m, cpus: 0, pids: 0 }\n`),
      want: [
        '6:26 error OUT_OF_RANGE services.web.resources.memory',
        '6:36 error OUT_OF_RANGE services.web.resources.cpus',
        '6:45 error OUT_OF_RANGE services.web.resources.pids',
      ],
    },
    {
      text: services(`${web}    labels: { com.docker.compose.project: x }\n`),
      want: ['6:15 error INVALID_VALUE services.web.labels["com.docker.compose.project"]'],
    },
    {
      text: services(`${web}    files: [{ source: nope, target: /x }]\n`),
      want: ['6:23 error FILE_NOT_FOUND services.web.files[0].source'],
    },
    {
      text: services(`${web}    files: [{ source: ../../../etc, target: /x }]\n`),
      want: ['6:23 error PATH_OUTSIDE_REPOSITORY services.web.files[0].source'],
    },
    {
      text: services(`${web}    files: [{ source: /etc/passwd, target: /x }]\n`),
      want: ['6:23 error PATH_OUTSIDE_REPOSITORY services.web.files[0].source'],
    },
    {
      text: services(`${web}    files: [{ target: /x }, { content: "", target: x }]\n`),
      want: [
        '6:13 error REQUIRED services.web.files[0]',
        '6:52 error INVALID_FORMAT services.web.files[1].target',
      ],
    },
    {
      text: services(`${web}    files: [{ content: a, target: /x, mode: 0644 }]\n`),
      want: ['6:45 error INVALID_TYPE services.web.files[0].mode'],
    },
    {
      text: services(`${web}    config: { a: 1 }\n`),
      want: ['6:5 error UNSUPPORTED_KEY services.web.config'],
    },
    { text: services(`${web}    route: { port: 80 }\n`), want: ['6:5 error REQUIRED services.web.route'] },
    { text: services('  - traefik\n'), want: ['4:5 error REQUIRED services[0]'] },
    { text: services('  - nothing\n'), want: ['4:5 error UNKNOWN_SERVICE services[0]'] },
    {
      text: services('  - { name: a, image: a }\n  - { name: a, image: b }\n'),
      want: ['5:5 error DUPLICATE_NAME services[1]'],
    },
    { text: services('  a: { name: a, image: a }\n'), want: ['4:8 error UNKNOWN_KEY services.a.name'] },
    { text: services('  "a b": { image: a }\n'), want: ['4:3 error INVALID_FORMAT services["a b"]'] },
    { text: `${services(web)}nodes: [{ name: pi }]\n`, want: ['6:17 error UNKNOWN_NODE nodes[0].name'] },
    {
      text: `${services(web)}nodes: [{ name: pi, connection: { host: "http://x" } }]\n`,
      want: ['6:41 error INVALID_FORMAT nodes[0].connection.host'],
    },
    {
      text: `${services(web)}nodes: [{ name: pi, ip: 1.2.3.4, os: debian-12, connection: { host: localhost } }]\n`,
      want: ['6:21 warning NOT_APPLIED nodes[0].ip'],
    },
    {
      text: `${services(web)}networks: { n: { external: true, driver: bridge } }\n`,
      want: ['6:34 error INVALID_VALUE networks.n.driver'],
    },
    { text: `${services(web)}stackkit: ha-kit\n`, want: ['6:1 error CONSTRAINT_VIOLATION stackkit'] },
    { text: `${services(web)}stackkit: base-kti\n`, want: ['6:11 error UNKNOWN_KIT stackkit'] },
    { text: `${services(web)}stackkit: base-homelab\n`, want: ['6:11 warning RENAMED_KIT stackkit'] },
  ])('$want in $text', ({ text, want }) => {
    expect([...briefDiagnostics(state.check(text).diagnostics)].sort()).toEqual([...want].sort());
  });

  it.each([
    { about: 'keys', text: services(`${web}    prots: []\n`), hint: 'did you mean ports?' },
    { about: 'misplaced keys', text: `${services(web)}drift: fix\n`, hint: 'write it as policy.drift' },
    {
      about: 'empty variables',
      text: services(`${web}    env: { A: }\n`),
      hint: 'set it in .env beside this file, or KOMBINATOR_SECRET_A for the daemon, give a default with ${A:-…}, or write $${A} to mean it literally',
    },
    { about: 'choices', text: services(`${web}    pull_policy: alway\n`), hint: 'did you mean always?' },
    {
      about: 'services',
      text: services(`${web}    needs: [databse]\n  database: { image: a }\n`),
      hint: 'did you mean database?',
    },
    {
      about: 'kit services',
      text: `${services('  - traefic\n')}stackkit: base-kit\n`,
      hint: 'did you mean traefik?',
    },
    { about: 'a missing kit', text: services('  - traefik\n'), hint: 'stackkit: base-kit' },
    {
      about: 'file modes',
      text: services(`${web}    files: [{ content: a, target: /x, mode: 0644 }]\n`),
      hint: 'quote it: "0644"',
    },
  ])('hints at $about', ({ text, hint }) => {
    expect(state.check(text).diagnostics.map((diagnostic) => diagnostic.hint)).toContain(hint);
  });

  it('names the cycle', () => {
    const text = services(
      '  a: { image: a, needs: [b] }\n  b: { image: a, needs: [c] }\n  c: { image: a, needs: [b] }\n',
    );
    const messages = state.check(text).diagnostics.map((diagnostic) => diagnostic.message);
    expect(messages).toEqual(['services wait for each other: b → c → b']);
  });

  it('says what the reference says about no services', () => {
    const [finding] = state.check('version: "1.0"\nmeta: { name: s }\n').diagnostics;
    expect(finding).toMatchObject({ path: 'services', message: 'At least one service is required' });
  });

  it('reports a document that is too large without reading it', () => {
    const report = state.check(`${services(web)}# ${'x'.repeat(1024 ** 2)}`);
    expect(report.diagnostics).toMatchObject([{ code: 'FILE_TOO_LARGE' }]);
  });

  it('reports thousands of unknown keys shortly', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(state.check(`${services(web)}${keys}\n`).diagnostics.length).toBeLessThan(200);
  });

  it('says that a text which takes long to parse says too much, and parses none of it', () => {
    const large = `${services(web)}x-k:\n${'  k: v\n'.repeat(60_000)}`;
    expect(state.check(large).diagnostics).toMatchObject([
      { code: 'YAML_SYNTAX', message: expect.stringContaining('says too much') as string },
    ]);
  });

  it('lists no more keys that are written twice than anybody reads', () => {
    const { diagnostics } = state.check(`${services(web)}${'x-a: 1\n'.repeat(5_000)}`);
    expect(diagnostics.length).toBeLessThan(100);
  });

  it('lists no more findings than anybody reads, errors first, and says how many more there are', () => {
    const names = Array.from({ length: 90 }, (_, index) => `s${index}`);
    const all = names.map(
      (name) =>
        `  ${name}: { image: x, depends_on: [${names.filter((other) => other !== name).join(', ')}] }`,
    );
    const { diagnostics } = state.check(`version: "1.0"\nmeta: { name: a }\nservices:\n${all.join('\n')}\n`);
    expect(diagnostics.length).toBeLessThan(50);
    expect(JSON.stringify(diagnostics).length).toBeLessThan(100_000);
    const mounts = names.map((name) => `  ${name}: { image: x, volumes: [a:/a, b:/b, c:/c], networks: [n] }`);
    const many = state.check(`version: "1.0"\nmeta: { name: a }\nservices:\n${mounts.join('\n')}\n`);
    expect(many.diagnostics).toHaveLength(201);
    expect(many.diagnostics.find(({ code }) => code === 'MORE_FINDINGS')).toMatchObject({
      severity: 'error',
      message: 'and 160 more findings, not listed',
    });
  });

  it('repeats a long text of the document shortly', () => {
    const { diagnostics } = state.check(`${services(web)}${'z'.repeat(100_000)}: 1\n`);
    expect(JSON.stringify(diagnostics).length).toBeLessThan(5_000);
  });
});
