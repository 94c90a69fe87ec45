import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../deploy/demo/processes.ts';
import {
  composeContainerLabels,
  composePartLabels,
} from '../../../reconciler/model/docker/compose-labels.ts';
import {
  DEFINITIONS,
  FILES,
  INSPECT_IMAGE,
  writeCompose,
} from '../../support/compose/compose-definitions.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { composeCall, hashFiles, writeProject } from '../../support/compose/compose-hash.ts';
import type { ComposeCommand } from '../../support/compose/compose.ts';
import { prepareCompose } from '../../support/compose/compose.ts';
import { engineJson } from '../../support/docker/docker-engine.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';

/* Labels that docker-compose puts on what it makes, against those that we would put there. */

const host = workerEngine();
const path = host.replace('unix://', '');
const OUTSIDE = 'kombinator-inspect-outside';
const PREFIX = 'com.docker.compose.';

type Labels = Readonly<Record<string, string>>;
interface Made {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly ImageID: string;
  readonly Labels: Labels;
}

let compose: ComposeCommand;
beforeAll(async () => {
  compose = await prepareCompose(() => undefined);
  await buildTestImage(host, INSPECT_IMAGE);
  for (const name of ['built', 'platform'])
    await engineJson(path, 'POST', `/images/${INSPECT_IMAGE}/tag?repo=kombinator-inspect-${name}&tag=1`);
  await engineJson(path, 'POST', '/volumes/create', { Name: OUTSIDE });
  await engineJson(path, 'POST', `/containers/create?name=${OUTSIDE}`, { Image: INSPECT_IMAGE });
}, 300_000);
afterAll(() => engineJson(path, 'DELETE', `/containers/${OUTSIDE}?force=1&v=1`));

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

const FILTER = encodeURIComponent(JSON.stringify({ label: [`${PREFIX}project=proj`] }));

/** The project as docker-compose made it, and a way to have it made once more. */
async function make(files: ProjectFiles, names: readonly string[] = ['compose.yaml']) {
  const project = await writeProject(files);
  opened.push(async () => project[Symbol.asyncDispose]());
  const { directory } = project;
  const { words, variables } = composeCall(compose, directory, names);
  const env = { ...variables, PATH: process.env['PATH'], DOCKER_HOST: host };
  const call = (...more: readonly string[]) =>
    run(compose.program, [...words, ...more], { cwd: directory, env });
  opened.push(() => call('down', '--volumes', '--timeout', '0'));
  await call('create');
  const containers = await engineJson<readonly Made[]>(
    path,
    'GET',
    `/containers/json?all=1&filters=${FILTER}`,
  );
  const firstOf = new Map<string, string>();
  for (const { Id, Names, Labels } of containers.toSorted((a, b) =>
    (a.Names[0] ?? '') < (b.Names[0] ?? '') ? -1 : 1,
  )) {
    const service = Labels[`${PREFIX}service`] ?? Names[0] ?? '';
    if (!firstOf.has(service)) firstOf.set(service, Id);
  }
  const hashed = hashFiles(files, {
    directory,
    files: names,
    variables: new Map(Object.entries(variables)),
    containers: firstOf,
  });
  return { directory, containers, hashed, call };
}

function ownOf(labels: Labels): Labels {
  const entries = Object.entries(labels).filter(([key]) => key.startsWith(PREFIX));
  // Dependencies are in the order of a map of Go, that is, in any.
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      key === `${PREFIX}depends_on` ? value.split(',').toSorted().join(',') : value,
    ]),
  );
}

async function expectSameLabels(
  files: ProjectFiles,
  names: readonly string[] = ['compose.yaml'],
): Promise<number> {
  const { directory, containers, hashed } = await make(files, names);
  expect(hashed.problems).toEqual([]);
  const place = { project: 'proj', directory, files: names.map((name) => `${directory}/${name}`) };
  const theirs = new Map<string, Labels>();
  const ours = new Map<string, Labels>();
  for (const { Names, ImageID, Labels } of containers) {
    const name = Names[0] ?? '';
    const service = Labels[`${PREFIX}service`] ?? '';
    const { hash, dependencies } = hashed.services.get(service) ?? { hash: '', dependencies: [] };
    theirs.set(name, ownOf(Labels));
    const number = Number(Labels[`${PREFIX}container-number`]);
    const said = typeof hash === 'string' ? hash : hash.problem;
    ours.set(
      name,
      composeContainerLabels({ ...place, service, number, hash: said, imageId: ImageID, dependencies }),
    );
  }
  const networks = await engineJson<readonly { Name: string; Labels: Labels }[]>(
    path,
    'GET',
    `/networks?filters=${FILTER}`,
  );
  const { Volumes } = await engineJson<{ Volumes: readonly { Name: string; Labels: Labels }[] }>(
    path,
    'GET',
    `/volumes?filters=${FILTER}`,
  );
  for (const [kind, made] of [
    ['network', networks],
    ['volume', Volumes],
  ] as const) {
    for (const { Name, Labels } of made) {
      const key = Labels[`${PREFIX}${kind}`] ?? '';
      // A volume that an image declares is Compose's in name only.
      if (key === '') continue;
      const part = hashed[`${kind}s`].get(key);
      expect(part?.name).toBe(Name);
      const hash = typeof part?.hash === 'string' ? part.hash : 'none';
      theirs.set(`${kind} ${Name}`, ownOf(Labels));
      ours.set(`${kind} ${Name}`, composePartLabels({ kind, project: 'proj', key, hash }));
    }
  }
  for (const [name, labels] of theirs) expect(ours.get(name), name).toEqual(labels);
  return theirs.size;
}

describe('labels of Compose', () => {
  it('are those of docker-compose for every key of a service', async () => {
    const count = await expectSameLabels({
      ...FILES,
      'compose.yaml': writeCompose(Object.keys(DEFINITIONS)),
    });
    expect(count).toBeGreaterThan(100);
  }, 300_000);

  it('are those of docker-compose for env files, label files, several files and options of networks and volumes', async () => {
    const image = `image: ${INSPECT_IMAGE}`;
    await expectSameLabels(
      {
        '.env': 'SET=around\nBASE=base\nPASS=passed\n',
        'a.env':
          'A=1\nOVER=a\nFROM=${BASE}\nSET=file\nQUOTED="x\\ny"\nSINGLE=\'$BASE\'\nNAMED\nPASS\nHASH=#f00 # comment\n',
        'raw.env': 'RAW="${BASE}"\nA=raw\n# no\nPASS\n',
        'app.labels': 'one=1\nover=file\n',
        'compose.yaml': `
services:
  env: { ${image}, env_file: [a.env, { path: raw.env, format: raw }, { path: none.env, required: false }], environment: { OVER: own, SET: , UNSET: , LATER: } }
  one-file: { ${image}, env_file: a.env }
  labels: { ${image}, label_file: [app.labels], labels: { over: own } }
  socket: { ${image}, use_api_socket: true, volumes: ["data:/d"] }
  socket-own: { ${image}, use_api_socket: true, environment: { DOCKER_CONFIG: /x } }
  shared: { ${image}, network_mode: "service:env", ipc: "service:env", volumes_from: ["one-file:ro"] }
  scaled: { ${image}, deploy: { replicas: 2 }, links: [env] }
networks:
  default: { driver_opts: { com.docker.network.bridge.name: kmbhash0 }, labels: [a=b], ipam: { config: [{ subnet: 10.213.9.0/24, gateway: 10.213.9.1, aux_addresses: { a: 10.213.9.9 } }] } }
  other: { internal: true, enable_ipv6: false, name: hash-other }
volumes:
  data: { labels: { a: 1 }, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } }
  bound: { driver: local, driver_opts: { type: none, o: bind, device: ./sub } }
`,
        'over.yaml': `
services:
  one-file: { environment: [MORE=1], volumes: ["bound:/b", "./sub:/sub"], networks: { other: { aliases: [x] } } }
`,
        'sub/file': '',
      },
      ['compose.yaml', 'over.yaml'],
    );
  }, 300_000);
});
