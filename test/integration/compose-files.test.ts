import { beforeAll, describe, expect, it } from 'vitest';
import type { ComposeCommand } from '../support/compose/compose.ts';
import { prepareCompose } from '../support/compose/compose.ts';
import type { ProjectFiles } from '../support/compose/compose-config.ts';
import { DOTENV, TEMPLATES } from '../support/compose/compose-texts.ts';
import {
  asImported,
  readWithCompose,
  readWithImport,
  readWithKombinator,
} from '../support/compose/compose-config.ts';

/*
 * Small projects, read by `docker-compose config` and by a kombination that adopts them: both must understand the same.
 */

let compose: ComposeCommand;

beforeAll(async () => {
  compose = await prepareCompose(() => undefined);
});

/** Lines below `web:`, indented by four. */
function web(lines: string, more: ProjectFiles = {}, below = ''): ProjectFiles {
  const text = lines
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return { 'compose.yaml': `services:\n  web:\n    image: nginx:1\n${text}\n${below}`, ...more };
}

function variables(values: readonly string[], env: string): ProjectFiles {
  const lines = values.map((value, index) => `  V${index}: ${JSON.stringify(value)}`);
  return web(['environment:', ...lines].join('\n'), { '.env': env });
}

async function same(
  files: ProjectFiles,
  names: readonly string[] = ['compose.yaml'],
  profiles: readonly string[] = [],
) {
  const options = [
    ...names.flatMap((name) => ['-f', name]),
    ...profiles.flatMap((name) => ['--profile', name]),
  ];
  const theirs = await readWithCompose(compose, files, options);
  expect(theirs).toBeTypeOf('object');
  const chosen = profiles.length > 0 ? `profiles: ${JSON.stringify(profiles)}\n` : '';
  expect(readWithKombinator(files, `compose: ${JSON.stringify(names)}\n${chosen}`)).toEqual(theirs);
  // Profiles are chosen when a kombination is deployed, not when it is imported.
  if (profiles.length > 0 || typeof theirs === 'string') return;
  const imported = readWithImport(files, names);
  if (typeof imported === 'string') throw new Error(imported);
  expect(imported).toEqual(asImported(theirs, imported));
}

describe('what Compose understands', () => {
  it.each<readonly [string, ProjectFiles]>([
    ['variables in all their forms', variables(TEMPLATES, 'SET=value\nEMPTY=\nA_1b=x\n')],
    ['an env file', web('env_file: app.env', { 'app.env': DOTENV })],
    ['values of .env', variables(['$PLAIN', '$SINGLE', '$ESCAPED', '$MULTI', '$INSIDE'], DOTENV)],
    [
      'env files in all their forms',
      web(
        `
env_file:
  - a.env
  - path: b.env
  - { path: none.env, required: false }
  - { path: raw.env, format: raw }
environment:
  OVER: from environment
  PASSED:
  NOWHERE:
`,
        {
          '.env': 'PASSED=from .env\nBASE=base\n',
          'a.env': 'A=1\nOVER=a\nB=a\nFROM=${BASE}\nPASSED=a\nBASE=a\n',
          'b.env': 'B=2\nC=${A}\nD=${BASE}\n',
          'raw.env': 'RAW="quoted" $BASE # kept\n',
        },
      ),
    ],
    [
      'env files that refer to each other, to .env and to the environment of the service',
      web(
        `
env_file: [1.env, 2.env, 3.env]
environment: { Q: "own $$5", X: 9, AROUND: own }
`,
        {
          '.env': 'AROUND=around\n',
          '1.env': 'X=1\nV=1\nLATER=$AFTER\nAFTER=1\nPASSED=1\n',
          '2.env': 'X=2\nV=2\nY=${X}\nW=${V}\nPASSED\n',
          '3.env': 'V=3\nZ=${V}\nP=${W}\nO=${Q}\nA=$AROUND\nL=$LATER\n',
        },
      ),
    ],
    [
      'environment as a list',
      web('environment: [A=1, "B=${X:-2}", PASSED, "C=a=b", "D="]', { '.env': 'PASSED=yes\n' }),
    ],
    [
      'scalars of YAML',
      web(`
environment:
  OCTAL: 022
  NEW_OCTAL: 0o22
  HEX: 0x1F
  FLOAT: 1.10
  BIG: 12345678901234567890
  YES: yes
  TRUTH: true
  NULLISH: ~
  TEXT: "022"
  EXP: 1e3
labels: { a.b: 1, c: true, d: 1.5 }
`),
    ],
    [
      'variables where numbers and booleans are meant',
      web(
        `
privileged: \${YES}
ports:
  - "\${PORT}:80"
  - { target: "\${INNER}", published: "\${PORT2}" }
healthcheck: { test: ["CMD", "true"], retries: "\${RETRIES}" }
cap_add: ["\${CAP}"]
hostname: \${NAME}
`,
        { '.env': 'YES=yes\nPORT=8080\nINNER=90\nPORT2=9090\nRETRIES=4\nCAP=NET_ADMIN\nNAME=host-1\n' },
      ),
    ],
    [
      'ports',
      web(`
ports:
  - 80
  - "81"
  - "8082:82"
  - "127.0.0.1:8083:83/udp"
  - "9000-9002:9000-9002"
  - "127.0.0.1::84"
  - { target: 85 }
  - { target: 86, published: "8086", host_ip: 127.0.0.1, protocol: udp, mode: host }
  - "8082:82"
`),
    ],
    [
      'anchors and merge keys',
      {
        'compose.yaml': `
x-base: &base
  image: nginx:1
  environment: &env
    A: 1
    B: \${X:-x}
  labels: [a=1]
services:
  one:
    <<: *base
  two:
    <<: [*base, { hostname: h }]
    environment:
      <<: *env
      B: 2
      C: 3
`,
      },
    ],
    [
      'extends in the same file and in another, in a chain',
      {
        'compose.yaml': `
services:
  base:
    image: nginx:1
    environment: { A: base, B: base }
    expose: ["80"]
    cap_add: [A]
    volumes: ["data:/data", "/a:/x"]
    depends_on: [db]
  web:
    extends: base
    environment: [B=web, C=web]
    expose: ["81", "80"]
    cap_add: [B, A]
    volumes: ["/b:/x"]
    command: run web
  child:
    extends: { service: web }
    labels: { l: "1" }
  other:
    extends: { file: common/services.yaml, service: thing }
    environment: { B: other }
  db: { image: db }
volumes: { data: }
`,
        'common/services.yaml': `
services:
  root: { image: root, environment: { R: "\${V}" }, env_file: root.env, networks: { default: { aliases: [x] } } }
  thing:
    extends: root
    environment: { B: thing }
    healthcheck: { test: "true", retries: 2 }
`,
        'common/root.env': 'FROM_FILE=1\n',
        '.env': 'V=from .env\n',
      },
    ],
    [
      'includes',
      {
        'compose.yaml': `
include:
  - infra/compose.yaml
  - path: [more/a.yaml, more/b.yaml]
    env_file: more/own.env
    project_directory: more
services:
  web: { image: "web:\${TAG}", depends_on: [db, cache] }
`,
        'infra/compose.yaml': `
services:
  db: { image: "db:\${TAG}-\${LOCAL:-none}", env_file: db.env, volumes: ["data:/d"] }
volumes: { data: }
`,
        'infra/db.env': 'DB=1\n',
        'infra/.env': 'TAG=infra\nLOCAL=local\n',
        'more/a.yaml': 'services: { cache: { image: "cache:${OWN}", env_file: c.env } }\n',
        'more/b.yaml': 'services: { cache: { environment: { B: "${OWN}" }, cap_add: [X] } }\n',
        'more/own.env': 'OWN=own\n',
        'more/c.env': 'C=1\n',
        '.env': 'TAG=main\n',
      },
    ],
    [
      'dependencies',
      {
        'compose.yaml': `
services:
  a: { image: a, depends_on: { b: { condition: service_healthy, restart: true }, c: { condition: service_started, required: false } } }
  b: { image: b, healthcheck: { test: [CMD, "true"] }, depends_on: [c] }
  c: { image: c, entrypoint: sh -c "echo 'a b'", command: ["x", "y z"] }
`,
      },
    ],
    [
      'things that are said in many ways',
      web(
        `
dns: 1.1.1.1
extra_hosts: ["host.docker.internal:host-gateway", "a=10.0.0.1"]
command: sh -c "echo $$HOME"
volumes:
  - ./a:/a:ro
  - ./b:/b
  - ~/c:/c
  - named:/n
  - { type: bind, source: ./d, target: /d, read_only: true }
  - { type: volume, source: named, target: /m }
healthcheck: { test: curl -f localhost, retries: 3 }
`,
        {},
        'volumes: { named: }\n',
      ),
    ],
  ])('%s', async (_name, files) => {
    await same(files);
  });
});

const MERGED: ProjectFiles = {
  'a.yaml': `
services:
  web:
    image: nginx:1
    command: one
    environment: { A: a, B: a, GONE: a }
    env_file: a.env
    labels: [l=a, m=a]
    ports: ["80:80"]
    dns: 1.1.1.1
    cap_add: [A]
    extra_hosts: ["x:1.1.1.1"]
    volumes: ["/a:/data", "/k:/keep"]
    depends_on: [db]
    networks: [one]
    healthcheck: { test: [CMD, a], retries: 5 }
    entrypoint: [a, b]
  db: { image: db:1, environment: [X=1] }
  gone: { image: gone }
networks: { one: , two: }
`,
  'b.yaml': `
services:
  web:
    image: nginx:2
    command: [two, 2]
    environment: [B=b, C=b]
    env_file: [b.env]
    labels: { m: b }
    ports: !override ["81:81"]
    dns: [8.8.8.8, 1.1.1.1]
    cap_add: !reset []
    extra_hosts: { x: 2.2.2.2 }
    volumes: ["/b:/data:ro"]
    depends_on: { db: { condition: service_healthy } }
    networks: { two: { aliases: [w] } }
    healthcheck: { test: [CMD, b, c] }
  db: { healthcheck: { test: ["CMD", "true"] }, environment: !reset null }
  gone: !reset null
  more: { image: more }
`,
  'a.env': 'FILE=a\nONLY_A=1\n',
  'b.env': 'FILE=b\n',
};

it('lets the env files of several Compose files refer to each other', async () => {
  const files = {
    'a.yaml': 'services: { pg: { image: "pg:1", env_file: [l/pg] } }\n',
    'b.yaml': 'services: { pg: { env_file: [s/pg] } }\n',
    'l/pg': 'DB_USER=my_user\nPOSTGRES_USER="${DB_USER}"\n',
    's/pg': 'DB_USER=over\nPOSTGRES_USER="${DB_USER}"\n',
  };
  await same(files, ['a.yaml', 'b.yaml']);
});

it('merges several files', async () => {
  await same({ ...MERGED, 'b.yaml': (MERGED['b.yaml'] ?? '').replace('[two, 2]', '[two, "2"]') }, [
    'a.yaml',
    'b.yaml',
  ]);
});

const PROFILES: ProjectFiles = {
  'compose.yaml': `
services:
  always: { image: a }
  debug: { image: d, profiles: [debug] }
  both: { image: b, profiles: [debug, test] }
  test: { image: t, profiles: [test], depends_on: [both] }
`,
};

it.each([[[]], [['debug']], [['test']], [['*']]])(
  'leaves out what is not in the profiles %j',
  async (profiles) => {
    await same(PROFILES, ['compose.yaml'], profiles);
  },
);

it.each<readonly [string, ProjectFiles, string]>([
  [
    'a missing value',
    web('hostname: ${NAME:?give a name}'),
    'UNRESOLVED_VARIABLE ${NAME} has no value: give a name',
  ],
  ['a missing env file', web('env_file: none.env'), 'ENV_FILE_NOT_FOUND'],
  [
    'a cycle of extends',
    { 'compose.yaml': 'services:\n  a: { extends: b }\n  b: { extends: a }\n' },
    'CIRCULAR_DEPENDENCY',
  ],
  [
    'a cycle of includes',
    {
      'compose.yaml': 'include: [b.yaml]\nservices: { a: { image: a } }\n',
      'b.yaml': 'include: [compose.yaml]\nservices: { b: { image: b } }\n',
    },
    'CIRCULAR_DEPENDENCY files include each other: compose.yaml → b.yaml → compose.yaml',
  ],
  [
    'a service to extend that is not there',
    { 'compose.yaml': 'services: { a: { image: a, extends: bb }, b: { image: b } }\n' },
    'UNKNOWN_SERVICE',
  ],
  [
    'a dependency left out by its profile',
    { 'compose.yaml': 'services: { a: { image: a, depends_on: [b] }, b: { image: b, profiles: [x] } }\n' },
    'UNKNOWN_SERVICE',
  ],
  ['a variable with a bad name', web('hostname: "${1bad}"'), 'INVALID_FORMAT'],
  ['an unknown key', web('imagee: x'), 'UNKNOWN_KEY'],
  [
    'something that is included twice and differs',
    {
      'compose.yaml': 'include: [b.yaml]\nservices: { a: { image: a } }\n',
      'b.yaml': 'services: { a: { image: b } }\n',
    },
    'INVALID_VALUE services.a',
  ],
])('refuses %s, as Compose does', async (_name, files, finding) => {
  expect(await readWithCompose(compose, files)).toBeTypeOf('string');
  expect(readWithKombinator(files)).toContain(finding);
});
