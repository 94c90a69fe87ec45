import { describe, expect, it } from 'vitest';
import { findings, project, service } from '../../support/compose/analyzed-service.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { analyzeProject } from '../../support/compose/compose-config.ts';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

describe('places of findings', () => {
  it.each<readonly [string, ProjectFiles, readonly string[]]>([
    [
      'a key of a Compose file',
      project('services:\n  web:\n    image: a\n    imagee: b\n'),
      ['compose.yaml:4:5 error UNKNOWN_KEY services.web.imagee'],
    ],
    [
      'a value that came in by extends, from its own file',
      project('services:\n  web:\n    extends: { file: base.yaml, service: base }\n', {
        'base.yaml': 'services:\n  base:\n    image: a\n    ports: ["x:y"]\n',
      }),
      ['base.yaml:4:13 error INVALID_FORMAT services.base.ports[0]'],
    ],
    [
      'a value behind an anchor',
      project('x-a: &a\n  hostname: a b\nservices:\n  web:\n    <<: *a\n    image: a\n'),
      ['compose.yaml:2:13 error INVALID_FORMAT services.web.hostname'],
    ],
    [
      'a variable of an env file',
      project('services:\n  web: { image: a, env_file: app.env }\n', { 'app.env': '# first\nbad line\n' }),
      ['app.env:2:1 error INVALID_FORMAT '],
    ],
    [
      'a file that is not there',
      project('include:\n  - none.yaml\nservices:\n  web: { image: a }\n'),
      ['compose.yaml:2:5 error FILE_NOT_FOUND include[0]'],
    ],
    ['syntax', project('services:\n  web: [\n'), ['compose.yaml:3:1 error YAML_SYNTAX ']],
    [
      'a path out of the repository',
      project('include: [../../x.yaml]\nservices: { web: { image: a } }\n'),
      ['compose.yaml:1:11 error PATH_OUTSIDE_REPOSITORY include[0]'],
    ],
    [
      'what has no effect',
      project('version: "3"\nname: other\nservices:\n  web:\n    image: a\n    credential_spec: {}\n'),
      [
        'compose.yaml:1:1 warning OBSOLETE_KEY version',
        'compose.yaml:2:1 warning UNSUPPORTED_KEY name',
        'compose.yaml:6:5 warning UNSUPPORTED_KEY services.web.credential_spec',
      ],
    ],
    [
      'a secret and a config that the engine does not keep',
      project(
        'services:\n  web: { image: a, configs: [c] }\nconfigs:\n  c: { external: true }\nsecrets:\n  s: { external: true }\n',
      ),
      [
        'compose.yaml:4:6 error UNSUPPORTED_KEY configs.c',
        'compose.yaml:6:6 error UNSUPPORTED_KEY secrets.s',
      ],
    ],
  ])('%s', (_name, files, want) => {
    const found = findings(analyzeProject(files));
    expect([...found].sort()).toEqual([...want].sort());
  });

  it('warns of a variable that is not set, in the line that asks for it', () => {
    const { findings } = service(
      project('services:\n  web:\n    image: a:${TAG}1\n    hostname: h${NAME}\n'),
    );
    expect(findings).toEqual([
      'compose.yaml:3:12 warning UNSET_VARIABLE services.web.image',
      'compose.yaml:4:15 warning UNSET_VARIABLE services.web.hostname',
    ]);
  });
});

it.each([
  ['""', ['.']],
  ['[""]', ['.']],
  ['"${SEARCH:-}"', ['.']],
  ['["", a.example]', ['a.example']],
  ['[]', undefined],
])('reads dns_search: %s as %j', (text, want) => {
  const { web, findings } = service(project(`services:\n  web: { image: a, dns_search: ${text} }\n`));
  expect([web.options.dnsSearch, findings]).toEqual([want, []]);
});

it('reads several documents of one file as several files', () => {
  const text =
    '---\nservices:\n  web: { image: a, environment: { A: 1, B: 1 } }\n---\nservices:\n  web: { environment: { B: "${B:-2}" }, imagee: x }\n...\n---\n';
  const { web, findings } = service(project(text));
  expect(web.env.map(({ name, value }) => `${name}=${value}`)).toEqual(['A=1', 'B=${B:-2}']);
  expect(findings).toEqual(['compose.yaml:6:41 error UNKNOWN_KEY services.web.imagee']);
});

it('refuses what no engine has, with its line', () => {
  const text =
    'services:\n  web:\n    image: a\n    models: [m]\n    use_api_socket: true\n    credential_spec: {}\n    provider: { type: x }\nmodels:\n  m: { model: b }\n';
  expect(service(project(text)).findings).toEqual([
    'compose.yaml:8:1 error UNSUPPORTED_KEY models',
    'compose.yaml:4:5 error UNSUPPORTED_KEY services.web.models',
    'compose.yaml:5:5 error UNSUPPORTED_KEY services.web.use_api_socket',
    'compose.yaml:6:5 warning UNSUPPORTED_KEY services.web.credential_spec',
    'compose.yaml:7:5 error UNSUPPORTED_KEY services.web.provider',
  ]);
});

describe('what a kombination adds', () => {
  it('is merged over the Compose file', () => {
    const { web } = service(
      project('services:\n  web: { image: a, environment: { A: 1, B: 1 }, ports: ["80:80"] }\n'),
      'compose: compose.yaml\nservices: { web: { image: b, env: { B: 2 }, hostname: h } }\n',
    );
    expect(web).toMatchObject({
      image: 'b:latest',
      options: { hostname: 'h' },
      ports: [{ port: { hostPort: 80 } }],
    });
    expect(web.env.map(({ name, value }) => `${name}=${value}`)).toEqual(['A=1', 'B=2']);
  });

  it('has variables that count before those of .env', () => {
    const files = project('services: { web: { image: "a:${TAG}", hostname: "${NAME}" } }\n', {
      '.env': 'TAG=file\nNAME=file\n',
    });
    const { web } = service(files, 'compose: compose.yaml\nvariables: { TAG: own }\n');
    expect([web.image, web.options.hostname]).toEqual(['a:own', 'file']);
  });

  it('must bring at least one service together with its files', () => {
    expect(findings(analyzeProject(project('volumes: { a: }\n')))).toEqual([
      'kombination.yaml:3:10 error REQUIRED compose',
    ]);
  });

  it('needs services when it adopts nothing', () => {
    expect(findings(analyzeProject({}, ''))).toEqual(['kombination.yaml:1:1 error REQUIRED services']);
  });
});

describe('configs and secrets', () => {
  it('become files and secrets of the service', () => {
    const { web, analysis, findings } = service(
      project(
        `services:
  web:
    image: a
    configs: [plain, { source: text, target: /etc/t, mode: 0440, uid: "5" }]
    secrets: [s, { source: e, mode: 0400 }, clear]
configs:
  plain: { file: ./p.conf }
  text: { content: "port=\${PORT} \${UNSET}" }
secrets:
  s: { file: ./s.age }
  e: { environment: E }
  clear: { environment: CLEAR }
`,
        { 'p.conf': 'x', 's.age': 'x', '.env': 'PORT=80\nCLEAR=known\n' },
      ),
    );
    expect(web.files).toMatchObject([
      { source: 'p.conf', target: '/plain', mode: 0o444 },
      { content: 'port=80 ${secret:env/UNSET:-}', target: '/etc/t', mode: 0o440, uid: 5 },
      { content: 'known', target: '/run/secrets/clear', mode: 0o444 },
    ]);
    expect(web.secrets.map(({ source, target, mode }) => [source, target, mode])).toEqual([
      ['s', '/run/secrets/s', undefined],
      ['e', '/run/secrets/e', 0o400],
    ]);
    expect(Object.keys(analysis.kombination.secrets)).toEqual(['s', 'e']);
    expect(findings).toEqual([]);
  });
});

describe('in a repository', () => {
  const KOMBINATION = 'version: "1.0"\nmeta: { name: shop }\ncompose: compose.yaml\n';
  const envOf = (fixture: ReturnType<typeof createDesiredFixture>) => {
    const stack = fixture.state.get('shop');
    const spec = stack?.resources.find(({ kind }) => kind === 'container')?.spec;
    return (spec as { env?: Readonly<Record<string, unknown>> } | undefined)?.env;
  };

  it('follows every file that it rests on', async () => {
    const fixture = createDesiredFixture();
    await fixture.push({
      'a/kombination.yaml': KOMBINATION,
      'a/compose.yaml': 'include: [b.yaml]\nservices: { web: { image: a, env_file: e.env } }\n',
      'a/b.yaml': 'services: { other: { image: "b:${TAG:-1}" } }\n',
      'a/e.env': 'A=1\n',
      'b/kombination.yaml': kombination('other'),
    });
    expect(envOf(fixture)).toEqual({ A: '1' });
    expect(await fixture.push({ 'a/e.env': 'A=2\n' })).toEqual({ changed: ['shop'], removed: [] });
    expect(envOf(fixture)).toEqual({ A: '2' });
    expect(await fixture.push({ 'a/.env': 'TAG=2\n' })).toEqual({ changed: ['shop'], removed: [] });
    expect(fixture.state.get('shop')?.services.map(({ image }) => image)).toContain('b:2');
    expect(await fixture.push({ 'a/b.yaml': null })).toEqual({ changed: ['shop'], removed: [] });
    expect(briefDiagnostics(fixture.state.diagnostics())).toEqual(['1:11 error FILE_NOT_FOUND include[0]']);
    expect(await fixture.push({ 'a/b.yaml': 'services: {}\n' })).toEqual({ changed: ['shop'], removed: [] });
    expect(fixture.state.diagnostics()).toEqual([]);
  });

  it('takes a variable from a secret of the daemon, and warns when there is none', async () => {
    const secrets: Record<string, string> = { 'secret://env/PW': 'hidden' };
    const fixture = createDesiredFixture({ secrets });
    await fixture.push({
      'kombination.yaml': KOMBINATION,
      'compose.yaml':
        'services:\n  web:\n    image: a\n    environment:\n      URL: "db://u:${PW}@h/$$x"\n      PASSED:\n      NONE: "-${NONE}-"\n',
    });
    const env = envOf(fixture);
    expect(Object.keys(env ?? {})).toEqual(['NONE', 'URL']);
    expect(JSON.stringify(env)).not.toContain('hidden');
    expect((env?.['URL'] as { reveal(): string } | undefined)?.reveal()).toBe('db://u:hidden@h/$x');
    expect(env?.['NONE']).toBe('--');
    expect(briefDiagnostics(fixture.state.diagnostics())).toEqual([
      '6:7 warning UNSET_VARIABLE services.web.environment.PASSED',
      '7:13 warning UNSET_VARIABLE services.web.environment.NONE',
    ]);
    delete secrets['secret://env/PW'];
    expect(fixture.state.get('shop')?.diagnostics.map(({ code }) => code)).toEqual(
      Array(3).fill('UNSET_VARIABLE'),
    );
  });

  it('says what the author says about a variable that must be set, wherever it is used', async () => {
    const fixture = createDesiredFixture();
    await fixture.push({
      'kombination.yaml': `${KOMBINATION}services: { web: { environment: { OWN: "\${O:?ours}" } } }\n`,
      'compose.yaml': [
        'services:',
        '  web:',
        '    image: a',
        '    user: "${U:?who runs it}"',
        '    environment: { W: "${W:?needed}", M: "${M?}" }',
        '    configs: [c]',
        'configs: { c: { content: "x=${C:?the content}" } }',
        '',
      ].join('\n'),
    });
    expect(fixture.state.diagnostics().map(({ message }) => message)).toEqual([
      '${U} has no value: who runs it',
      '${W} has no value: needed',
      '${M} has no value',
      'there is no secret secret://env/C: the content',
      '${O} has no value: ours',
    ]);
  });

  it('takes health checks without a test, tmpfs as written, and restarts with a dependency', async () => {
    const fixture = createDesiredFixture();
    await fixture.push({
      'kombination.yaml': KOMBINATION,
      'compose.yaml': `services:
  db: { image: db, healthcheck: { interval: 5s }, tmpfs: ["/run", "/x:size=1m,mode=700"] }
  web: { image: a, depends_on: { db: { condition: service_started, restart: true } }, network_mode: host, ports: ["80:80"] }
`,
    });
    const resources = fixture.state.get('shop')?.resources ?? [];
    const [db, web] = ['db', 'web'].map((name) =>
      resources.find((one) => one.id === `local/container/${name}`),
    );
    expect(db?.spec).toMatchObject({
      healthcheck: { intervalMs: 5_000 },
      mounts: [
        { type: 'tmpfs', target: '/run', options: [] },
        { type: 'tmpfs', target: '/x', options: ['size=1m', 'mode=700'] },
      ],
    });
    expect(web?.replaceWith).toContain('local/container/db');
    expect(web?.origin).toEqual({ file: 'compose.yaml', line: 3, column: 3 });
    expect(web?.spec).not.toHaveProperty('ports');
    expect(briefDiagnostics(fixture.state.diagnostics())).toEqual([
      '3:107 warning UNSUPPORTED_KEY services.web.ports',
    ]);
  });

  it('answers the document as it is written', async () => {
    const fixture = createDesiredFixture();
    await fixture.push({
      'kombination.yaml': KOMBINATION,
      'compose.yaml': 'services: { web: { image: a } }\n',
    });
    expect(fixture.state.get('shop')?.document).toEqual({
      version: '1.0',
      meta: { name: 'shop' },
      compose: 'compose.yaml',
    });
  });
});
