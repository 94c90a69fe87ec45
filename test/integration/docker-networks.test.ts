import { describe, expect, it } from 'vitest';
import { buildLabels } from '../../reconciler/adapters/docker/labels.ts';
import { speaks } from '../../reconciler/adapters/docker/engine/transport.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { changeOf, contextFor, REVISION } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { useDockerTarget } from '../support/docker/use-target.ts';
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
  const target = useDockerTarget(host, IMAGE);

  const named = async (name: string) =>
    (await engineJson<Network[]>(path, 'GET', '/networks')).filter(({ Name }) => Name === name);

  it('is one of each name, however often and however close together it is made', async () => {
    const { stack, make, apply } = freshStack(target, IMAGE);
    const front = make.network('front');
    await Promise.all(Array.from({ length: 8 }, () => apply('create', front)));
    expect(await named(`${stack}_front`)).toHaveLength(1);
  });

  it('sees a second one of its name where an engine makes one, takes it away, and keeps the one that is in use', async () => {
    const { stack, make, service, apply, observe, settled } = freshStack(target, IMAGE);
    const front = make.network('front');
    const web = service('web', { networks: { [`${stack}_front`]: { aliases: [] } } });
    await apply('create', front);
    await apply('create', web);
    await settled(web);
    const [used] = await named(`${stack}_front`);
    const Labels = buildLabels({ stack, revision: REVISION, branch: 'main', desired: front });
    // A second network of the name, as an engine makes it that was still at it when the process that asked was killed.
    const { ApiVersion } = await engineJson<{ ApiVersion: string }>(path, 'GET', '/version');
    const second = engineJson(path, 'POST', '/networks/create', { Name: `${stack}_front`, Labels });
    if (speaks(ApiVersion, '1.44')) {
      await expect(second).rejects.toThrow('already exists');
      return;
    }
    await second;
    expect(await named(`${stack}_front`)).toHaveLength(2);

    const doubled = await observe(front);
    expect(doubled).toMatchObject({ interrupted: true });
    expect(diffResource(front, doubled)).toMatchObject({ action: 'update', fields: [] });
    await apply('update', front);

    expect((await named(`${stack}_front`)).map(({ Id }) => Id)).toEqual([used?.Id]);
    expect(diffResource(front, await observe(front))).toMatchObject({ action: 'no-op' });
    expect(diffResource(web, await observe(web))).toMatchObject({ action: 'no-op' });
  });

  it.each([
    { when: 'with other addresses', name: 'front', subnet: '10.231.2.0/24', address: '10.231.2.2' },
    {
      when: 'under another name and with the same addresses',
      name: 'edge',
      subnet: '10.231.1.0/24',
      address: '10.231.1.8',
    },
  ])('is made anew $when, and everybody has the address described', async ({ name, subnet, address }) => {
    const { stack, make, service, apply, observe } = freshStack(target, IMAGE);
    const network = (key: string, range: string) =>
      make.network(key, { ipam: { config: [{ subnet: range }] } });
    const on = (key: string, ipv4Address?: string) => ({
      networks: {
        [`${stack}_${key}`]: { aliases: [], ...(ipv4Address === undefined ? {} : { ipv4Address }) },
      },
    });
    const front = network('front', '10.231.1.0/24');
    const before = [service('any', on('front')), service('placed', on('front', '10.231.1.9'))];
    for (const one of [front, ...before]) await apply('create', one);
    const old = await observe(front);
    const anew = network(name, subnet);
    const described = [service('any', on(name)), service('placed', on(name, address))];

    const { change } = changeOf('replace', anew, old?.objectId, front.id);
    await target.apply({ change, desired: anew, described }, contextFor(stack));

    // An engine does not start a container whose first network is gone.
    const isRenamed = name !== 'front';
    for (const one of described) {
      expect(diffResource(one, await observe(one)).action).toBe(isRenamed ? 'replace' : 'no-op');
      if (!isRenamed) continue;
      await apply('replace', one);
      await target.settle(changeOf('replace', one), 'keep', contextFor(stack));
    }
    for (const one of [anew, ...described])
      expect(diffResource(one, await observe(one)).action).toBe('no-op');
    expect(await named(`${stack}_${name}`)).toHaveLength(1);
    expect(await named(`${stack}_front`)).toHaveLength(name === 'front' ? 1 : 0);
    for (const one of described) await apply('delete', one);
    await apply('delete', anew);
  });

  it('stays as it was when there can be no new one', async () => {
    const { stack, make, service, apply, observe } = freshStack(target, IMAGE);
    const network = (key: string, subnet: string) => make.network(key, { ipam: { config: [{ subnet }] } });
    const [front, back] = [network('front', '10.232.1.0/24'), network('back', '10.232.2.0/24')];
    const web = service('web', {
      networks: { [`${stack}_front`]: { aliases: ['www'], ipv4Address: '10.232.1.9' } },
    });
    for (const one of [front, back, web]) await apply('create', one);

    const { change } = changeOf(
      'replace',
      network('front', '10.232.2.0/24'),
      (await observe(front))?.objectId,
    );
    const doomed = target.apply(
      { change, desired: network('front', '10.232.2.0/24'), described: [web] },
      contextFor(stack),
    );

    await expect(doomed).rejects.toThrow('overlaps');
    for (const one of [front, web]) expect(diffResource(one, await observe(one)).action).toBe('no-op');
    for (const one of [web, front, back]) await apply('delete', one);
  });

  // One of the two was held for good, its containers without any network.
  it('waits for addresses that another stack is about to give up, so that two stacks can swap theirs', async () => {
    const stacks = [freshStack(target, IMAGE), freshStack(target, IMAGE)] as const;
    const network = (index: 0 | 1, subnet: string) =>
      stacks[index].make.network('front', { ipam: { config: [{ subnet }] } });
    const web = (index: 0 | 1) =>
      stacks[index].service('web', { networks: { [`${stacks[index].stack}_front`]: { aliases: [] } } });
    const subnets = ['10.233.1.0/24', '10.233.2.0/24'] as const;
    const after = [network(0, subnets[1]), network(1, subnets[0])] as const;
    for (const index of [0, 1] as const) {
      await stacks[index].apply('create', network(index, subnets[index]));
      await stacks[index].apply('create', web(index));
    }
    const contexts = [contextFor(stacks[0].stack), contextFor(stacks[1].stack)] as const;
    const swap = (index: 0 | 1) =>
      target.apply({ ...changeOf('replace', after[index]), described: [web(index)] }, contexts[index]);

    const first = swap(0);
    await eventually(
      () => contexts[0].messages,
      (messages) => messages.some((message) => message.includes(`network ${stacks[1].stack}_front`)),
    );
    await Promise.all([first, swap(1)]);

    for (const index of [0, 1] as const) {
      for (const one of [after[index], web(index)])
        expect(diffResource(one, await stacks[index].observe(one)).action).toBe('no-op');
      for (const one of [web(index), after[index]]) await stacks[index].apply('delete', one);
    }
  });

  it('is made anew to its end when somebody gives up in the middle', async () => {
    const { stack, make, service, apply, observe } = freshStack(target, IMAGE);
    const network = (subnet: string) => make.network('front', { ipam: { config: [{ subnet }] } });
    const web = service('web', { networks: { [`${stack}_front`]: { aliases: [] } } });
    for (const one of [network('10.233.1.0/24'), web]) await apply('create', one);
    const anew = network('10.233.2.0/24');
    const { change } = changeOf('replace', anew, (await observe(anew))?.objectId);
    const controller = new AbortController();

    const applied = target.apply(
      { change, desired: anew, described: [web] },
      contextFor(stack, { signal: controller.signal }),
    );
    await eventually(
      () => named(`${stack}_front`),
      (found) => !found.some(({ Id }) => Id === change.objectId),
    );
    controller.abort();
    await applied.catch(() => undefined);

    expect(await named(`${stack}_front`)).toHaveLength(1);
    expect(diffResource(web, await observe(web)).action).toBe('no-op');
    for (const one of [web, anew]) await apply('delete', one);
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
