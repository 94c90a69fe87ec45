import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readComposeFileVariable } from '../../../reconciler/config/compose/import/named-files.ts';
import type { ImportOptions } from '../../../reconciler/config/compose/import/import.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { importFiles } from '../../support/compose/compose-config.ts';

interface Kombination {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

function run(files: ProjectFiles, options: Partial<ImportOptions> = {}) {
  const imported = importFiles(files, { files: ['compose.yaml'], fallbackName: 'project', ...options });
  expect(imported.diagnostics).toEqual([]);
  const { services, volumes } = parse(imported.text, { merge: true, maxAliasCount: -1 }) as Kombination;
  return { ...imported, services, volumes, paths: [...imported.copies.keys()] };
}

describe('several files as one', () => {
  it('writes out what a project includes, with its comments and from its own directory', () => {
    const { text, paths, notes } = run({
      'compose.yaml': `# top
include:
  - db/compose.yaml
services:
  web:
    image: nginx:1.29 # pinned
    restart: always
    depends_on: [db]
`,
      'db/compose.yaml': `services:
  # keeps everything
  db:
    image: postgres:\${PG} # of the year
    restart: always
    env_file: db.env
    volumes: ["./init:/docker-entrypoint-initdb.d:ro"]
`,
      'db/.env': 'PG=17\n',
      'db/db.env': 'POSTGRES_USER=u\nPOSTGRES_PASSWORD=hush\n',
      'db/init/a.sql': 'select 1',
    });
    expect(text).toBe(`# top
version: "1.0"
meta:
  name: project
services:
  web:
    image: nginx:1.29 # pinned
    restart: always
    depends_on: [ db ]
  # keeps everything
  db:
    image: postgres:17 # of the year
    restart: always
    volumes: [ { type: volume, target: /docker-entrypoint-initdb.d, volume: { nocopy: true } } ]
    environment:
      POSTGRES_USER: u
      POSTGRES_PASSWORD: \${POSTGRES_PASSWORD}
    files:
      - source: ./db/init
        target: /docker-entrypoint-initdb.d
`);
    expect(paths).toEqual(['db/init/a.sql']);
    expect(notes).toContainEqual({
      kind: 'changed',
      file: 'db/compose.yaml',
      line: 4,
      path: 'services.db.image',
      message: '${PG} is filled in as .env has it',
    });
  });

  it('writes out what services extend, from this file and from others', () => {
    const { services, paths } = run({
      'compose.yaml': `services:
  base: { image: "app:1", restart: always, environment: [A=1, B=2] }
  web: { extends: { service: base }, environment: { B: "3" } }
  job: { extends: { file: ../common/app.yml, service: app }, restart: "no" }
`.replaceAll('../', ''),
      'common/app.yml': 'services: { app: { image: "app:2", volumes: ["./conf:/etc/app:ro"] } }\n',
      'common/conf/a': 'a',
    });
    expect(services['web']).toEqual({ image: 'app:1', restart: 'always', environment: { A: '1', B: '3' } });
    expect(services['job']).toMatchObject({
      image: 'app:2',
      files: [{ source: './common/conf', target: '/etc/app' }],
    });
    expect(paths).toEqual(['common/conf/a']);
  });

  it('puts later files over earlier ones', () => {
    const { services } = run(
      {
        'compose.yaml':
          'services: { web: { image: "a:1", restart: always, ports: ["80:80"], command: x } }\n',
        'over.yaml':
          'services: { web: { image: "a:2", ports: !override ["81:80"], command: !reset null } }\n',
      },
      { files: ['compose.yaml', 'over.yaml'] },
    );
    expect(services['web']).toEqual({ image: 'a:2', restart: 'always', ports: ['81:80'] });
  });

  it('is called as Compose would call it', () => {
    const text = 'name: ${N:-written}\nservices: { web: { image: a, restart: always } }\n';
    expect(run({ 'compose.yaml': text }).name).toBe('written');
    expect(run({ 'compose.yaml': text, '.env': 'COMPOSE_PROJECT_NAME=set\n' }).name).toBe('set');
    expect(run({ 'compose.yaml': text, '.env': 'COMPOSE_PROJECT_NAME=set\n' }, { name: 'told' }).name).toBe(
      'told',
    );
  });

  it('knows the files that .env names', () => {
    expect(readComposeFileVariable('COMPOSE_FILE=a.yaml:b/c.yaml\n')).toEqual(['a.yaml', 'b/c.yaml']);
    expect(readComposeFileVariable('COMPOSE_FILE=a;b\nCOMPOSE_PATH_SEPARATOR=;\n')).toEqual(['a', 'b']);
    expect(readComposeFileVariable('A=1\n')).toBeNull();
  });
});

describe('anchors', () => {
  it('keeps them where they still say the same, and never writes a secret through one', () => {
    const { text, services } = run({
      'compose.yaml': `x-env: &env { DB_PASSWORD: "\${DB_PASSWORD}", TAG: "\${TAG}" }
x-common: &common
  restart: always
  environment: *env
  volumes: [./conf:/conf:ro]
services:
  a: { <<: *common, image: "a:\${TAG}" }
  b:
    image: b
    restart: always
    environment: *env
`,
      '.env': 'DB_PASSWORD=hush\nTAG=2\n',
      'conf/c': 'c',
    });
    expect(text).toContain('    environment: *env\n');
    expect(text).not.toContain('hush');
    const environment = { DB_PASSWORD: '${DB_PASSWORD}', TAG: '2' };
    expect(services['a']).toMatchObject({
      image: 'a:2',
      restart: 'always',
      environment,
      files: [{ source: './conf', target: '/conf' }],
    });
    expect(services['b']).toMatchObject({ environment });
  });

  it('takes hundreds of them', () => {
    const lines = Array.from({ length: 400 }, (_, index) => `  s${index}: { <<: *c, logging: *l }\n`).join(
      '',
    );
    const { services } = run({
      'compose.yaml': `x-l: &l { driver: json-file }\nx-r: &r { restart: always, logging: *l }\nx-c: &c { <<: *r, image: "a:1" }\nservices:\n${lines}`,
    });
    expect(Object.keys(services)).toHaveLength(400);
  });
});

describe('content and data', () => {
  const DATA = `services:
  db: { image: "db:1", restart: always, volumes: ["./data:/var/lib/db"] }
  dump: { image: "db:1", restart: always, volumes: ["./data:/var/lib/db:ro", "./x/data:/x"] }
`;

  it('leaves data where it is, copies none of it, and names it for .gitignore', () => {
    const { services, volumes, paths, data, notes } = run({ 'compose.yaml': DATA, 'data/seed.db': 'seed' });
    expect(services['db']?.['volumes']).toEqual(['./data:/var/lib/db']);
    // One that only reads what another one writes reads data.
    expect(services['dump']?.['volumes']).toEqual(['./data:/var/lib/db:ro', './x/data:/x']);
    expect([volumes, paths, data]).toEqual([undefined, [], ['data', 'x/data']]);
    expect(notes.filter(({ kind }) => kind === 'left out').map(({ path }) => path)).toEqual([
      'services.db.volumes.0',
      'services.dump.volumes.0',
    ]);
  });

  it.each([
    ['configuration', 'app.conf', 'a', ['app.conf']],
    ['binary', 'app.conf', 'SQLite\0', []],
    ['a database', 'app.db', 'text', []],
    ['JSON, which may hold keys', 'acme.json', '{}', []],
  ])('takes a file that may be written to for what it is: %s', (_what, name, content, want) => {
    const { paths, data } = run({
      'compose.yaml': `services: { web: { image: a, restart: always, volumes: ["./${name}:/etc/x"] } }\n`,
      [name]: content,
    });
    expect([paths, data]).toEqual([want, want.length > 0 ? [] : [name]]);
  });

  it('takes no directory that may be written to, though Git knows it', () => {
    const { paths, data } = run(
      {
        'compose.yaml': 'services: { web: { image: a, restart: always, volumes: ["./www:/var/www"] } }\n',
        'www/index.html': 'i',
      },
      { isVersioned: true, isTracked: (path) => path === 'www/index.html' },
    );
    expect([paths, data]).toEqual([[], ['www']]);
  });

  it('lets nothing from outside of the project come along', () => {
    const { paths, notes } = run({
      'compose.yaml': `services:
  web: { image: a, restart: always, volumes: ["../../etc:/x:ro"], env_file: ../secret.env }
`,
    });
    expect(paths).toEqual([]);
    expect(notes.filter(({ kind }) => kind === 'dropped').map(({ path }) => path)).toEqual([
      'services.web.env_file',
    ]);
  });
});

describe('builds', () => {
  it('bring their context along without what is ignored', () => {
    const { services, paths } = run({
      'compose.yaml': 'services: { web: { build: backend, restart: always } }\n',
      'backend/.dockerignore': '.git\nnode_modules\n*.log\n',
      'backend/Dockerfile': 'FROM scratch\nCOPY . /\n',
      'backend/src/a.py': 'a',
      'backend/node_modules/x.js': 'x',
      'backend/debug.log': 'x',
    });
    expect(services['web']).toEqual({ build: 'backend', restart: 'always' });
    expect(paths).toEqual(['backend/.dockerignore', 'backend/Dockerfile', 'backend/src/a.py']);
  });
});

it('leaves passwords inside of other variables to the daemon', () => {
  const { text, services } = run({
    'compose.yaml': `services:
  web: { image: a, restart: always, environment: { URL: "\${DATABASE_URL}", USER: "\${DB_USER}" }, env_file: web.env }
`,
    '.env': 'DB_USER=app\nDB_PASSWORD=app\nDATABASE_URL=postgres://app:${DB_PASSWORD}@db/app\n',
    'web.env': 'API_TOKEN=hush\nHEADER=Bearer ${API_TOKEN}\n',
  });
  expect(services['web']?.['environment']).toEqual({
    URL: '${DATABASE_URL}',
    USER: 'app',
    API_TOKEN: '${API_TOKEN}',
    HEADER: 'Bearer ${API_TOKEN}',
  });
  expect(text).not.toContain('hush');
});

it('says where a file that is no map begins', () => {
  const { diagnostics } = importFiles(
    { 'compose.yaml': '!reset {}\n' },
    { files: ['compose.yaml'], fallbackName: 'project' },
  );
  expect(diagnostics).toMatchObject([
    { severity: 'error', code: 'YAML_SYNTAX', file: 'compose.yaml', line: 1, column: 1 },
  ]);
});

it('quotes a value as far as anybody reads', () => {
  const text = `services: { web: { image: a, restart: always, privileged: "${'('.repeat(20_000)}" } }\n`;
  const { notes, diagnostics } = importFiles(
    { 'compose.yaml': text },
    { files: ['compose.yaml'], fallbackName: 'project' },
  );
  const lengths = [...notes, ...diagnostics].map(({ message }) => message.length);
  expect(lengths.length).toBeGreaterThan(0);
  expect(Math.max(...lengths)).toBeLessThan(1_100);
});
