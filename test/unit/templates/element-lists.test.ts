import { describe, expect, it } from 'vitest';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import type { MemoryWrite } from '../../support/memory/memory-source.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = container('web');
const FILE = file('tenant');
const LIST = 'lists/tenants.yaml';

const TEMPLATE = `version: "1.0"
meta:
  name: tenant-\${each.name}
forEach: { in: ../../lists/tenants.yaml }
services:
  web:
    image: \${each.image}
`;

const tenants = (...names: readonly string[]) =>
  names.map((name) => `- { name: ${name}, image: "nginx:1.29" }\n`).join('');

type Link = Pick<MemoryWrite, 'type' | 'content'>;
const link = (content: string): Link => ({ type: 'symlink', content });

const findings = (rig: Rig) =>
  rig.reconciler
    .repository()
    .diagnostics.map(
      ({ file: where, line, column, code, message }) => `${where}:${line}:${column} ${code} ${message}`,
    );

async function running(names: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const rig = createRig();
  rig.source.push({ [FILE]: TEMPLATE, [LIST]: tenants(...names), ...more });
  await rig.reconciler.start();
  for (const name of names) await rig.reaches(`tenant-${name}`, 'in_sync');
  return rig;
}

describe('a template whose elements stand in a file of their own', () => {
  it('follows that file: stacks come, go and change with it alone', async () => {
    await using rig = await running(['alice', 'bob', 'carol']);
    expect(findings(rig)).toEqual([]);

    rig.source.push({ [LIST]: `${tenants('alice', 'dave')}- { name: carol, image: "nginx:1.28" }\n` });
    await rig.reaches('tenant-dave', 'in_sync');
    await rig.gone('tenant-bob');
    await rig.ended('tenant-carol', 2);

    expect(rig.engine().control.find('tenant-carol', WEB)?.spec).toMatchObject({ image: 'nginx:1.28' });
    expect(rig.jobs('tenant-alice')).toHaveLength(1);
  });

  it.each<readonly [string, string | null | Link, string]>([
    ['is gone', null, `${FILE}:4:16 FILE_NOT_FOUND`],
    ['is no list', 'alice: {}\n', `${LIST}:1:1 INVALID_TYPE`],
    ['is empty', '[]\n', `${LIST}:1:1 REQUIRED`],
    ['is no YAML', '- [alice\n', `${LIST}:2:1 YAML_SYNTAX`],
    ['has an element twice', tenants('alice', 'bob', 'alice'), `${LIST}:3:3 DUPLICATE_NAME`],
    ['is the template itself by a link', link('../kombinations/tenant/kombination.yaml'), 'INVALID_TYPE'],
    ['is a link to itself', link('tenants.yaml'), `${FILE}:4:16 FILE_NOT_FOUND`],
    ['leads out of the repository', link('../../elsewhere.yaml'), 'PATH_OUTSIDE_REPOSITORY'],
  ])('keeps its stacks while that file %s', async (_, content, finding) => {
    await using rig = await running(['alice', 'bob'], {
      [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }),
    });

    const write = typeof content === 'string' || content === null ? { content } : content;
    rig.source.pushWrites([{ path: LIST, ...write }]);
    await rig.reconciler.refresh(NEVER);

    expect(findings(rig)).toHaveLength(1);
    expect(findings(rig)[0]).toContain(finding);
    expect(rig.reconciler.stackNames()).toEqual(['shop', 'tenant-alice', 'tenant-bob']);
    for (const name of ['tenant-alice', 'tenant-bob'])
      expect(rig.engine().control.find(name, WEB)?.state, name).toBe('running');

    rig.source.pushWrites([{ path: LIST, type: 'file', content: tenants('alice', 'carol') }]);
    await rig.reaches('tenant-carol', 'in_sync');
    expect(findings(rig)).toEqual([]);
  });

  it('has stacks once the file is there', async () => {
    await using rig = createRig();
    rig.source.push({ [FILE]: TEMPLATE });
    await rig.reconciler.refresh(NEVER);
    expect(findings(rig)).toEqual([expect.stringContaining(`${FILE}:4:16 FILE_NOT_FOUND`)]);

    rig.source.push({ [LIST]: tenants('alice') });
    await rig.reconciler.refresh(NEVER);

    expect(rig.reconciler.stackNames()).toEqual(['tenant-alice']);
    expect(findings(rig)).toEqual([]);
  });

  it('shares the file with other templates', async () => {
    await using rig = createRig();
    const other = TEMPLATE.replace('tenant-$', 'guest-$');
    rig.source.push({ [FILE]: TEMPLATE, [file('guest')]: other, [LIST]: tenants('alice') });
    await rig.reconciler.refresh(NEVER);
    rig.source.push({ [LIST]: tenants('bob') });
    await rig.reconciler.refresh(NEVER);

    expect(rig.reconciler.stackNames()).toEqual(['guest-bob', 'tenant-bob']);
  });

  it('is checked before it is committed, with the elements as they are', async () => {
    await using rig = await running(['alice']);

    const report = rig.reconciler.validate(TEMPLATE.replace('each.image', 'each.colour'), FILE);

    expect(report.diagnostics).toMatchObject([{ code: 'UNRESOLVED_VARIABLE', line: 7 }]);
  });
});

describe('a change of the list', () => {
  const at = { [FILE]: TEMPLATE, [LIST]: tenants('alice', 'bob', 'carol', 'dave') };

  it('concerns the stacks whose elements are others, and the first', async () => {
    const { push, state, load, source } = createDesiredFixture();
    await push(at);
    const line = (name: string, image: string) => `- { name: ${name}, image: "${image}" }\n`;
    const list = `${tenants('alice', 'bob')}${line('carol', 'nginx:1.28')}${line('erin', 'nginx:1.29')}`;

    expect(await push({ [LIST]: list })).toMatchObject({
      changed: ['tenant-alice', 'tenant-carol', 'tenant-erin'],
      removed: ['tenant-dave'],
    });
    expect(state.describing('tenant-bob')?.files.map(({ path }) => path)).toEqual([FILE, LIST]);
    expect((await push({ [LIST]: `# none\n${list}` })).changed).toEqual(['tenant-alice']);

    // Another file of the same content: what the stacks rest on is another path.
    source.pushWrites([
      { path: 'lists/other.yaml', content: list },
      { path: LIST, type: 'symlink', content: 'other.yaml' },
    ]);
    expect((await load()).changed).toHaveLength(4);
    expect((await push({ 'lists/other.yaml': tenants('alice') })).removed).toHaveLength(3);
  });

  it('reads a stack again that rests on the file besides', async () => {
    const { push } = createDesiredFixture();
    await push({ ...at, [FILE]: `${TEMPLATE}    files: [{ source: ../../lists, target: /lists }]\n` });

    expect(
      (await push({ [LIST]: `# all\n${tenants('alice', 'bob', 'carol', 'dave')}` })).changed,
    ).toHaveLength(4);
  });
});

describe('a template that cannot be understood as a whole', () => {
  it('has the findings of its elements told together with that', async () => {
    await using rig = createRig();
    rig.source.push({
      [FILE]: TEMPLATE,
      [LIST]: `${tenants('alice', 'alice')}- { name: bob }\n- 7\n`,
    });
    await rig.reconciler.refresh(NEVER);

    expect(findings(rig).map((one) => one.split(' ', 2).join(' '))).toEqual([
      `${FILE}:7:12 UNRESOLVED_VARIABLE`,
      `${LIST}:2:3 DUPLICATE_NAME`,
      `${LIST}:4:3 REQUIRED`,
    ]);
    expect(rig.reconciler.stackNames()).toHaveLength(1);

    const validated = rig.reconciler.validate(
      TEMPLATE.replace('in: ../../lists/tenants.yaml', 'values: [bob, bob]'),
      FILE,
    );
    expect(validated.diagnostics.map(({ code }) => code)).toEqual(['DUPLICATE_NAME', 'UNRESOLVED_VARIABLE']);
  });
});
