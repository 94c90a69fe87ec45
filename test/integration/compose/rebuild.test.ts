import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { run } from '../../../deploy/demo/processes.ts';
import type { RebuiltProject } from '../../../reconciler/model/docker/rebuild/rebuild-project.ts';
import { rebuildComposeProject } from '../../../reconciler/model/docker/rebuild/rebuild-project.ts';
import {
  DEFINITIONS,
  FILES,
  INSPECT_IMAGE,
  writeCompose,
} from '../../support/compose/compose-definitions.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import type { ProjectOnDisk } from '../../support/compose/compose-hash.ts';
import { writeProject } from '../../support/compose/compose-hash.ts';
import type { ComposeCommand } from '../../support/compose/compose.ts';
import { prepareCompose } from '../../support/compose/compose.ts';
import type { Container, Fields } from '../../support/compose/inspect-difference.ts';
import { comparable, differences } from '../../support/compose/inspect-difference.ts';
import { engineJson } from '../../support/docker/docker-engine.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';

/*
 * A Compose project that runs is written down from what its engine says of it, and made once more from that file: what the engine says
 * then must be the same.
 */

const host = workerEngine();
const path = host.replace('unix://', '');
const OUTSIDE = 'kombinator-inspect-outside';

let compose: ComposeCommand;
const disks: ProjectOnDisk[] = [];

beforeAll(async () => {
  compose = await prepareCompose(() => undefined);
  await buildTestImage(host, INSPECT_IMAGE);
  for (const name of ['built', 'platform'])
    await engineJson(path, 'POST', `/images/${INSPECT_IMAGE}/tag?repo=kombinator-inspect-${name}&tag=1`);
  await engineJson(path, 'POST', '/volumes/create', { Name: OUTSIDE });
  await engineJson(path, 'POST', `/containers/create?name=${OUTSIDE}`, { Image: INSPECT_IMAGE });
}, 300_000);
afterAll(async () => {
  for (const disk of disks) await disk[Symbol.asyncDispose]();
  await engineJson(path, 'DELETE', `/containers/${OUTSIDE}?force=1&v=1`);
});

type ById = readonly { readonly Id: string }[];

function filter(project: string): string {
  return encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
}

async function inspectAll(project: string): Promise<readonly Container[]> {
  const list = await engineJson<ById>(path, 'GET', `/containers/json?all=1&filters=${filter(project)}`);
  return Promise.all(list.map(({ Id }) => engineJson<Container>(path, 'GET', `/containers/${Id}/json`)));
}

/** The project as its engine tells of it. */
async function rebuild(name: string): Promise<RebuiltProject> {
  const containers = await inspectAll(name);
  const records = containers as unknown as readonly Readonly<Record<string, unknown>>[];
  const ids = [...new Set(records.map((container) => String(container['Image'])))];
  const images = await Promise.all(
    ids.map(
      async (id) =>
        [id, await engineJson<Record<string, unknown>>(path, 'GET', `/images/${id}/json`)] as const,
    ),
  );
  const used = new Set(containers.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings.Networks)));
  const networks = await Promise.all(
    [...used].map((network) => engineJson<Record<string, unknown>>(path, 'GET', `/networks/${network}`)),
  );
  const mounted = new Set(
    containers.flatMap(({ Mounts }) =>
      Mounts.flatMap((mount) => ('Name' in mount ? [String(mount.Name)] : [])),
    ),
  );
  const volumes = await Promise.all(
    [...mounted].map((volume) => engineJson<Record<string, unknown>>(path, 'GET', `/volumes/${volume}`)),
  );
  const { CgroupVersion } = await engineJson<{ CgroupVersion?: string }>(path, 'GET', '/info');
  const cgroupVersion = Number(CgroupVersion ?? 1);
  const parts = { images: new Map(images), networks, volumes, cgroupVersion };
  return rebuildComposeProject({ name, containers: records, ...parts });
}

async function withProject<T>(
  name: string,
  files: ProjectFiles,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const disk = await writeProject(files);
  disks.push(disk);
  const call = (...words: readonly string[]) =>
    run(compose.program, [...compose.args, '-p', name, '--profile', '*', ...words], {
      cwd: disk.directory,
      env: { ...process.env, DOCKER_HOST: host },
    });
  await call('create');
  try {
    return await use(disk.directory);
  } finally {
    await call('down', '--volumes', '--timeout', '0');
  }
}

interface Compared {
  readonly first: ReadonlyMap<string, Fields>;
  readonly second: ReadonlyMap<string, Fields>;
  readonly rebuilt: RebuiltProject;
  readonly again: RebuiltProject;
}

async function compare(files: ProjectFiles): Promise<Compared> {
  const { first, rebuilt } = await withProject('rebuild-a', files, async () => ({
    first: comparable(await inspectAll('rebuild-a'), new Map([['rebuild-a', 'PROJECT']])),
    rebuilt: await rebuild('rebuild-a'),
  }));
  const text = stringify(rebuilt.document).replaceAll('rebuild-a', 'rebuild-b');
  const { second, again } = await withProject('rebuild-b', { 'compose.yaml': text }, async () => ({
    second: comparable(await inspectAll('rebuild-b'), new Map([['rebuild-b', 'PROJECT']])),
    again: await rebuild('rebuild-b'),
  }));
  return { first, second, rebuilt, again };
}

describe('a Compose file that is written from what runs', () => {
  let compared: Compared;
  beforeAll(async () => {
    compared = await compare({ ...FILES, 'compose.yaml': writeCompose(Object.keys(DEFINITIONS)) });
  }, 300_000);

  it('leads to the same containers', () => {
    const { first, second } = compared;
    expect([...second.keys()].toSorted()).toEqual([...first.keys()].toSorted());
    const found = [...first].flatMap(([name, fields]) =>
      differences(fields, second.get(name) ?? new Map()).map(
        ({ field, compose: was, kombinator: is }) => `${name} ${field}: ${was} | ${is}`,
      ),
    );
    expect(found).toEqual([]);
  });

  it('is written the same from those', () => {
    const { rebuilt, again } = compared;
    const plain = (project: RebuiltProject) =>
      JSON.stringify(project.document).replaceAll(/rebuild-[ab]/g, 'P');
    expect(JSON.parse(plain(again))).toEqual(JSON.parse(plain(rebuilt)));
  });
});
