import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../reconciler/ports/clock.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { isCalledFor, parseSchedule } from '../../../reconciler/base/schedule.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { DriftSchedule } from '../../../reconciler/run/drift/drift-schedule.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { container, createRig, file } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ANN = { name: 'Ann', email: 'ann@example.org' };
const SECRETS = { 'secret://env/SECRET': 'hidden-value' };
const WEB = container('web');
const DB = container('db');

function shop(mode: string): string {
  return `version: "1.0"
meta: { name: shop }   # ours
policy: { drift: ${mode} }
services:
  # The front.
  web:
    image: "nginx:1.28"   # pinned
    environment:
      - LEVEL=info
      - SECRET=secret://env/SECRET
    ports: ["80:80"]
    deploy:
      resources: { limits: { memory: 64m } }

  db: { image: "nginx:1.28" }
`;
}

async function deployed(mode: string, options: Parameters<typeof createRig>[0] = {}): Promise<Rig> {
  const rig = createRig({ secrets: SECRETS, ...options });
  rig.source.push({ [file('shop')]: shop(mode) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  return rig;
}

async function proposedText(rig: Rig, commit: string): Promise<string> {
  const changes = await rig.source.diff(null, commit, SIGNAL);
  const blob = changes.find(({ path }) => path === file('shop'))?.after?.blob ?? '';
  return Buffer.from(await rig.source.readBlob(blob)).toString('utf8');
}

function difference(before: string, after: string): string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => `- ${line.trim()}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `+ ${line.trim()}`),
  ];
}

describe('policy.drift: propose', () => {
  it('commits what runs on a branch of its own, with everything else as it was', async () => {
    await using rig = await deployed('propose');
    const head = (await rig.source.resolve(SIGNAL)).commit;
    const { control } = rig.engine();
    const spec = control.find('shop', WEB)?.spec ?? {};
    control.drift('shop', WEB, {
      image: 'nginx:1.29',
      env: { ...(spec['env'] as object), LEVEL: 'cost $5', EXTRA: '1' },
      ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 81 }],
      restart: { policy: 'on-failure', maxRetries: 3 },
      resources: { memoryBytes: 128 * 2 ** 20, nanoCpus: 5e8 },
      labels: { 'a.b/c': '$d' },
      healthcheck: { disabled: true },
    });
    const view = await rig.reaches('shop', 'drifted');
    expect(view.message).toBe('1 resource has drifted; what runs is proposed on the branch drift/shop');

    const proposal = rig.source.proposal('drift/shop');
    expect(difference(shop('propose'), await proposedText(rig, proposal?.commit ?? ''))).toEqual([
      '- image: "nginx:1.28"   # pinned',
      '- environment:',
      '- - LEVEL=info',
      '- - SECRET=secret://env/SECRET',
      '- ports: ["80:80"]',
      '- resources: { limits: { memory: 64m } }',
      '+ image: nginx:1.29   # pinned',
      '+ environment: [ LEVEL=cost $$5, SECRET=secret://env/SECRET, EXTRA=1 ]',
      '+ ports: [ "81:80" ]',
      '+ resources: { limits: { memory: 128m } }',
      '+ labels: { a.b/c: $$d }',
      '+ resources: { cpus: 0.5 }',
      '+ restart: on-failure:3',
    ]);
    expect(proposal?.message).toContain(
      'Without a place in the file, so not written:\n  local/container/web healthcheck',
    );
    expect((await rig.source.resolve(SIGNAL)).commit).toBe(head);
    expect(control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
  });

  it('does so once for the same drift, also after a restart', async () => {
    await using first = await deployed('propose');
    first.engine().control.drift('shop', DB, { user: '1000' });
    await first.reaches('shop', 'drifted');
    const proposal = first.source.proposal('drift/shop');
    await using second = await first.restart();
    await second.reconciler.start();
    await second.reaches('shop', 'drifted');
    expect(second.source.proposal('drift/shop')).toEqual(proposal);
    second.engine().control.drift('shop', DB, { user: '1001' });
    second.engine().control.emit('shop');
    await expect.poll(() => second.source.proposal('drift/shop')?.commit).not.toBe(proposal?.commit);
  });

  it('turns a service off whose container is gone, unless another needs it', async () => {
    await using rig = await deployed('propose');
    rig.engine().control.remove('shop', DB);
    await rig.reaches('shop', 'drifted');
    const { commit = '' } = rig.source.proposal('drift/shop') ?? {};
    expect(await proposedText(rig, commit)).toContain('db: { image: "nginx:1.28", enabled: false }');
  });

  it('says so when there is nothing to propose, and leaves a branch of others alone', async () => {
    const source = createMemorySource();
    await using rig = await deployed('propose', { source });
    rig.engine().control.stop('shop', DB);
    const view = await rig.reaches('shop', 'drifted');
    expect(view.message).toContain('nothing of it has a place in the file');
    expect(source.proposal('drift/shop')).toBeUndefined();
    const base = (await source.resolve(SIGNAL)).commit;
    await source.propose({ branch: 'drift/shop', base, writes: [], message: 'Mine', author: ANN }, SIGNAL);
    rig.engine().control.drift('shop', WEB, { user: '1000' });
    await expect
      .poll(() => rig.reconciler.getStack('shop').message)
      .toContain('it could not be proposed: Ann has committed on drift/shop');
  });

  it('writes a limit where it stands, whatever it is called there', async () => {
    const source = createMemorySource();
    await using rig = createRig({ secrets: SECRETS, source });
    const text = shop('propose').replace('db: {', 'db: { resources: { cpu: 1 },');
    source.push({ [file('shop')]: text });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.engine().control.drift('shop', DB, { resources: { nanoCpus: 5e8 } });
    await rig.reaches('shop', 'drifted');
    const proposed = await proposedText(rig, source.proposal('drift/shop')?.commit ?? '');
    expect(proposed).toBe(text.replace('cpu: 1 ', 'cpu: 0.5 '));
  });

  it('never writes a secret', async () => {
    await using rig = await deployed('propose');
    rig.engine().control.drift('shop', WEB, { env: { LEVEL: 'info', SECRET: '***' }, user: '7' });
    await rig.reaches('shop', 'drifted');
    const proposal = rig.source.proposal('drift/shop');
    const text = await proposedText(rig, proposal?.commit ?? '');
    expect(text).toContain('SECRET=secret://env/SECRET');
    expect(text + proposal?.message).not.toContain('***');
  });
});

describe('drift on request', () => {
  it('is shown, checked as a job, and resolved either way', async () => {
    await using rig = await deployed('alert');
    const { reconciler } = rig;
    expect(reconciler.getDrift('shop')).toMatchObject({ hasDrift: false, changes: [] });
    rig.engine().control.drift('shop', DB, { user: '1000' });
    const check = await reconciler.checkDrift('shop', ANN, SIGNAL);
    expect(check.drift).toMatchObject({
      hasDrift: true,
      changes: [{ resource: DB, field: 'user', expected: null, actual: '1000' }],
    });
    expect(check.job).toMatchObject({ type: 'drift_check', status: 'completed', actor: 'Ann' });
    expect(reconciler.getJob(check.job.id).logs.map(({ message }) => message)).toEqual([
      `${DB} differs in user`,
    ]);

    const ask = { stack: 'shop', actor: ANN, trigger: 'api' } as const;
    const { write } = await reconciler.resolveDrift({ ...ask, action: 'accept_actual' }, SIGNAL);
    expect(write?.file).toBe(file('shop'));
    const { commit, subject, author } = await rig.source.resolve(SIGNAL);
    expect([commit, subject, author.name]).toEqual([write?.commit, 'Describe shop as it runs', 'Ann']);
    await rig.reaches('shop', 'in_sync');

    rig.engine().control.drift('shop', WEB, { user: '9' });
    await rig.reaches('shop', 'drifted');
    const { job } = await reconciler.resolveDrift({ ...ask, action: 'apply_desired' }, SIGNAL);
    await reconciler.waitForJob(job?.id ?? '', SIGNAL);
    expect(rig.engine().control.find('shop', WEB)?.spec['user']).toBeUndefined();
  });

  it('is seen after it was accepted, also by processes that come later', async () => {
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const daemon = await deployed('alert', { store });
    const accepting = await daemon.restart({ store });
    await accepting.reconciler.refresh(SIGNAL);
    accepting.engine().control.drift('shop', WEB, { resources: { memoryBytes: 2 ** 27 } });
    const request = { stack: 'shop', actor: ANN, trigger: 'cli', action: 'accept_actual' } as const;
    await accepting.reconciler.resolveDrift(request, SIGNAL);

    const later = await accepting.restart({ store });
    later.engine().control.drift('shop', DB, { user: '9' });
    await later.reconciler.refresh(SIGNAL);
    const { drift } = await later.reconciler.observe('shop', SIGNAL);
    expect(drift.changes).toMatchObject([{ resource: DB, field: 'user', actual: '9' }]);

    // The next deployment is compared with its own again.
    await later.apply('shop');
    later.source.push({ [file('shop')]: shop('alert').replaceAll('1.28', '1.29') });
    await later.reconciler.refresh(SIGNAL);
    await using last = await later.restart({ store });
    await last.reconciler.refresh(SIGNAL);
    expect((await last.reconciler.observe('shop', SIGNAL)).drift.hasDrift).toBe(false);
  });

  it('takes only what has drifted, and the description only as a whole', async () => {
    await using rig = await deployed('alert');
    const resolve = (action: 'apply_desired' | 'accept_actual', ...resources: string[]) =>
      rig.reconciler.resolveDrift({ stack: 'shop', actor: ANN, trigger: 'api', action, resources }, SIGNAL);
    await expect(resolve('accept_actual')).rejects.toMatchObject({ message: 'shop has not drifted' });
    rig.engine().control.drift('shop', DB, { user: '1000' });
    rig.engine().control.drift('shop', WEB, { healthcheck: { disabled: true } });
    await expect(resolve('accept_actual', 'local/container/x')).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
    });
    await expect(resolve('apply_desired', DB)).rejects.toMatchObject({
      message: `the description is applied as a whole: ${WEB} would be repaired, too`,
    });
    await expect(resolve('accept_actual', WEB)).rejects.toMatchObject({
      message: `none of this has a place in ${file('shop')}: ${WEB} healthcheck`,
    });
    const before = (await rig.source.resolve(SIGNAL)).commit;
    const { write, unplaced } = await resolve('accept_actual', DB);
    expect(unplaced).toEqual([]);
    expect((await rig.source.diff(before, write?.commit ?? '', SIGNAL)).map(({ path }) => path)).toEqual([
      file('shop'),
    ]);
  });
});

describe('a schedule', () => {
  it.each([
    { text: '0 */6 * * *', time: '2026-11-21T06:00', want: true },
    { text: '0 */6 * * *', time: '2026-11-21T07:00', want: false },
    { text: '0 */6 * * *', time: '2026-11-21T06:01', want: false },
    { text: '30 4 * * sun', time: '2026-11-22T04:30', want: true },
    { text: '30 4 * * 7', time: '2026-11-22T04:30', want: true },
    { text: '30 4 * * mon-fri', time: '2026-11-22T04:30', want: false },
    { text: '0 0 13 * fri', time: '2026-11-13T00:00', want: true },
    { text: '0 0 13 * fri', time: '2026-11-20T00:00', want: true },
    { text: '0 0 13 * fri', time: '2026-11-21T00:00', want: false },
    { text: '5/20 * * nov *', time: '2026-11-21T03:45', want: true },
    { text: '@daily', time: '2026-11-21T00:00', want: true },
    { text: '0 0 29 2 *', time: '2028-02-29T00:00', want: true },
  ])('$text at $time: $want', ({ text, time, want }) => {
    const schedule = parseSchedule(text);
    const moment = Date.parse(time);
    expect(!isProblem(schedule) && isCalledFor(schedule, moment - 1, moment)).toBe(want);
  });

  it.each([
    { text: 'CRON_TZ=Europe/Berlin 0 6 * * *', zone: undefined, next: '2026-07-02T04:00:00Z' },
    { text: 'TZ=Asia/Tokyo @daily', zone: 'UTC', next: '2026-07-01T15:00:00Z' },
    { text: '0 6 * * *', zone: 'America/New_York', next: '2026-07-01T10:00:00Z' },
  ])('$text in $zone calls next at $next', ({ text, zone, next }) => {
    const schedule = parseSchedule(text, zone);
    if (isProblem(schedule)) throw new Error(schedule.problem);
    expect(new Date(schedule.next(Date.parse('2026-07-01T08:00:00Z')))).toEqual(new Date(next));
  });

  it('goes on every minute after the clock was set back by 40 days', async () => {
    const day = 24 * 3_600_000;
    let now = 40 * day;
    const sleeps: number[] = [];
    const stop = new AbortController();
    const clock: Clock = {
      now: () => now,
      elapsed: () => now,
      random: () => 0,
      async sleep(milliseconds) {
        sleeps.push(milliseconds);
        now = sleeps.length === 1 ? 1_000 : now + milliseconds;
        if (sleeps.length === 5) stop.abort(new Error('enough'));
        stop.signal.throwIfAborted();
      },
    };
    const schedule = new DriftSchedule(clock);
    schedule.note('shop', '* * * * *');
    const due: string[] = [];
    await expect(schedule.run((stack) => due.push(stack), stop.signal)).rejects.toThrow('enough');
    expect(sleeps.slice(1)).toEqual([59_000, 60_000, 60_000, 60_000]);
    expect(due).toEqual(['shop', 'shop', 'shop']);
  });

  it.each([
    '',
    '* * * *',
    '0 * * * * *',
    'CRON_TZ=Mars/Olympus 0 6 * * *',
    '0 0 31 2 *',
    '0 0 30 2 *',
    '0 0 31 4,6 *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
  ])('refuses %j', (text) => expect(isProblem(parseSchedule(text))).toBe(true));

  it('calls for the stacks that are due since the last look, and follows changes of it', () => {
    const schedule = new DriftSchedule(createFastClock());
    schedule.note('a', '*/10 * * * *');
    schedule.note('b', '*/15 * * * *');
    const due = (after: number, until: number) => schedule.dueBetween(after * 60_000, until * 60_000);
    expect(due(0, 9)).toEqual([]);
    expect(due(9, 10)).toEqual(['a']);
    expect(due(10, 30)).toEqual(['a', 'b']);
    schedule.note('a', undefined);
    schedule.note('b', '*/10 * * * *');
    expect(due(9, 10)).toEqual(['b']);
  });

  it('has drift looked for and recorded as a job', async () => {
    await using rig = createRig({ secrets: SECRETS });
    rig.source.push({
      [file('shop')]: shop('alert').replace(
        'policy: {',
        'operations: { driftDetection: { schedule: "* * * * *" } }\npolicy: {',
      ),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    await expect
      .poll(() => rig.jobs('shop').find(({ type }) => type === 'drift_check'), { timeout: 4_000 })
      .toMatchObject({
        status: 'completed',
        trigger: 'schedule',
      });
  });
});
