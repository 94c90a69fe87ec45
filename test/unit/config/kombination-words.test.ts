import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../../reconciler/config/kombination/analyze.ts';
import { toDiagnostics } from '../../../reconciler/config/kombination/analyze.ts';
import { parseEnvValue } from '../../../reconciler/config/kombination/service/env-value.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { analyzeFiles } from '../../support/compose/compose-config.ts';
import { DEFINITIONS, FILES, writeCompose } from '../../support/compose/compose-definitions.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

/* The ways of Compose with variables and with several files, said in a kombination itself. */

const HEAD = 'version: "1.0"\nmeta: { name: s }\n';

function read(text: string, more: ProjectFiles = {}): Analysis {
  return analyzeFiles({ 'kombination.yaml': `${HEAD}${text}`, ...more }, 'kombination.yaml');
}

function findings({ document, diagnostics }: Analysis): readonly string[] {
  const found = toDiagnostics('kombination.yaml', document, diagnostics);
  return found.map((diagnostic) => `${diagnostic.file}:${briefDiagnostics([diagnostic])[0]}`);
}

function web(text: string, more: ProjectFiles = {}) {
  const analysis = read(text, more);
  const service = analysis.kombination.services.find(({ name }) => name === 'web');
  if (!service) throw new Error(findings(analysis).join('\n'));
  const env = Object.fromEntries(service.env.map(({ name, value }) => [name, parseEnvValue(value)]));
  return { ...service, env, found: findings(analysis) };
}

describe('variables', () => {
  const ENV = { '.env': 'TAG=1.29\nPORT=8080\nNAME=from-env\nDOLLAR=a$$b\n' };

  it.each([
    ['image: "nginx:${TAG:-latest}"', { image: 'nginx:1.29' }],
    ['image: "nginx:${OTHER:-1.0}"', { image: 'nginx:1.0' }],
    ['image: "nginx:${TAG:+alpine}"', { image: 'nginx:alpine' }],
    ['image: nginx:$TAG', { image: 'nginx:1.29' }],
    ['{ image: a, hostname: "${NONE:-${NAME}}" }', { options: { hostname: 'from-env' } }],
    ['{ image: a, hostname: "${OWN}" }', { options: { hostname: 'own' } }],
    ['{ image: a, ports: ["${PORT}:80"] }', { ports: [{ port: { hostPort: 8080 } }] }],
    ['{ image: a, init: "${INIT:-true}" }', { options: { init: true } }],
    ['{ image: a, enabled: "${ENABLED:-true}", deploy: { replicas: "${N:-2}" } }', { replicas: 2 }],
    ['{ image: a, command: [echo, "$$HOME ${NAME}"] }', { command: ['echo', '$HOME from-env'] }],
    ['{ image: a, labels: { a: "$$apr1$$x", b: "${TAG}" } }', { labels: { a: '$apr1$x', b: '1.29' } }],
    ['{ image: a, environment: { A: "${NAME}/x" } }', { env: { A: [{ text: 'from-env/x' }] } }],
    [
      '{ image: a, env: [NAME, "B=$NAME"] }',
      { env: { NAME: [{ text: 'from-env' }], B: [{ text: 'from-env' }] } },
    ],
    ['{ image: a, environment: { NAME: } }', { env: { NAME: [{ text: 'from-env' }] } }],
    ['{ image: a, environment: { A: $DOLLAR } }', { env: { A: [{ text: 'a$b' }] } }],
  ])('%s', (service, want) => {
    const { found, ...model } = web(
      `variables: { OWN: own }\nservices:\n  web: ${service.startsWith('{') ? service : `{ ${service} }`}\n`,
      ENV,
    );
    expect(found).toEqual([]);
    expect(model).toMatchObject(want);
  });

  it('leave secrets alone', () => {
    const { env, found } = web(
      'services:\n  web: { image: "a:${TAG}", env: { A: secret://env/X, B: "${secret:file/y}", C: "${NAME}", D: "${GONE:-d}" } }\n',
      { '.env': 'TAG=1\n' },
    );
    expect(found).toEqual([]);
    expect(env).toMatchObject({
      A: [{ reference: 'secret://env/X' }],
      B: [{ reference: 'secret://file/y' }],
      C: [{ reference: 'secret://env/NAME' }],
      D: [{ reference: 'secret://env/GONE', fallback: 'd' }],
    });
  });

  it('leave the contents of files and the commands of hooks alone', () => {
    const { kombination, hooks, ...rest } = read(
      'services:\n  web: { image: "a:${TAG}", files: [{ target: /n, content: "$uri ${TAG}" }] }\nhooks: { image: a, pre_deploy: ["echo $HOME"] }\n',
      { '.env': 'TAG=1\n' },
    );
    expect(findings({ kombination, hooks, ...rest })).toEqual([]);
    expect(kombination.services[0]?.files[0]?.content).toBe('$uri ${TAG}');
    expect(hooks[0]?.service.command).toEqual(['sh', '-c', 'echo $HOME']);
  });

  it('that nobody sets are errors, and left to the shell in commands', () => {
    const { command, found } = web(
      'services:\n  web:\n    image: a:${TAG}\n    hostname: ${NAME:?say it}\n    command: [sh, -c, "echo $HOME"]\n',
    );
    expect(command).toEqual(['sh', '-c', 'echo $HOME']);
    expect(found).toEqual([
      'kombination.yaml:5:12 error UNRESOLVED_VARIABLE services.web.image',
      'kombination.yaml:6:15 error UNRESOLVED_VARIABLE services.web.hostname',
      'kombination.yaml:7:23 warning UNSET_VARIABLE services.web.command[2]',
    ]);
  });

  it('that cannot be read are errors', () => {
    expect(findings(read('services:\n  web: { image: "a:${TA G}" }\n'))).toEqual([
      'kombination.yaml:4:17 error INVALID_FORMAT services.web.image',
    ]);
  });
});

describe('what is not of Compose', () => {
  it('keeps its own numbers beside variables', () => {
    const { files, mounts } = web(
      'services:\n  web: { image: "a:${TAG}", files: [{ target: /n, content: x, mode: "0640" }], volumes: [{ type: tmpfs, target: /t, tmpfs: { mode: "1777" } }] }\n',
      { '.env': 'TAG=1\n' },
    );
    expect(files[0]?.mode).toBe(0o640);
    expect(mounts[0]?.mount).toMatchObject({ mode: 0o1777 });
  });

  it.each([
    [
      'a wrong type',
      '  web: { image: a, init: "yes", env: { A: $$ } }\n',
      '4:26 error INVALID_TYPE services.web.init',
    ],
    [
      'a service listed twice',
      '  - { name: web, image: a, profiles: [] }\n  - web\n',
      '5:5 error DUPLICATE_NAME services[1]',
    ],
    [
      'a service without a name',
      '  - { image: a, profiles: [] }\n  - { name: b, image: a }\n',
      '4:5 error REQUIRED services[0]',
    ],
    [
      'environment as a text',
      '  web: { image: a, environment: "$A" }\n',
      '4:33 error INVALID_TYPE services.web.environment',
    ],
    [
      'a path that is no volume',
      '  web: { image: a, env_file: [], volumes: ["x/y:/x"] }\n',
      '4:44 error INVALID_VALUE services.web.volumes[0]',
    ],
    [
      'a name that is none',
      '  web: { image: a, environment: ["$A"] }\n',
      '4:34 error INVALID_FORMAT services.web.environment[0]',
    ],
    [
      'a list in an environment',
      '  web: { image: a, env: [A=1, [b]] }\n',
      '4:31 error INVALID_TYPE services.web.env[1]',
    ],
    [
      'a map of configs',
      '  web: { image: a, configs: {} }\n',
      '4:29 error INVALID_TYPE services.web.configs',
    ],
    ['an alias inside of its anchor', '  web: &a { image: a, env_file: *a }\n', '4:33 error YAML_SYNTAX '],
    [
      'a word that is neither true nor false',
      '  web: { image: a, init: "${A:-maybe}" }\n',
      '4:26 error INVALID_TYPE services.web.init',
    ],
    [
      'a config that says nothing',
      '  web: { image: a }\nconfigs: { a: { content: [1] } }\n',
      '5:26 error INVALID_TYPE configs.a.content',
    ],
    [
      'both of env and environment',
      '  web: { image: a, env: { A: }, environment: {} }\n',
      '4:33 error INVALID_VALUE services.web.environment',
    ],
  ])('%s is still an error', (_what, services, want) => {
    expect(findings(read(`services:\n${services}`))).toEqual([`kombination.yaml:${want}`]);
  });

  it('the intent dialect has variables as well', () => {
    const files = {
      'kombination.yaml':
        'name: s\nservices:\n  - name: web\n    type: custom\n    config: { image: "a:${TAG}" }\n    environment: { A: "${TAG}" }\n    ports: [{ container: 80, host: 8080 }]\n',
      '.env': 'TAG=7\n',
    };
    const analysis = analyzeFiles(files, 'kombination.yaml');
    expect(findings(analysis)).toEqual([]);
    expect(analysis.kombination.services[0]).toMatchObject({
      image: 'a:7',
      env: [{ name: 'A', value: '7' }],
      ports: [{ port: { hostPort: 8080 } }],
    });
  });
});

describe('other files', () => {
  it('env_file, as in Compose', () => {
    const { env, found } = web(
      'services:\n  web: { image: a, env_file: [a.env, { path: b.env, required: false }], environment: { A: own } }\n',
      { 'a.env': 'A=file\nB=${TAG}\n', '.env': 'TAG=1\n' },
    );
    expect(found).toEqual([]);
    expect(env).toEqual({ A: [{ text: 'own' }], B: [{ text: '1' }] });
  });

  it('env_file that is not there', () => {
    expect(web('services:\n  web: { image: a, env_file: a.env }\n').found).toEqual([
      'kombination.yaml:4:30 error ENV_FILE_NOT_FOUND services.web.env_file',
    ]);
  });

  it('label_file and configs', () => {
    const { labels, files, found } = web(
      'services:\n  web: { image: a, label_file: l, configs: [{ source: c, target: /c }] }\nconfigs: { c: { content: "x ${TAG}" } }\n',
      { l: 'a=b\n', '.env': 'TAG=1\n' },
    );
    expect(found).toEqual([]);
    expect(labels).toEqual({ a: 'b' });
    expect(files[0]).toMatchObject({ target: '/c', content: 'x 1' });
  });

  it('extends a service of this file, and one of a Compose file', () => {
    const text =
      'services:\n  base: { image: a, labels: { a: base, b: base } }\n  mid: { extends: { service: base }, hostname: mid }\n' +
      '  web: { extends: { file: other/compose.yaml, service: x }, labels: [b=own] }\n';
    const files = {
      'other/compose.yaml': 'services: { x: { image: "x:${TAG:-1}", env_file: e, volumes: ["./d:/d"] } }\n',
      'other/e': 'E=1\n',
    };
    const { image, labels, env, mounts, found } = web(text, files);
    expect({ image, labels, env }).toEqual({
      image: 'x:1',
      labels: { b: 'own' },
      env: { E: [{ text: '1' }] },
    });
    expect(mounts[0]?.mount).toMatchObject({ type: 'bind', target: '/d' });
    expect(found).toEqual([]);
    const mid = read(text, files).kombination.services.find(({ name }) => name === 'mid');
    expect(mid).toMatchObject({
      image: 'a:latest',
      options: { hostname: 'mid' },
      labels: { a: 'base', b: 'base' },
    });
  });

  it('include of a Compose file', () => {
    const analysis = read('include: [db/compose.yaml]\nservices:\n  web: { image: a, depends_on: [db] }\n', {
      'db/compose.yaml': 'services: { db: { image: "postgres:${PG}" } }\nvolumes: { data: }\n',
      'db/.env': 'PG=17\n',
    });
    expect(findings(analysis)).toEqual([]);
    expect(analysis.kombination.services.map(({ name, image }) => `${name} ${image}`)).toEqual([
      'web a:latest',
      'db postgres:17',
    ]);
    expect(Object.keys(analysis.kombination.volumes)).toEqual(['data']);
  });

  it('that include each other, or extend themselves, are errors', () => {
    expect(
      findings(
        read('include: [c.yaml]\nservices: { web: { image: a } }\n', {
          'c.yaml': 'include: [kombination.yaml]\n',
        }),
      ),
    ).toEqual(['c.yaml:1:11 error CIRCULAR_DEPENDENCY include[0]']);
    expect(findings(read('services: { web: { image: a, extends: { service: web } } }\n'))).toEqual([
      'kombination.yaml:3:39 error CIRCULAR_DEPENDENCY services.web.extends',
    ]);
  });

  it('profiles of COMPOSE_PROFILES', () => {
    const services = 'services:\n  web: { image: a }\n  debug: { image: b, profiles: [dev] }\n';
    const enabled = (files: ProjectFiles) =>
      read(services, files).kombination.services.flatMap(({ name }) => name);
    expect(enabled({})).toEqual(['web']);
    expect(enabled({ '.env': 'COMPOSE_PROFILES=dev\n' })).toEqual(['web', 'debug']);
  });
});

describe('in a repository', () => {
  const file = 'kombinations/s/kombination.yaml';
  const text = `${HEAD}services:\n  web: { image: "nginx:\${TAG:-1}", env_file: [{ path: app.env, required: false }] }\n`;

  it('.env and env files beside the kombination count when they come, change and go', async () => {
    const { state, push } = createDesiredFixture();
    const look = () => {
      const spec = state.get('s')?.resources.find(({ kind }) => kind === 'container')?.spec;
      return [spec?.['image'], spec?.['env']];
    };
    await push({ [file]: text });
    expect(look()).toEqual(['nginx:1', undefined]);
    const { changed } = await push({ 'kombinations/s/.env': 'TAG=2\n', 'kombinations/s/app.env': 'A=b\n' });
    expect(changed).toEqual(['s']);
    expect(look()).toEqual(['nginx:2', { A: 'b' }]);
    await push({ 'kombinations/s/.env': 'TAG=3\n' });
    expect(look()).toEqual(['nginx:3', { A: 'b' }]);
    await push({ 'kombinations/s/.env': null, 'kombinations/s/app.env': null });
    expect(look()).toEqual(['nginx:1', undefined]);
  });
});

describe('the services of a Compose file, said in a kombination', () => {
  /** Numbers for modes, paths beside the file and variables that nobody sets are the author's here (decision 025); contexts differ. */
  const OTHERWISE = ['tmpfs-mode', 'bind-relative', 'environment-list', 'build'];
  const names = Object.keys(DEFINITIONS).filter((name) => !OTHERWISE.includes(name));
  const compose = writeCompose(names);
  const services = ({ kombination }: Analysis) =>
    new Map(kombination.services.map((service) => [service.name, withoutPlaces(service)]));
  const own = read(`${compose}profiles: ["*"]\n`, FILES);
  const adopted = analyzeFiles(
    {
      'kombination.yaml': `${HEAD}compose: compose.yaml\nprofiles: ["*"]\n`,
      'compose.yaml': compose,
      ...FILES,
    },
    'kombination.yaml',
  );

  it('are read without an error', () => {
    expect(own.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it.each(names)('mean the same: %s', (name) => {
    expect(services(own).get(name)).toEqual(services(adopted).get(name));
    expect(services(own).get(name)).toBeDefined();
  });
});

/** Returns the value without where things were written. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (key === 'path' ? [] : [[key, withoutPlaces(member)]])),
  );
}
