import { describe, expect, it } from 'vitest';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { eventually } from '../../support/eventually.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const WEB = { web: 'image: "nginx:1.29"' };
const BROKEN = { web: 'image: "nginx:1.29", healthcheck: { test: "false" }' };
const after = (...names: string[]) => `dependsOn: [${names.join(', ')}]\n`;
const blog = { [file('blog')]: stack('blog', WEB) };

describe('stacks that depend on each other', () => {
  it('are applied in order, and removed in the opposite one', async () => {
    await using rig = createRig();
    const keep = { ...blog, [file('wiki')]: stack('wiki', WEB), [file('chat')]: stack('chat', WEB) };
    rig.source.push({
      ...keep,
      [file('app')]: stack('app', WEB, after('db')),
      [file('db')]: stack('db', WEB),
      [file('web')]: stack('web', WEB, after('app')),
    });
    await rig.reconciler.start();
    for (const name of ['web', 'app', 'db']) await rig.reaches(name, 'in_sync');
    const log = () =>
      rig.engine().control.log.map((line) => line.replace(/^start local.container.web$/, 'start'));
    const started = ['db', 'app', 'web'].map((name) => rig.jobs(name)[0]?.startedAt ?? '');
    expect(started).toEqual(started.toSorted());
    expect(log().filter((line) => line === 'start')).toHaveLength(6);
    rig.source.push({ [file('app')]: null, [file('db')]: null, [file('web')]: null });
    for (const name of ['web', 'app', 'db']) await rig.gone(name);
    const removed = ['web', 'app', 'db'].map(
      (name) => rig.jobs(name).find(({ type }) => type === 'destroy')?.startedAt ?? '',
    );
    expect(removed).toEqual(removed.toSorted());
    expect(removed).not.toContain('');
  });

  it('wait with the reason while the one before them is not well, and go on once it is', async () => {
    await using rig = createRig();
    rig.source.push({ [file('app')]: stack('app', WEB, after('db')), [file('db')]: stack('db', BROKEN) });
    await rig.reconciler.start();
    await rig.ended('db', 1);
    const view = await rig.reaches('app', 'pending');
    expect(view.message).toMatch(/^waits for db, which is (failed|pending|applying|degraded)/);
    expect(rig.engine().control.engine.stacks.has('app')).toBe(false);
    rig.source.push({ [file('db')]: stack('db', WEB) });
    await rig.reaches('app', 'in_sync');
  });

  it('are repaired whatever has become of the one before them', async () => {
    await using rig = createRig();
    rig.source.push({ [file('app')]: stack('app', WEB, after('db')), [file('db')]: stack('db', WEB) });
    await rig.reconciler.start();
    await rig.reaches('app', 'in_sync');
    const { control } = rig.engine();
    rig.source.push({ [file('db')]: stack('db', BROKEN) });
    await rig.ended('db', 2);
    control.stop('app', container('web'));
    const state = () => control.find('app', container('web'))?.state;
    expect(await eventually(state, (value) => value === 'running', 4_000)).toBe('running');
  });

  it('stay while somebody still needs them', async () => {
    await using rig = createRig();
    rig.source.push({
      ...blog,
      [file('app')]: stack('app', WEB, after('db')),
      [file('db')]: stack('db', WEB),
    });
    await rig.reconciler.start();
    await rig.reaches('app', 'in_sync');
    rig.source.push({ [file('db')]: null });
    await rig.reaches('app', 'invalid');
    expect((await rig.reaches('db', 'pending')).message).toBe('app depends on it');
    expect(rig.engine().control.find('db', container('web'))?.state).toBe('running');
  });

  it('are refused by hand out of order, and applied by single commands in order', async () => {
    await using rig = createRig();
    rig.source.push({ [file('app')]: stack('app', WEB, after('db')), [file('db')]: stack('db', WEB) });
    const { job } = await rig.apply('app');
    expect(job.error).toMatchObject({
      code: 'DEPENDENCY_NOT_READY',
      message: expect.stringMatching(/^waits for db/),
    });
    expect((await rig.apply('db')).job.status).toBe('completed');
    expect((await rig.apply('app')).job.status).toBe('completed');
    await using next = await rig.restart();
    next.source.push({ [file('app')]: stack('app', { web: 'image: "nginx:1.28"' }, after('db')) });
    expect((await next.apply('app')).job.status).toBe('completed');
  });
});

describe('dependsOn in a repository', () => {
  const findings = (state: ReturnType<typeof createDesiredFixture>['state']) =>
    state
      .diagnostics()
      .map(({ code, file: path, line, message, hint }) => [code, `${path}:${line}`, message, hint]);

  it('names circles with file and line, in every stack of them, until they are gone', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      [file('a')]: stack('a', WEB, after('b')),
      [file('b')]: stack('b', WEB, after('c')),
      [file('c')]: stack('c', WEB, after('a')),
    });
    expect(findings(state).map((finding) => finding.slice(0, 3))).toEqual([
      ['CIRCULAR_DEPENDENCY', `${file('a')}:3`, 'stacks wait for each other: a → b → c → a'],
      ['CIRCULAR_DEPENDENCY', `${file('b')}:3`, 'stacks wait for each other: b → c → a → b'],
      ['CIRCULAR_DEPENDENCY', `${file('c')}:3`, 'stacks wait for each other: c → a → b → c'],
    ]);
    expect(state.get('b')?.resources).toEqual([]);
    expect((await push({ [file('c')]: stack('c', WEB) })).changed).toEqual(['a', 'b', 'c']);
    expect(findings(state)).toEqual([]);
    expect(state.get('b')?.resources).not.toEqual([]);
    expect(state.dependantsOf('c')).toEqual(['b']);
  });

  it('names stacks that are not there', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      [file('app')]: stack('app', WEB, after('datbase')),
      [file('database')]: stack('database', WEB),
    });
    expect(findings(state)).toEqual([
      [
        'UNKNOWN_STACK',
        `${file('app')}:3`,
        'app depends on the stack datbase, which is not in this repository',
        'did you mean database?',
      ],
    ]);
    const { changed } = await push({ [file('datbase')]: stack('datbase', WEB) });
    expect(changed).toEqual(['app', 'datbase']);
    expect(findings(state)).toEqual([]);
  });
});
