import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../deploy/demo/processes.ts';
import { createAdapter } from '../../reconciler/adapters/docker/adapter.ts';
import { makeContainer } from '../../reconciler/adapters/docker/containers/container.ts';
import { createDialer } from '../../reconciler/adapters/docker/engine/connection.ts';
import { createEngine } from '../../reconciler/adapters/docker/engine/create-engine.ts';
import { containerSpec } from '../../reconciler/adapters/docker/containers/specs.ts';
import { createEngineTarget } from '../../reconciler/adapters/docker/target.ts';
import { createTransport } from '../../reconciler/adapters/docker/engine/transport.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import { kombinationSchema } from '../../schemas/index.ts';
import {
  DATA_FILE,
  DEFINITIONS,
  FILES,
  INSPECT_IMAGE,
  writeCompose,
} from '../support/compose/compose-definitions.ts';
import type { AllowedDifference } from '../support/compose/compose-differences.ts';
import { ALLOWED, NOT_COMPARED } from '../support/compose/compose-differences.ts';
import { isPinned } from '../support/compose/compose-pinned.ts';
import { prepareCompose } from '../support/compose/compose.ts';
import { createDesiredFixture, createFixedSecrets } from '../support/desired-fixtures.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { changeOf, contextFor } from '../support/docker/docker-resources.ts';
import type { Container, Difference, Fields } from '../support/compose/inspect-difference.ts';
import { comparable, differences } from '../support/compose/inspect-difference.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { createEngineView } from '../support/main-job.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/*
 * One Compose file, created by docker-compose as one project and adopted by Kombinator as one stack, on one engine, one after
 * the other. What engine inspect says of the containers must be the same, outside of names and the labels of owners.
 */

const host = workerEngine();
const path = host.replace('unix://', '');
const OUTSIDE = 'kombinator-inspect-outside';
const PROJECT = 'inspect-a';
const STACK = 'inspect-b';
/** Compose mounts what lies beside its file; a repository has no place for data, and says where its own is. */
const DATA_DIR = '/tmp/kombinator-inspect/beside';
const names = Object.keys(DEFINITIONS);

type ById = readonly { readonly Id: string }[];

async function inspectAll(label: string): Promise<readonly Container[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  // Labels of Compose are on Kombinator's containers too.
  const list = await engineJson<ById>(path, 'GET', `/containers/json?all=1&filters=${filters}`);
  return Promise.all(list.map(({ Id }) => engineJson<Container>(path, 'GET', `/containers/${Id}/json`)));
}

async function removeAll(containers: ById): Promise<void> {
  for (const { Id } of containers) await engineJson(path, 'DELETE', `/containers/${Id}?force=1&v=1`);
}

/** Tags any image in place of what is built: that is another test's business. */
async function tagAs(reference: string): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':');
  await engineJson(path, 'POST', `/images/${INSPECT_IMAGE}/tag?repo=${repo}&tag=${tag}`);
}

async function createWithCompose(): Promise<ReadonlyMap<string, Fields>> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-inspect-'));
  try {
    for (const [file, text] of Object.entries({ ...FILES, 'compose.yaml': writeCompose(names) })) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
    const { program, args } = await prepareCompose(() => undefined);
    const env = { ...process.env, DOCKER_HOST: host };
    const docker = (...words: readonly string[]) =>
      run(program, [...args, '-p', PROJECT, '--profile', '*', ...words], { cwd: root, env });
    await docker('create');
    const containers = await inspectAll(`com.docker.compose.project=${PROJECT}`);
    await docker('down', '--volumes');
    return comparable(
      containers,
      new Map([
        [root, 'DIRECTORY'],
        [PROJECT, 'PROJECT'],
      ]),
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function createWithKombinator(): Promise<ReadonlyMap<string, Fields>> {
  const { state, source, push } = createDesiredFixture({
    port: { ...createFixedSecrets(), open: async ({ path }) => ({ get: () => new Secret('value', path) }) },
  });
  const { [DATA_FILE]: _, ...content } = FILES;
  const files = { ...content, 'compose.yaml': writeCompose(names) };
  await push({
    'kombination.yaml': `version: "1.0"\nmeta: { name: ${STACK} }\ncompose: compose.yaml\ndata_dir: ${DATA_DIR}\nprofiles: ["*"]\n`,
    ...files,
  });
  const desired = state.get(STACK);
  expect(desired?.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const transport = createTransport(createDialer({ type: 'unix', path }, {}));
  const options = { name: 'local', clock: realClock, logger: silentLogger, engine: createEngine(transport) };
  await using target = createEngineTarget({ ...options, close: () => transport.close() });
  const adapter = createAdapter(options.engine, options);
  const context = {
    ...contextFor(STACK),
    readBlob: async (blob: string) => state.inlineBlob(blob) ?? source.readBlob(blob),
  };
  for (const resource of desired?.resources ?? []) {
    if (resource.kind === 'image') continue;
    if (resource.kind !== 'container') {
      await target.apply(changeOf('create', resource), context);
      continue;
    }
    // Only made: what starts takes ports of the machine, and may need what it does not have.
    const spec = containerSpec(resource);
    if (spec.image !== INSPECT_IMAGE) await tagAs(spec.image);
    await makeContainer({ adapter, desired: resource, spec, context }, spec.name);
  }
  const containers = await inspectAll(`io.kombinator.stack=${STACK}`);
  await removeAll(containers);
  await createEngineView(host).removeStacksOf(new Set([STACK]));
  const words = new Map([[STACK, 'PROJECT']]).set(DATA_DIR, 'DIRECTORY');
  return comparable(containers, words);
}

describe('a Compose file, created by docker-compose and by Kombinator', () => {
  let theirs: ReadonlyMap<string, Fields>;
  let ours: ReadonlyMap<string, Fields>;
  beforeAll(async () => {
    await buildTestImage(host, INSPECT_IMAGE);
    await engineJson(path, 'POST', '/volumes/create', { Name: OUTSIDE });
    await engineJson(path, 'POST', `/containers/create?name=${OUTSIDE}`, { Image: INSPECT_IMAGE });
    for (const name of ['built', 'platform']) await tagAs(`kombinator-inspect-${name}:1`);
    theirs = await createWithCompose();
    ours = await createWithKombinator();
  }, 300_000);
  afterAll(() => engineJson(path, 'DELETE', `/containers/${OUTSIDE}?force=1&v=1`));

  it('makes at least sixty containers of both, by the same names', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
    expect(theirs.size).toBeGreaterThanOrEqual(names.length);
    expect([...ours.keys()].toSorted()).toEqual([...theirs.keys()].toSorted());
  });

  it('leads to the same containers, outside of what the documentation lists', () => {
    const found = [...theirs].flatMap(([name, fields]) =>
      differences(fields, ours.get(name) ?? new Map())
        .filter((difference) => allowing(name, difference).length === 0)
        .map(({ field, compose, kombinator }) => `${name} ${field}: ${compose} | ${kombinator}`),
    );
    expect(found).toEqual([]);
  });

  it('differs in everything that the documentation lists', () => {
    const used = new Set(
      [...theirs].flatMap(([name, fields]) =>
        differences(fields, ours.get(name) ?? new Map()).flatMap((difference) => allowing(name, difference)),
      ),
    );
    expect(ALLOWED.filter((entry) => !used.has(entry))).toEqual([]);
  });
});

function allowing(
  container: string,
  { field, compose, kombinator }: Difference,
): readonly AllowedDifference[] {
  const service =
    container === 'kombinator-inspect-named' ? 'container-name' : container.replace(/-\d+$/, '');
  return ALLOWED.filter(
    ({ fields, services, values }) =>
      fields.some((pattern) => matches(pattern, field)) &&
      (services?.includes(service) ?? true) &&
      (values
        ? values.compose === compose && values.kombinator === kombinator
        : isPinned(container, field, [compose, kombinator])),
  );
}

function matches(pattern: string, field: string): boolean {
  const [wanted, given] = [pattern.split('.'), field.split('.')];
  return (
    wanted.length === given.length && wanted.every((part, index) => part === '*' || part === given[index])
  );
}

it('says every key that a service may have, or why it is not compared', () => {
  const said = new Set(
    names.flatMap((name) => Object.keys((parse(DEFINITIONS[name] ?? '') ?? {}) as Record<string, unknown>)),
  );
  said.add('image');
  const keys = Object.keys(kombinationSchema.$defs.service.properties);
  expect(keys.filter((key) => !said.has(key) && NOT_COMPARED[key] === undefined)).toEqual([]);
  expect(Object.keys(NOT_COMPARED).filter((key) => said.has(key) || !keys.includes(key))).toEqual([]);
});
