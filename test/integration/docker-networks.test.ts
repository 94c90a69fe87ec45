import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { buildLabels } from '../../reconciler/adapters/docker/labels.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { REVISION, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-networks:1';
const host = workerEngine();
const path = host.replace('unix://', '');

interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Containers?: Readonly<Record<string, unknown>>;
}

describe('networks on a Docker Engine', () => {
  const target = createDockerTarget({
    name: TARGET,
    connection: { type: 'unix', path },
    clock: realClock,
    logger: silentLogger,
  });
  beforeAll(() => buildTestImage(host, IMAGE));
  afterAll(() => target[Symbol.asyncDispose]());

  const named = async (name: string) =>
    (await engineJson<Network[]>(path, 'GET', '/networks')).filter(({ Name }) => Name === name);

  it('is one of each name, however often and however close together it is made', async () => {
    const { stack, make, apply } = freshStack(target, IMAGE);
    const front = make.network('front');
    await Promise.all(Array.from({ length: 8 }, () => apply('create', front)));
    expect(await named(`${stack}_front`)).toHaveLength(1);
  });

  it('sees a second one of its name, takes it away, and keeps the one that is in use', async () => {
    const { stack, make, service, apply, observe, settled } = freshStack(target, IMAGE);
    const front = make.network('front');
    const web = service('web', { networks: { [`${stack}_front`]: { aliases: [] } } });
    await apply('create', front);
    await apply('create', web);
    await settled(web);
    const [used] = await named(`${stack}_front`);
    const Labels = buildLabels({ stack, revision: REVISION, branch: 'main', desired: front });
    // A second network of the name, as an engine makes it that was still at it when the process that asked was killed.
    await engineJson(path, 'POST', '/networks/create', { Name: `${stack}_front`, Labels });
    expect(await named(`${stack}_front`)).toHaveLength(2);

    const doubled = await observe(front);
    expect(doubled).toMatchObject({ interrupted: true });
    expect(diffResource(front, doubled)).toMatchObject({ action: 'update', fields: [] });
    await apply('update', front);

    expect((await named(`${stack}_front`)).map(({ Id }) => Id)).toEqual([used?.Id]);
    expect(diffResource(front, await observe(front))).toMatchObject({ action: 'no-op' });
    expect(diffResource(web, await observe(web))).toMatchObject({ action: 'no-op' });
  });

  it('is not taken for another one whose id begins with its name', async () => {
    const { stack, make, apply, observe } = freshStack(target, IMAGE);
    const front = make.network('front');
    await apply('create', front);
    const [made] = await named(`${stack}_front`);
    const name = made?.Id.slice(0, 4) ?? '';
    const tricky = make.network('tricky', { name });
    await apply('create', tricky);
    expect(await named(name)).toHaveLength(1);
    await apply('delete', tricky);
    expect(await observe(front)).toBeDefined();
  });
});
