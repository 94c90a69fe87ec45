import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const WEB = 'image: "nginx:1.29"';
const AGAIN = 'image: "nginx:1.28"';
const policy = (text: string) => `policy: { ${text} }\n`;

describe('sync: manual', () => {
  it('plans a push and waits for somebody to apply it', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', { web: WEB }, policy('sync: manual')) });
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'pending');
    expect((await rig.ended('shop', 1))[0]).toMatchObject({ type: 'plan', trigger: 'push' });
    expect(view.state).toBe('pending');
    expect(rig.engine().control.engine.stacks.has('shop')).toBe(false);
    expect((await rig.apply('shop')).job.status).toBe('completed');
    await rig.reaches('shop', 'in_sync');
  });

  it('leaves no other job when the daemon is started again', async () => {
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const rig = createRig({ store });
    rig.source.push({ [file('shop')]: stack('shop', { web: WEB }, policy('sync: manual')) });
    await rig.reconciler.start();
    await rig.ended('shop', 1);
    await using next = await rig.restart({ store });
    next.source.push({ 'README.md': 'more' });
    await next.reconciler.start();
    await next.reaches('shop', 'pending');
    await next.reconciler.observe('shop', new AbortController().signal);
    next.source.push({ [file('shop')]: stack('shop', { web: AGAIN }, policy('sync: manual')) });
    expect(await next.ended('shop', 2)).toHaveLength(2);
  });

  it('comes from kombinator.yaml where the stack says nothing, and reports drift', async () => {
    await using rig = createRig();
    rig.source.push({
      'kombinator.yaml': policy('sync: manual'),
      [file('shop')]: stack('shop', { web: WEB }),
      [file('blog')]: stack('blog', { web: WEB }, policy('sync: auto')),
    });
    await rig.reconciler.start();
    await rig.reaches('blog', 'in_sync');
    await rig.apply('shop');
    rig.engine().control.stop('shop', container('web'));
    await rig.reaches('shop', 'drifted');
    expect(rig.engine().control.find('shop', container('web'))?.state).toBe('exited');
  });
});

describe('prune', () => {
  const two = { web: WEB, old: WEB };

  it('no: keeps what is no longer described, and shows it', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', two, policy('prune: no')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', { web: AGAIN }, policy('prune: no')) });
    await rig.ended('shop', 2);
    expect((await rig.reaches('shop', 'in_sync')).message).toBe(
      'kept, though not described: local/container/old',
    );
    expect(rig.engine().control.find('shop', container('old'))?.state).toBe('running');
  });

  it('confirm: waits for a yes', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', two, policy('prune: confirm')) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', { web: WEB }, policy('prune: confirm')) });
    const view = await rig.reaches('shop', 'blocked');
    expect(view.message).toContain('local/container/old');
    expect((await rig.apply('shop', { confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('shop', container('old'))).toBeUndefined();
  });

  it.each([
    { prune: 'no', state: 'removed' },
    { prune: 'confirm', state: 'blocked' },
  ] as const)('$prune: keeps a stack that left the repository until it is destroyed', async (each) => {
    await using rig = createRig();
    const settings = {
      'kombinator.yaml': policy(`prune: ${each.prune}`),
      [file('blog')]: stack('blog', { web: WEB }),
    };
    rig.source.push({ ...settings, [file('shop')]: stack('shop', { web: WEB }) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: null });
    expect((await rig.reaches('shop', each.state)).message).toContain(`policy.prune is ${each.prune}`);
    expect(rig.engine().control.find('shop', container('web'))?.state).toBe('running');
    const { job } = await rig.apply('shop', { mode: 'destroy', confirm: true });
    expect(job.status).toBe('completed');
    await rig.gone('shop');
  });
});

// The container stayed down for as long as nobody said yes, and half of a version that nobody had seen well ran instead.
describe('a replace that is under way when the next push', () => {
  it.each([
    [
      'waits for somebody to apply it',
      'pending',
      { web: 'image: "nginx:1.29", command: [next]' },
      'sync: manual',
    ],
    ['waits for a yes', 'blocked', { web: 'image: "nginx:1.29"' }, 'prune: confirm'],
    ['takes the service away, and waits', 'blocked', { old: WEB }, 'prune: confirm'],
    ['is not valid', 'invalid', { web: 'imagee: x', old: WEB }, 'sync: auto'],
  ] as const)('%s is put back', async (_why, state, services, more) => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', { web: AGAIN, old: WEB }) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { engine } = rig.engine().control;
    const slot = () => engine.stacks.get('shop')?.get(container('web'));
    const isOpen = () => slot()?.next?.state === 'running';
    engine.spoiled.set(container('web'), { status: 'starting' });
    rig.source.push({ [file('shop')]: stack('shop', { web: WEB, old: WEB }) });
    expect(await eventually(isOpen, Boolean, 4_000)).toBe(true);

    rig.source.push({ [file('shop')]: stack('shop', services, policy(more)) });
    await rig.reaches('shop', state);

    expect(await eventually(isOpen, (open) => !open, 4_000)).toBe(false);
    expect(slot()).toMatchObject({
      current: { state: 'running', spec: { image: 'nginx:1.28' } },
      next: null,
    });
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });
});

// It stayed stopped, and without its name, for as long as the push waited.
it.each([
  ['waits for somebody to apply it', 'pending', 'image: "nginx:1.28"', 'sync: manual'],
  ['is not valid', 'invalid', 'imagee: x', 'sync: auto'],
] as const)(
  'a container that has only made room is put back when the next push %s',
  async (_why, state, web, more) => {
    await using rig = createRig();
    const swapped = (one: number, other: number) => ({
      api: `${AGAIN}, ports: ["${one}:80"]`,
      web: `${AGAIN}, ports: ["${other}:80"]`,
    });
    rig.source.push({ [file('shop')]: stack('shop', swapped(8001, 8002)) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    const current = (name: string) => control.engine.stacks.get('shop')?.get(container(name))?.current;
    const ids = [current('api')?.engineId, current('web')?.engineId];
    control.failCall('create local/container/api.next', 'hang');
    rig.source.push({ [file('shop')]: stack('shop', swapped(8002, 8001)) });
    const isAside = () => current('web')?.aside === true && control.log.at(-1)?.startsWith('create') === true;
    expect(await eventually(isAside, Boolean, 10_000)).toBe(true);

    rig.source.push({ [file('shop')]: stack('shop', { api: AGAIN, web }, policy(more)) });
    await rig.reaches('shop', state);

    expect(
      await eventually(
        () => current('web')?.state,
        (now) => now === 'running',
        4_000,
      ),
    ).toBe('running');
    expect([current('api')?.engineId, current('web')?.engineId]).toEqual(ids);
    expect(current('web')).toMatchObject({ aside: false });
  },
);

// A migration that ran is not undone by running the older one again.
it('what was done before the next push had to wait stays done, is in no tag, and is in the next one', async () => {
  await using rig = createRig();
  const TASK = 'command: ["exit 0"], restart: "no"';
  const AFTER = 'depends_on: { migrate: { condition: service_completed_successfully } }';
  const shop = (image: string) => ({ migrate: `${image}, ${TASK}`, web: `${image}, ${AFTER}` });
  rig.source.push({ [file('shop')]: stack('shop', shop(AGAIN)) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { engine } = rig.engine().control;
  const slot = (name: string) => engine.stacks.get('shop')?.get(container(name));
  const isOpen = () => slot('web')?.next?.state === 'running';
  engine.spoiled.set(container('web'), { status: 'starting' });
  rig.source.push({ [file('shop')]: stack('shop', shop(WEB)) });
  expect(await eventually(isOpen, Boolean, 10_000)).toBe(true);

  rig.source.push({ [file('shop')]: stack('shop', shop(WEB), policy('sync: manual')) });
  await rig.reaches('shop', 'pending');

  expect(await eventually(isOpen, (open) => !open, 10_000)).toBe(false);
  expect(slot('web')).toMatchObject({ current: { state: 'running', spec: { image: 'nginx:1.28' } } });
  const task = slot('migrate')?.current;
  expect(task).toMatchObject({ state: 'exited', exitCode: 0, spec: { image: 'nginx:1.29' } });
  const [cut] = rig.jobs('shop').filter(({ status }) => status === 'cancelled');
  const steps = rig.reconciler.getJob(cut?.id ?? '').steps;
  expect(steps.find(({ name }) => name === container('migrate'))?.status).toBe('completed');
  expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);

  engine.spoiled.clear();
  expect((await rig.apply('shop')).job.status).toBe('completed');
  expect(slot('migrate')?.current).toBe(task);
  expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
});

// Its containers had no network for as long as the push waited.
it('a network that was only taken down for its addresses is there again when the next push has to wait', async () => {
  await using rig = createRig();
  const nets = (one: number, other: number) => {
    const net = (part: number) => `ipam: { config: [{ subnet: 10.${part}.0.0/24 }] }`;
    return `networks: { one: { ${net(one)} }, other: { ${net(other)} } }\n`;
  };
  const shop = { web: `${AGAIN}, networks: [one, other]` };
  rig.source.push({ [file('shop')]: stack('shop', shop, nets(1, 2)) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { control } = rig.engine();
  const network = (name: string) => control.engine.stacks.get('shop')?.get(`local/network/${name}`)?.current;
  control.failCall('look for local/network/one', 'hang');
  rig.source.push({ [file('shop')]: stack('shop', shop, nets(2, 1)) });
  const isDown = () =>
    network('other')?.aside === true && control.log.at(-1) === 'look for local/network/one';
  expect(await eventually(isDown, Boolean, 10_000)).toBe(true);

  rig.source.push({ [file('shop')]: stack('shop', shop, `${nets(2, 1)}${policy('sync: manual')}`) });
  await rig.reaches('shop', 'pending');

  expect(
    await eventually(
      () => network('other')?.state,
      (now) => now === 'running',
      10_000,
    ),
  ).toBe('running');
});
