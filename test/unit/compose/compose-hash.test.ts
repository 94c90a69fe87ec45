import { describe, expect, it } from 'vitest';
import type { HashedProjectOptions } from '../../../reconciler/config/compose/hash/compose-project.ts';
import {
  composeContainerLabels,
  composePartLabels,
} from '../../../reconciler/model/docker/compose-labels.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { hashFiles, plainHashes } from '../../support/compose/compose-hash.ts';

/* Hashes that docker-compose itself computes are in test/integration/compose/hash.test.ts. */

function hashes(files: ProjectFiles, options: Partial<HashedProjectOptions> = {}) {
  return plainHashes(hashFiles(files, { directory: '/srv/app', ...options }));
}

function service(lines: string, more: ProjectFiles = {}): ProjectFiles {
  return {
    'compose.yaml': `services:\n  web:\n    image: x\n    ${lines.replaceAll('\n', '\n    ')}\n`,
    ...more,
  };
}

describe('the hash of a service', () => {
  it('is the one that docker-compose 2.40.3 printed', () => {
    const text = `services:
  web:
    image: nginx:1
    ports: ["127.0.0.1:8080:80", "443:443/udp"]
    environment: { GREETING: "a & b", COUNT: 3 }
    volumes: ["./data:/data", "cache:/cache:ro"]
    healthcheck: { test: "true", interval: 1m30s }
    deploy: { replicas: 2, resources: { limits: { cpus: "0.3", memory: 64M } } }
  db:
    image: postgres:17
    command: -c 'max connections'
    stop_grace_period: 90s
    depends_on: [web]
volumes: { cache: {} }
`;
    expect(hashes({ 'compose.yaml': text }, { directory: '/srv/recorded-demo', name: 'shop' })).toEqual({
      web: 'e6c7dfdc153c94cf37a7fc856c337dfd1e95b5ae444fc3f551b960f1a86a649d',
      db: '4484df5e7c326122f8808e2dedccc9e3703d9e18402fde5d9fd3a26afc8b5e8d',
    });
  });

  it.each([
    'build: .',
    'build: .\npull_policy: always',
    'scale: 3',
    'profiles: [some]',
    'depends_on: []',
    'env_file: []',
    'x-mine: 1',
  ])('does not hold %s', (lines) => {
    expect(hashes(service(lines))).toEqual(hashes(service('')));
  });

  it('holds the values of env files, and of variables that are only named', () => {
    const files = { 'app.env': 'A=1\nB=${SET}\nC=from file\n' };
    const read = hashes(service('env_file: app.env\nenvironment: { C: own, SET: }', files), {
      variables: new Map([['SET', 'value']]),
    });
    expect(read).toEqual(hashes(service('environment: { A: "1", B: value, C: own, SET: value }')));
  });

  it('holds what is given before what .env says', () => {
    const files = service('environment: { A: "${SET}" }', { '.env': 'SET=file\n' });
    expect(hashes(files, { variables: new Map([['SET', 'given']]) })).toEqual(
      hashes(service('environment: { A: given }')),
    );
  });

  it('holds relative paths as those of the host, from the file that has them', () => {
    const files = {
      'compose.yaml': 'services:\n  web: { extends: { file: sub/base.yaml, service: web } }\n',
      'sub/base.yaml': 'services:\n  web: { image: x, volumes: ["./data:/data"] }\n',
    };
    expect(hashes(files)).toEqual(hashes(service('volumes: ["/srv/app/sub/data:/data"]')));
  });

  it.each<readonly [string, string, Partial<HashedProjectOptions>]>([
    ['models: { llm: {} }', 'services.web.models brings variables that the model runner gives', {}],
    ['provider: { type: x }', 'services.web.provider makes something that is no container', {}],
    [
      'network_mode: service:vpn',
      'services.web.network_mode asks for the id of the container of the service vpn',
      {},
    ],
    ['volumes: ["~/data:/data"]', 'services.web.volumes.0.source has a value that only its host knows', {}],
    ['environment: { H: "${HOME}" }', 'services.web.environment.H has a value that only its host knows', {}],
    [
      'environment: { N: 1_000 }',
      'services.web.environment.N is a number that is written in an unusual way: put it in quotes',
      {},
    ],
    [
      'env_file: ../other.env',
      'services.web.env_file names ../other.env, which is not at hand: ../other.env leads out of the repository',
      {},
    ],
    [
      'env_file: none.env',
      'services.web.env_file names none.env, which is not at hand: none.env is not in the repository',
      {},
    ],
    ['command: echo `date`', 'services.web.command is split into words in a way of its own', {}],
    ['colour: red', 'services.web.colour is a key that is not known here', {}],
    ['volumes: ["a:b:c:d"]', 'services.web.volumes holds the mount "a:b:c:d"', {}],
    ['ports: ["1-2:1-3"]', 'services.web.ports holds the port "1-2:1-3"', {}],
  ])('is not given where docker-compose alone knows a value: %s', (lines, problem, options) => {
    expect(hashes(service(lines), options)).toEqual({ web: problem });
  });

  it('holds the ids of containers whose namespaces and volumes are shared', () => {
    const containers = new Map([['vpn', 'f00']]);
    const shared = hashes(
      service('network_mode: service:vpn\npid: service:vpn\nvolumes_from: ["vpn:ro", "container:old:ro"]'),
      {
        containers,
      },
    );
    expect(shared).toEqual(
      hashes(
        service(
          'network_mode: container:f00\npid: container:f00\nvolumes_from: [container:f00, container:old]',
        ),
      ),
    );
  });

  it('asks for texts that are not at hand', () => {
    const files = service('env_file: app.env', { 'app.env': 'A=1\n' });
    const project = hashFiles(files, {
      directory: '/srv',
      texts: new Map([['compose.yaml', files['compose.yaml'] ?? '']]),
    });
    expect(project.missing).toEqual(['app.env']);
  });

  it('names what it waits for, said or not', () => {
    const { services } = hashFiles(
      service(
        'depends_on: { db: { condition: service_healthy, restart: true } }\nlinks: [cache, "db:store"]\nvolumes_from: [data]\nipc: service:shm',
      ),
      { directory: '/srv' },
    );
    expect(services.get('web')?.dependencies).toEqual([
      'cache:service_started:true',
      'data:service_started:false',
      'db:service_healthy:true',
      'shm:service_started:true',
    ]);
  });
});

describe('networks and volumes', () => {
  it('have the names that they have on the engine', () => {
    const text =
      'services: { web: { image: x } }\nvolumes: { a: {}, b: { name: own }, c: { external: true }, d: { external: { name: their } } }\n';
    const { networks, volumes } = hashFiles({ 'compose.yaml': text }, { directory: '/srv' });
    expect([...networks].map(([key, { name }]) => [key, name])).toEqual([['default', 'proj_default']]);
    expect([...volumes].map(([key, { name, isExternal }]) => [key, name, isExternal])).toEqual([
      ['a', 'proj_a', false],
      ['b', 'own', false],
      ['c', 'c', true],
      ['d', 'their', true],
    ]);
  });
});

describe('labels of Compose', () => {
  it('are those of a container and of a volume', () => {
    const place = {
      project: 'shop',
      service: 'web',
      number: 2,
      hash: 'abc',
      imageId: 'sha256:1',
      directory: '/srv/shop',
      files: ['/srv/shop/compose.yaml', '/srv/shop/more.yaml'],
      dependencies: ['db:service_healthy:false'],
    };
    expect(composeContainerLabels(place)).toEqual({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '2',
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.config-hash': 'abc',
      'com.docker.compose.image': 'sha256:1',
      'com.docker.compose.depends_on': 'db:service_healthy:false',
      'com.docker.compose.project.working_dir': '/srv/shop',
      'com.docker.compose.project.config_files': '/srv/shop/compose.yaml,/srv/shop/more.yaml',
      'com.docker.compose.version': '2.40.3',
    });
    expect(composePartLabels({ kind: 'volume', project: 'shop', key: 'data', hash: 'abc' })).toEqual({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.volume': 'data',
      'com.docker.compose.config-hash': 'abc',
      'com.docker.compose.version': '2.40.3',
    });
  });
});
