import { describe, expect, it } from 'vitest';
import type { DesiredResource, ObservedResource } from '../../../reconciler/model/resource.ts';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import { formatPlanGraph } from '../../../reconciler/plan/format-plan.ts';
import type { PlanInput } from '../../../reconciler/plan/plan-input.ts';
import { planFor, running, wanted } from '../../support/builders.ts';

const port = (hostPort: number, hostIp?: string) => ({
  ports: [{ containerPort: 80, hostPort, protocol: 'tcp', ...(hostIp === undefined ? {} : { hostIp }) }],
});
const service = (name: string, spec: Spec = {}, more: Partial<DesiredResource> = {}) =>
  wanted('container', name, { name: `shop-${name}-1`, image: 'a', ...spec }, more);
const network = (key: string, name: string, subnet?: string) =>
  wanted('network', key, { name, ...(subnet === undefined ? {} : { ipam: { config: [{ subnet }] } }) });
const on = (keys: readonly string[]) =>
  service(
    'web',
    { networks: Object.fromEntries(keys.map((key) => [`shop_${key}`, { aliases: [] }])) },
    { dependsOn: keys.map((key) => ({ id: network(key, '').id, until: 'applied' })) },
  );
const placed = (name: string, ipv4Address: string) =>
  service(name, { networks: { shop_a: { aliases: [], ipv4Address } } });
const volume = (key: string, name: string) => wanted('volume', key, { name }, { guarded: true });

function graph(
  had: readonly DesiredResource[],
  desired: readonly DesiredResource[],
  more: Partial<PlanInput> = {},
) {
  const observed = had.map((one): ObservedResource => running(one, { objectId: `was ${one.name}` }));
  const plan = planFor({ desired, observed, ...more });
  return formatPlanGraph(plan)
    .split('\n')
    .map((line) => line.replaceAll('local/', ''));
}

describe('names that move within a stack', () => {
  it.each<{ when: string; had: DesiredResource[]; desired: DesiredResource[]; plan: string[] }>([
    {
      when: 'a renamed service keeps its container name',
      had: [service('a', { name: 'keep' })],
      desired: [service('b', { name: 'keep', user: '1' })],
      plan: ['[] -> #1 replace container/b: takes over from a: user changed'],
    },
    {
      when: 'a renamed service keeps its host port',
      had: [service('a', port(80))],
      desired: [service('b', port(80))],
      plan: ['[] -> #1 replace container/b: takes over from a: name changed'],
    },
    {
      when: 'a service goes that has nothing of what comes',
      had: [service('a', port(80))],
      desired: [service('b', port(81))],
      plan: ['[] -> #1 delete container/a: no longer described', '[] -> #2 create container/b: not found'],
    },
    {
      when: 'a service goes that had the same port at another address',
      had: [service('a', port(80, '127.0.0.1'))],
      desired: [service('b', port(80, '10.50.0.1'))],
      plan: ['[] -> #1 delete container/a: no longer described', '[] -> #2 create container/b: not found'],
    },
    {
      when: 'a service goes that had the same port at all addresses of the family',
      had: [service('a', port(80, '0.0.0.0'))],
      desired: [service('b', port(80, '10.50.0.1'))],
      plan: ['[] -> #1 replace container/b: takes over from a: name, ports changed'],
    },
    {
      when: 'the name of one that goes is wanted by another, its port by a third',
      had: [service('a', { name: 'keep', ...port(80) })],
      desired: [service('b', port(80)), service('c', { name: 'keep' })],
      plan: [
        '[] -> #1 replace container/c: takes over from a: ports changed',
        '[1 healthy] -> #2 create container/b: not found',
      ],
    },
    {
      when: 'two services swap their names',
      had: [service('a', { name: 'one' }), service('b', { name: 'two' })],
      desired: [service('a', { name: 'two' }), service('b', { name: 'one' })],
      plan: [
        '[2 released] -> #1 replace container/a: name changed',
        '[1 released] -> #2 replace container/b: name changed',
      ],
    },
    {
      when: 'a network gets another key and keeps its name',
      had: [network('front', 'web')],
      desired: [network('edge', 'web')],
      plan: ['[] -> #1 no-op network/edge: as described'],
    },
    {
      when: 'a network is renamed and keeps its addresses',
      had: [network('front', 'shop_front', '10.9.0.0/16')],
      desired: [network('edge', 'shop_edge', '10.9.1.0/24')],
      plan: ['[] -> #1 replace network/edge: ipam, name changed'],
    },
    {
      when: 'a network is renamed and has other addresses',
      had: [network('front', 'shop_front', '10.8.0.0/16')],
      desired: [network('edge', 'shop_edge', '10.9.1.0/24')],
      plan: ['[] -> #1 create network/edge: not found', '[] -> #2 delete network/front: no longer described'],
    },
    {
      when: 'one network takes addresses that another one gives up',
      had: [network('a', 'shop_a', '10.9.0.0/24'), network('b', 'shop_b', '10.8.0.0/24')],
      desired: [network('a', 'shop_a', '10.7.0.0/24'), network('b', 'shop_b', '10.9.0.0/24')],
      plan: ['[] -> #1 replace network/a: ipam changed', '[1 healthy] -> #2 replace network/b: ipam changed'],
    },
    {
      when: 'two networks swap their addresses',
      had: [network('a', 'shop_a', '10.9.0.0/24'), network('b', 'shop_b', '10.8.0.0/24')],
      desired: [network('a', 'shop_a', '10.8.0.0/24'), network('b', 'shop_b', '10.9.0.0/24')],
      plan: [
        '[2 released] -> #1 replace network/a: ipam changed',
        '[1 released] -> #2 replace network/b: ipam changed',
      ],
    },
    {
      when: 'a network takes the addresses of one that goes, and that a container leaves',
      had: [network('a', 'shop_a', '10.9.0.0/24'), network('b', 'shop_b', '10.8.0.0/24'), on(['a', 'b'])],
      desired: [network('a', 'shop_a', '10.8.0.0/24'), on(['a'])],
      plan: [
        '[3 released] -> #1 replace network/a: ipam changed',
        '[1] -> #2 update container/web: networks changed',
        '[2 healthy] -> #3 delete network/b: no longer described',
      ],
    },
    {
      when: 'two containers swap their addresses on a network',
      had: [placed('x', '10.9.0.8'), placed('y', '10.9.0.9')],
      desired: [placed('x', '10.9.0.9'), placed('y', '10.9.0.8')],
      plan: [
        '[2 released] -> #1 update container/x: networks changed',
        '[1 released] -> #2 update container/y: networks changed',
      ],
    },
    {
      when: 'one container takes an address that another gives up',
      had: [placed('x', '10.9.0.8'), placed('y', '10.9.0.9')],
      desired: [placed('x', '10.9.0.9'), placed('y', '10.9.0.7')],
      plan: [
        '[] -> #1 update container/y: networks changed',
        '[1 healthy] -> #2 update container/x: networks changed',
      ],
    },
    {
      when: 'volumes swap their keys',
      had: [volume('a', 'one'), volume('b', 'two')],
      desired: [volume('a', 'two'), volume('b', 'one')],
      plan: ['[] -> #1 no-op volume/a: as described', '[] -> #2 no-op volume/b: as described'],
    },
    {
      when: 'a volume takes the name that another one gives up',
      had: [volume('a', 'one'), volume('b', 'two')],
      desired: [volume('a', 'two')],
      plan: [
        '[] -> #1 no-op volume/a: as described',
        '[] -> #2 no-op volume/one: no longer described; kept, because data is only deleted with an explicit yes',
      ],
    },
  ])('$when', ({ had, desired, plan }) => {
    expect(graph(had, desired)).toEqual(plan);
  });

  it('keeps what may not go without a yes, and what came from elsewhere', () => {
    const had = [service('a', { name: 'keep' })];
    const desired = [service('b', { name: 'keep' })];
    expect(graph(had, desired, { policy: { ...DEFAULT_POLICY, prune: 'no' } }).join()).toContain(
      'create container/b',
    );
    expect(graph(had, desired, { policy: { ...DEFAULT_POLICY, prune: 'confirm' } }).join()).toContain(
      'delete',
    );
    expect(graph(had, desired, { foreign: had.map(({ id }) => id) }).join()).toContain('delete container/a');
  });

  it.each([
    {
      when: 'a name',
      had: service('a', { name: 'keep' }),
      wants: service('b', { name: 'keep' }),
      down: true,
      what: 'the name keep',
    },
    {
      when: 'a port',
      had: service('a', port(80)),
      wants: service('b', port(80)),
      down: false,
      what: 'port 80',
    },
    {
      when: 'addresses',
      had: network('a', 'one', '10.1.0.0/16'),
      wants: network('b', 'two', '10.1.2.0/24'),
      down: false,
      what: 'subnet 10.1.0.0/16',
    },
  ])('says who keeps $when that another one wants, where nothing is pruned', ({ had, wants, down, what }) => {
    const policy = { ...DEFAULT_POLICY, prune: 'no' } as const;
    const plan = (status: 'healthy' | 'stopped', prune: Partial<PlanInput> = { policy }) =>
      planFor({ desired: [wants], observed: [running(had, { health: { status } })], ...prune }).diagnostics;
    const told = {
      severity: 'error',
      code: 'KEPT_IN_THE_WAY',
      message: `${had.kind} b cannot have ${what}: ${had.kind} a has it, no longer described; kept, because policy.prune is no`,
    };
    expect(plan('healthy')).toMatchObject([told]);
    // A container that is down has its name alone; a network is never down.
    expect(plan('stopped')).toMatchObject(down || had.kind === 'network' ? [told] : []);
    expect(plan('healthy', {})).toEqual([]);
  });

  it('says which object each change is about', () => {
    const observed = [
      running(service('a', { name: 'keep' }), { objectId: 'abc' }),
      running(volume('x', 'one')),
    ];
    const { changes } = planFor({ desired: [service('b', { name: 'keep' }), volume('y', 'one')], observed });
    expect(changes.map(({ name, from, objectId }) => ({ name, from, objectId }))).toEqual([
      { name: 'b', from: 'local/container/a', objectId: 'abc' },
      { name: 'y', from: 'local/volume/x', objectId: undefined },
    ]);
  });

  it('puts those that exchange something into one group, others not', () => {
    const names = (a: string, b: string, c: string) => [
      service('a', { name: a }),
      service('b', { name: b }),
      service('c', { name: c }),
    ];
    const observed = names('one', 'two', 'three').map((one) => running(one));
    const groups = (desired: readonly DesiredResource[]) =>
      planFor({ desired, observed }).changes.map(({ rollout }) => rollout?.exchange && rollout.group);
    expect(groups(names('two', 'three', 'one'))).toEqual(Array(3).fill('exchange of local/container/a'));
    expect(groups(names('two', 'one', 'four'))).toEqual([
      'exchange of local/container/a',
      'exchange of local/container/a',
      undefined,
    ]);
    expect(groups(names('four', 'one', 'three'))).toEqual([undefined, undefined, undefined]);
  });
});
