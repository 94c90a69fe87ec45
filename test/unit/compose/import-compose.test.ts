import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import { importFiles } from '../../support/compose/compose-config.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { FULL, FULL_FILES } from '../../support/full-kombination.ts';

interface Project {
  readonly text: string;
  readonly env?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Files under version control. Default: none. */
  readonly tracked?: readonly string[];
  readonly fallbackName?: string;
}

function run({ text, env = '', files = {}, tracked = [], fallbackName = 'project' }: Project) {
  const all: Readonly<Record<string, string>> = { ...files, '.env': env, 'compose.yaml': text };
  return importAll({ all, tracked, fallbackName, files: ['compose.yaml'] });
}

interface Files {
  readonly all: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly tracked?: readonly string[];
  readonly fallbackName?: string;
}

function importAll({ all, files, tracked = [], fallbackName = 'project' }: Files) {
  return importFiles(all, { files, fallbackName, isTracked: (path) => tracked.includes(path) });
}

const brief = (project: Project) =>
  run(project)
    .notes.filter(({ kind }) => kind !== 'mapped')
    .map(({ kind, line, path }) => `${line} ${kind} ${path}`);

describe('import', () => {
  it('keeps what both say, comments and order included', () => {
    const { text, diagnostics, notes } = run({
      text: `# My blog
version: "3.8" # old
name: Blog
services:
  # the front
  web:
    image: nginx:1.29 # pinned
    restart: always
    ports: ["80:80"]
networks: { default: {} }
`,
    });
    expect(diagnostics).toEqual([]);
    expect(text).toBe(`# My blog
version: "1.0"
meta:
  name: blog
services:
  # the front
  web:
    image: nginx:1.29 # pinned
    restart: always
    ports: [ "80:80" ]
networks: { default: {} }
`);
    expect(notes.map(({ kind, line, path }) => `${line} ${kind} ${path}`)).toEqual([
      '2 changed version',
      '3 mapped name',
      '6 mapped services.web',
    ]);
  });

  it('fills variables in, and leaves secrets to the daemon', () => {
    const project = {
      env: "TAG=1.29\nDB_PASSWORD=hunter2\nHOST='a$b'\n",
      text: `services:
  web:
    image: nginx:\${TAG}
    restart: always
    mem_limit: \${MEM:-64m}
    environment:
      PASSWORD: \${DB_PASSWORD}
      URL: http://\${HOST}/\${MISSING}?\${PORT:-80}
      GIVEN:
      PRICE: $$5
    command: echo $$HOME \${MISSING}
`,
    };
    const { text, diagnostics } = run(project);
    expect(diagnostics).toEqual([]);
    expect(text).not.toContain('hunter2');
    for (const line of [
      'image: nginx:1.29',
      'mem_limit: 64m',
      'PASSWORD: ${DB_PASSWORD}',
      'URL: http://a$$b/${MISSING}?80',
      'GIVEN: ${GIVEN}',
      'PRICE: $$5',
      'command: "echo $$HOME "',
    ])
      expect(text).toContain(line);
    expect(brief(project)).toEqual(
      expect.arrayContaining(['11 changed services.web.command', '3 changed services.web.image']),
    );
  });

  it('makes files of what is in the project, and data of what is not there yet', () => {
    const project = {
      files: {
        'conf/a.conf': 'a',
        'app/Dockerfile': 'FROM scratch',
        'web.env': 'A=1\nTOKEN=hush\nB="x y"\n',
        'c.txt': 'c',
      },
      text: `services:
  web:
    build: ./app
    restart: always
    env_file: [web.env]
    environment: [B=own]
    volumes:
      - ./conf:/etc/web:ro
      - ./data:/data
      - /srv:/srv
    configs: [{ source: c, target: /c }]
    secrets: [s]
configs: { c: { file: ./c.txt } }
secrets: { s: { file: ./s.txt } }
`,
    };
    const { text, copies, diagnostics } = run(project);
    expect(diagnostics).toEqual([]);
    expect([...copies.keys()]).toEqual(['app/Dockerfile', 'c.txt', 'conf/a.conf']);
    expect(text).not.toContain('hush');
    const { state, push } = createDesiredFixture({
      secrets: { 'secret://file/s': 's', 'secret://env/TOKEN': 't' },
    });
    return push({
      'k/kombination.yaml': text,
      ...Object.fromEntries([...copies.keys()].map((path) => [`k/${path}`, 'x'])),
    }).then(() => {
      const [web] = containersOf(state, 'project');
      expect(web).toMatchObject({
        env: { A: '1', B: 'own', TOKEN: '***' },
        files: [{ target: '/c' }, { target: '/etc/web/a.conf' }],
        mounts: [
          { type: 'bind', source: '/srv/kombinator/project.data', target: '/data' },
          // The volume hides what the image has there, as a bind mount does.
          { type: 'anonymous', target: '/etc/web', nocopy: true },
          { type: 'bind', source: '/srv' },
        ],
        secrets: [{ target: '/run/secrets/s' }],
      });
    });
  });

  it('takes out what a kombination cannot say, with its line, and is valid without', () => {
    const project = {
      text: `services:
  web:
    image: nginx
    restart: always
    provider: { type: x }
    build: ./gone
    label_file: ./labels
    devices: ["vendor.com/class=x", /dev/null]
x-mine: 1
`,
    };
    expect(run(project).diagnostics).toEqual([]);
    expect(brief(project)).toEqual([
      '5 dropped services.web.provider',
      '6 dropped services.web.build',
      '7 dropped services.web.label_file',
      '8 dropped services.web.devices.0',
    ]);
  });

  it('names an image where there is nothing to build', () => {
    const { text, diagnostics, notes } = run({
      text: 'services: { web: { build: ./gone, restart: always } }\n',
    });
    expect(diagnostics).toEqual([]);
    expect(text).toContain('image: project-web, pull_policy: never');
    expect(notes.find(({ kind }) => kind === 'dropped')).toMatchObject({
      line: 1,
      path: 'services.web.build',
    });
  });

  it.each(['a: [', '- a', ''])('says that "%s" is no Compose file', (text) => {
    expect(run({ text }).diagnostics).toHaveLength(1);
  });
});

it('fills in defaults within defaults, and reports what cannot be read', () => {
  const project = {
    text: `services:
  web:
    image: nginx:\${A:-\${B:-\${C:-1.29}}}
    restart: always
    hostname: \${A:-
`,
  };
  const { text, diagnostics } = run(project);
  expect(text).toContain('image: nginx:1.29\n');
  expect(diagnostics).toEqual([]);
  expect(brief(project)).toContain('5 dropped services.web.hostname');
});

describe('interpolation', () => {
  it.each([
    ['$A ${A} $$A', '1 1 $$A'],
    ['${B:-x} ${B-x} ${C-x}', 'x  x'],
    ['${A:+y} ${C:+y}|', 'y |'],
    ['${C:-${A}}', '1'],
    ['x:${C:-${D:-${E:-1.29}}}', 'x:1.29'],
    ['${A:+${C:-${D:-z}}}', 'z'],
    ['[${C:?wanted}]', '[]'],
    ['${C:-', '${C:-'],
  ])('reads %s', (text, want) => {
    const quoted = JSON.stringify(text);
    const { text: written } = run({
      env: 'A=1\nB=\n',
      text: `services: { web: { image: nginx, restart: always } }\nx-a: { labels: [${quoted}], n: ${quoted} }\nnetworks: { n: { labels: { a: ${quoted} } } }\n`,
    });
    const { networks } = parse(written) as { networks?: { n?: { labels: { a: string } } } };
    // One that cannot be read is reported, and left out.
    expect(networks?.n?.labels.a).toBe(want.startsWith('${') ? undefined : want);
  });

  it('reads .env files', () => {
    const names = ['A', 'B', 'C', 'D', 'E'];
    const { text } = run({
      env: `# c\nA=1\nexport B='x # y'\nC="a\\"b" # c\nD=a # b\n bad\nE=\n`,
      text: `services: { web: { image: nginx, restart: always, environment: { ${names.map((name) => `${name}: "$${name}"`).join(', ')} } } }\n`,
    });
    const { services } = parse(text) as { services: { web: { environment: unknown } } };
    expect(services.web.environment).toEqual({ A: '1', B: 'x # y', C: 'a"b', D: 'a', E: '' });
  });
});

function containersOf(state: DesiredState, stack: string): readonly ContainerSpec[] {
  expect(state.get(stack)?.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return (state.get(stack)?.resources ?? [])
    .filter(({ kind }) => kind === 'container')
    .map(({ spec }) => maskSpec(spec) as unknown as ContainerSpec);
}

it('what generate writes for Compose, import reads back as the same containers', async () => {
  const secrets = {
    'secret://file/db-password': 'p',
    'secret://env/TOKEN': 't',
    'secret://env/DB_PASSWORD': 'p',
    'secret://file/tls-key': 'k',
    'secret://env/TLS_KEY': 'k',
  };
  const { state, push } = createDesiredFixture({ secrets });
  await push({ 'kombinations/full/kombination.yaml': FULL, ...FULL_FILES });
  const { files } = await state.generate({ subject: { stack: 'full' }, format: 'compose' });
  const beside = Object.fromEntries(files.map(({ path, content }) => [path, String(content)]));
  const compose = String(beside['compose.yaml']).replace('${CONFIG_REPOSITORY:-.}/kombinations/full/', './');
  const all = { ...beside, 'compose.yaml': compose, 'app/Dockerfile': 'FROM scratch\n' };
  const { text, diagnostics } = importAll({ all, files: ['compose.yaml'], fallbackName: 'full' });
  expect(diagnostics).toEqual([]);
  const again = createDesiredFixture({ secrets });
  await again.push({
    'kombinations/full/kombination.yaml': text,
    'kombinations/full/files/web/logo.bin': FULL_FILES['kombinations/full/logo.bin'] ?? null,
    'kombinations/full/app/Dockerfile': 'FROM scratch\n',
  });
  const sorted = (list: readonly ContainerSpec[]) =>
    list.map(({ image, ...spec }) => ({ ...spec, image: image.replace(/:[0-9a-f]{12}$/, '') }));
  expect(sorted(containersOf(again.state, 'full'))).toEqual(sorted(containersOf(state, 'full')));
});
