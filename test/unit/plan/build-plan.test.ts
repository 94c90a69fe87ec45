import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { DesiredResource, ObservedResource } from '../../../reconciler/model/resource.ts';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import { hasChanges, hasWork } from '../../../reconciler/plan/build-plan.ts';
import { whyNotApplicable } from '../../../reconciler/plan/confirmations.ts';
import { findStaleness } from '../../../reconciler/plan/compare-plans.ts';
import { formatPlan, formatPlanGraph } from '../../../reconciler/plan/format-plan.ts';
import schema from '../../../schemas/plan.schema.json' with { type: 'json' };
import { planFor, running, wanted } from '../../support/builders.ts';

const image = wanted(
  'image',
  'nginx:1.29',
  { reference: 'nginx:1.29', pullPolicy: 'missing' },
  { shared: true },
);
const network = wanted('network', 'default', { name: 'shop_default' });
const volume = wanted('volume', 'data', { name: 'shop_data' }, { guarded: true });
const db = container('db', {
  spec: { name: 'shop-db-1', image: 'pg' },
  dependsOn: [after(network), after(volume)],
});
const web = container('web', {
  spec: {
    name: 'shop-web-1',
    image: 'nginx:1.29',
    ports: [{ containerPort: 80, hostPort: 8080, protocol: 'tcp' }],
  },
  dependsOn: [after(image), after(network), { id: db.id, until: 'healthy' }],
  replaceWith: [image.id],
});
const all = [web, db, volume, network, image];

describe('buildPlan', () => {
  it('creates everything in dependency order', () => {
    expect(formatPlanGraph(planFor({ desired: all }))).toBe(
      [
        '[] -> #1 create local/image/nginx:1.29: not found',
        '[] -> #2 create local/network/default: not found',
        '[] -> #3 create local/volume/data: not found',
        '[2, 3] -> #4 create local/container/db: not found',
        '[4 healthy, 1, 2] -> #5 create local/container/web: not found',
      ].join('\n'),
    );
  });

  it('has services that swap their ports stop both old ones first', () => {
    const publishing = (name: string, hostPort: number, more: Partial<DesiredResource> = {}) =>
      container(name, {
        spec: { name: `shop-${name}-1`, ports: [{ containerPort: 80, hostPort, protocol: 'tcp' }] },
        dependsOn: [after(network)],
        ...more,
      });
    const observed = [network, publishing('one', 1), publishing('two', 2)].map((resource) =>
      running(resource),
    );
    const graph = (...desired: DesiredResource[]) =>
      formatPlanGraph(planFor({ desired: [network, ...desired], observed })).split('\n');
    expect(graph(publishing('one', 2), publishing('two', 1)).slice(1)).toEqual([
      '[3 released, 1] -> #2 replace local/container/one: ports changed',
      '[2 released, 1] -> #3 replace local/container/two: ports changed',
    ]);
    expect(graph(publishing('one', 2), publishing('two', 3)).slice(1)).toEqual([
      '[1] -> #2 replace local/container/two: ports changed',
      '[2 healthy, 1] -> #3 replace local/container/one: ports changed',
    ]);
  });

  it('deletes the old container of a service that moves once the new one is healthy, and warns of its data', () => {
    const moved = (target: string) =>
      [volume, container('web', { spec: { name: 'shop-web-1' }, dependsOn: [after(volume)] })].map((one) => ({
        ...one,
        target,
        id: `${target}/${one.kind}/${one.name}` as DesiredResource['id'],
        dependsOn: one.dependsOn.map(({ until }) => ({
          id: `${target}/volume/data` as typeof one.id,
          until,
        })),
      }));
    const input = { desired: moved('two'), observed: moved('one').map((resource) => running(resource)) };
    const plan = planFor(input);
    expect(formatPlanGraph(plan).split('\n')).toEqual([
      '[] -> #1 no-op one/volume/data: no longer described; kept, because data is only deleted with an explicit yes',
      '[] -> #2 create two/volume/data: not found',
      '[2] -> #3 create two/container/web: not found',
      '[3 healthy] -> #4 delete one/container/web: no longer described',
    ]);
    expect(plan.diagnostics).toMatchObject([
      { code: 'VOLUME_STAYS', message: 'the data of volume data stays on one; on two it begins empty' },
    ]);
    const engines = new Map([
      ['one', 'same'],
      ['two', 'same'],
    ]);
    const renamed = planFor({ ...input, engines });
    expect(formatPlanGraph(renamed)).toContain('[1 healthy, 3] -> #4 create two/container/web');
    expect(renamed.diagnostics).toEqual([]);
  });

  it('gives the same bytes whatever order its input comes in', () => {
    const observed = all.map((resource) => running(resource));
    const one = planFor({ desired: all, observed });
    const other = planFor({ desired: [...all].reverse(), observed: [...observed].reverse() });
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });

  it('finds nothing to do when everything is as described', () => {
    const plan = planFor({ desired: all, observed: all.map((resource) => running(resource)) });
    expect(hasChanges(plan)).toBe(false);
    expect(hasWork(plan)).toBe(false);
    expect(plan.summary).toEqual({ create: 0, update: 0, replace: 0, delete: 0, noop: 5 });
  });

  it('replaces a container when its image is about to move', () => {
    const observed = [
      running(image, { spec: { reference: 'nginx:1.29@old', pullPolicy: 'missing' } }),
      running(web),
    ];
    const plan = planFor({ desired: [image, web], observed });
    expect(formatPlanGraph(plan)).toContain('replace local/container/web: image nginx:1.29 changes');
  });

  it('makes anew what shares with a container that is made anew or started again', () => {
    const sharing = (name: string, other: DesiredResource) =>
      container(name, { spec: { name, image: 'a' }, replaceWith: [other.id] });
    const one = sharing('one', db);
    const two = sharing('a-two', one);
    const desired = [two, db, one];
    const plan = (before: Partial<ReturnType<typeof running>>) =>
      planFor({ desired, observed: [running(db, before), running(one), running(two)] }).changes.map(
        ({ name, action, cause }) => `${action} ${name}: ${cause}`,
      );
    expect(plan({ spec: { name: 'shop-db-1', image: 'old' } }).sort()).toEqual([
      'replace a-two: container one changes',
      'replace db: image changed',
      'replace one: container db changes',
    ]);
    expect(plan({ health: { status: 'stopped' } })).toContain('replace one: container db changes');
    const limited = { spec: { name: 'shop-db-1', image: 'pg', resources: { pidsLimit: 5 } } };
    expect(plan(limited)).toContain('no-op one: as described');
  });

  it('does not pull an image that nothing needs now', () => {
    const plan = planFor({ desired: [image, web], observed: [running(web)] });
    expect(plan.changes.map(({ action }) => action)).toEqual(['no-op', 'no-op']);
  });

  it('deletes what is no longer described, containers first, and keeps volumes', () => {
    const observed = [network, volume, db, web].map((resource) => running(resource));
    expect(formatPlanGraph(planFor({ observed }))).toBe(
      [
        '[] -> #1 delete local/container/db: no longer described',
        '[] -> #2 delete local/container/web: no longer described',
        '[1 healthy, 2 healthy] -> #3 delete local/network/default: no longer described',
        '[] -> #4 no-op local/volume/data: no longer described; kept, because data is only deleted with an explicit yes',
      ].join('\n'),
    );
  });

  it('asks before it deletes volumes, a stack, or more than the policy allows', () => {
    const observed = [volume, db, web].map((resource) => running(resource));
    const codes = (input: Parameters<typeof planFor>[0]) =>
      planFor({ observed, ...input }).confirmations.map(({ code }) => code);
    expect(codes({})).toEqual([]);
    expect(codes({ deleteVolumes: true })).toEqual(['DELETES_DATA']);
    expect(codes({ mode: 'destroy' })).toEqual(['DELETES_STACK']);
    expect(codes({ policy: { ...DEFAULT_POLICY, maxDeletions: 1 } })).toEqual(['DELETES_MANY']);
    expect(codes({ desired: [db, web, volume], foreign: [db.id] })).toEqual(['ADOPTS']);
  });

  it('asks before data is looked for on the host instead of in the volume that stood for it', () => {
    const at = (mount: object) =>
      container('db', {
        spec: { name: 'shop-db-1', image: 'a', mounts: [mount] } as DesiredResource['spec'],
      });
    const before = at({ type: 'volume', source: 'shop_bind-data', target: '/data' });
    const after = at({ type: 'bind', source: '/srv/kombinator/shop.data', target: '/data' });
    const { confirmations } = planFor({ desired: [after], observed: [running(before)] });
    expect(confirmations).toMatchObject([{ code: 'MOVES_DATA', ids: [after.id] }]);
    expect(confirmations[0]?.message).toContain('data_dir: volumes');
    expect(planFor({ desired: [after], observed: [running(after)] }).confirmations).toEqual([]);
    expect(planFor({ desired: [after], observed: [] }).confirmations).toEqual([]);
  });

  it('is not applicable with errors, whatever is confirmed', () => {
    const external = wanted('network', 'proxy', { name: 'proxy', external: true });
    const plan = planFor({ desired: [external] });
    expect(whyNotApplicable(plan, true)).toBe('network proxy is external, but local has none of that name');
    expect(plan.diagnostics[0]).toMatchObject({ code: 'EXTERNAL_MISSING', line: 7 });
  });

  it('says that another stack makes what is external, and is not there yet', () => {
    const external = { ...wanted('network', 'proxy', { name: 'proxy', external: true }), maker: 'edge' };
    const plan = planFor({ desired: [external] });
    expect(whyNotApplicable(plan, true)).toBeNull();
    expect(plan.diagnostics[0]).toMatchObject({
      severity: 'warning',
      code: 'EXTERNAL_NOT_YET',
      message: 'network proxy is made by the stack edge, which comes first',
    });
  });

  it('tells of a name that somebody else has, and leaves what bears it alone', () => {
    const taken: ObservedResource = {
      ...running(volume, { health: { status: 'missing' } }),
      hash: null,
      shared: true,
      dryRun: { fields: [], immutable: null, conflicts: [], refused: 'it is Ann’s', hint: 'ask her' },
    };
    const plan = planFor({ desired: [volume], observed: [taken] });
    expect(plan.changes[0]).toMatchObject({ action: 'create', cause: 'refused: it is Ann’s' });
    expect(plan.diagnostics).toMatchObject([
      { severity: 'error', code: 'TARGET_REFUSES', line: volume.origin.line, hint: 'ask her' },
    ]);
    expect(planFor({ mode: 'destroy', observed: [taken] }).changes).toEqual([]);
  });

  it('refuses to change a volume in place', () => {
    const plan = planFor({
      desired: [volume],
      observed: [running(wanted('volume', 'data', { name: 'shop_data', driver: 'nfs' }, { guarded: true }))],
    });
    expect(plan.diagnostics.map(({ code }) => code)).toEqual(['VOLUME_IMMUTABLE']);
  });

  it('frees a host port before another service takes it', () => {
    const port = (hostPort: number) => ({ ports: [{ containerPort: 80, hostPort, protocol: 'tcp' }] });
    const before = container('a', { spec: { name: 'shop-a-1', image: 'i', ...port(80) } });
    const afterMove = container('a', { spec: { name: 'shop-a-1', image: 'i', ...port(81) } });
    const taker = container('b', { spec: { name: 'shop-b-1', image: 'i', ...port(80) } });
    const plan = planFor({ desired: [afterMove, taker], observed: [running(before)] });
    expect(formatPlanGraph(plan)).toContain('[1 healthy] -> #2 create local/container/b');
  });

  it('still orders two services that swap their ports', () => {
    const port = (hostPort: number) => ({ ports: [{ containerPort: 80, hostPort, protocol: 'tcp' }] });
    const make = (name: string, hostPort: number) =>
      container(name, { spec: { name: `shop-${name}-1`, image: 'i', ...port(hostPort) } });
    const plan = planFor({
      desired: [make('a', 81), make('b', 80)],
      observed: [running(make('a', 80)), running(make('b', 81))],
    });
    expect(plan.changes.map(({ action }) => action)).toEqual(['replace', 'replace']);
  });

  it('waits for what is not well yet, and for a one-shot that others wait for', () => {
    const init = container('init', { spec: { name: 'shop-init-1', image: 'i' } });
    const app = container('app', {
      spec: { name: 'shop-app-1', image: 'i' },
      dependsOn: [{ id: init.id, until: 'completed' }],
    });
    const plan = planFor({
      desired: [init, app],
      observed: [running(init), running(app, { health: { status: 'starting' } })],
    });
    expect(plan.changes.map(({ id, verify }) => [id, verify])).toEqual([
      [init.id, true],
      [app.id, true],
    ]);
  });

  it('reads well', () => {
    const observed = [
      running(container('web', { spec: { ...web.spec, image: 'nginx:1.28' } })),
      running(volume),
      running(db),
    ];
    expect(formatPlan(planFor({ desired: [web, image, db], observed }))).toBe(
      [
        'Stack shop at 1111111111',
        '',
        '  + create  local/image/nginx:1.29  not found  (kombinations/shop/kombination.yaml:7)',
        '    keep    local/volume/data       no longer described; kept, because data is only deleted with an explicit yes',
        '  ± replace local/container/web     image changed  (kombinations/shop/kombination.yaml:7)',
        '    ~ image: "nginx:1.28" → "nginx:1.29"',
        '',
        'Plan: 1 to create, 0 to update, 1 to replace, 0 to delete, 2 unchanged.',
      ].join('\n'),
    );
  });
});

describe('the plan document', () => {
  it.each([
    { when: 'creating', plan: planFor({ desired: all }) },
    { when: 'deleting', plan: planFor({ mode: 'destroy', observed: [running(db), running(volume)] }) },
    {
      when: 'replacing',
      plan: planFor({ desired: all, observed: [running(container('web', { spec: { name: 'x' } }))] }),
    },
    { when: 'refused', plan: planFor({ desired: [wanted('network', 'p', { external: true })] }) },
  ])('fits its schema when $when', ({ plan }) => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    const document: unknown = JSON.parse(JSON.stringify(plan));
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  });
});

describe('findStaleness', () => {
  const saved = planFor({ desired: [db, volume], observed: [running(db)] });
  it.each([
    { when: 'nothing moved', now: planFor({ desired: [db, volume], observed: [running(db)] }), moved: [] },
    {
      when: 'only another stack was committed',
      now: planFor({ revision: '2'.repeat(40), desired: [db, volume], observed: [running(db)] }),
      moved: [],
    },
    {
      when: 'the container was touched',
      now: planFor({ desired: [db, volume], observed: [running(db, { fingerprint: 'x' })] }),
      moved: ['local/container/db has changed on its target'],
    },
    {
      when: 'the container went away',
      now: planFor({ desired: [db, volume] }),
      moved: ['local/container/db has disappeared'],
    },
    {
      when: 'something appeared',
      now: planFor({ desired: [db, volume], observed: [running(db), running(volume)] }),
      moved: ['local/volume/data has appeared'],
    },
    {
      when: 'the description changed',
      now: planFor({ revision: '2'.repeat(40), desired: [db], observed: [running(db)] }),
      moved: ['the description changed: revision 1111111111 was planned, the branch is at 2222222222'],
    },
  ])('says what moved when $when', ({ now, moved }) => {
    expect(findStaleness(saved, now)).toEqual(moved);
  });
});

function container(name: string, more: Partial<DesiredResource>): DesiredResource {
  return wanted('container', name, more.spec, more);
}

function after(resource: DesiredResource) {
  return { id: resource.id, until: 'applied' } as const;
}
