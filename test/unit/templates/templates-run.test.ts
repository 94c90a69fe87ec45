import { describe, expect, it } from 'vitest';
import type { Rig } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const ACTOR = { name: 'Ada', email: 'ada@example.org' };
const WEB = container('web');
const FILE = file('tenant');

function tenants(values: string, image = 'nginx:1.29'): string {
  return `version: "1.0"
meta:
  name: tenant-\${each.name}
forEach: { values: ${values} }
services:
  web:
    image: ${image}
    labels: { tenant: "\${each.name}" }
`;
}

const findings = (rig: Rig) =>
  rig.reconciler
    .repository()
    .diagnostics.map(
      ({ file: where, line, column, code, message }) => `${where}:${line}:${column} ${code} ${message}`,
    );

async function running(text: string, names: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const rig = createRig();
  rig.source.push({ [FILE]: text, ...more });
  await rig.reconciler.start();
  for (const name of names) await rig.reaches(name, 'in_sync');
  return rig;
}

describe('a template', () => {
  it('is a stack for each element, with its values', async () => {
    await using rig = await running(tenants('[alice, bob]'), ['tenant-alice', 'tenant-bob']);

    expect(rig.reconciler.stackNames()).toEqual(['tenant-alice', 'tenant-bob']);
    expect(findings(rig)).toEqual([]);
    const made = rig.engine().control.find('tenant-bob', WEB);
    expect(made?.spec).toMatchObject({ labels: { tenant: 'bob' } });
    expect(rig.reconciler.getStack('tenant-bob')).toMatchObject({ file: FILE });
    expect(await rig.tags('tenant-bob')).toEqual(['deploy/tenant-bob/1']);
  });

  it('says in plans which template and element ask for something', async () => {
    await using rig = createRig();
    rig.source.push({ [FILE]: tenants('[alice]') });
    await rig.reconciler.refresh(NEVER);

    const { plan } = await rig.reconciler.plan({ stack: 'tenant-alice', actor: null, trigger: 'cli' }, NEVER);

    const change = plan.changes.find(({ id }) => id === WEB);
    expect(change?.cause).toBe(`not found (template ${FILE}, element alice)`);
    expect(change?.origin).toMatchObject({ file: FILE, line: 6 });
  });

  it('makes and removes just the stacks of elements that come and go', async () => {
    await using rig = await running(tenants('[alice, bob, carol]'), [
      'tenant-alice',
      'tenant-bob',
      'tenant-carol',
    ]);

    rig.source.push({ [FILE]: tenants('[dave, alice, carol]') });
    await rig.reaches('tenant-dave', 'in_sync');
    await rig.gone('tenant-bob');

    expect(rig.engine().control.find('tenant-bob', WEB)).toBeUndefined();
    for (const name of ['tenant-alice', 'tenant-carol']) expect(rig.jobs(name), name).toHaveLength(1);
  });

  it('asks before most of its stacks go at once', async () => {
    await using rig = await running(tenants('[a, b, c]'), ['tenant-a', 'tenant-b', 'tenant-c']);

    rig.source.push({ [FILE]: tenants('[c]') });

    await rig.reaches('tenant-a', 'blocked');
    expect(rig.engine().control.find('tenant-a', WEB)?.state).toBe('running');
  });

  it.each([
    ['its forEach is empty', tenants('[]'), 'REQUIRED'],
    ['its forEach is wrong', tenants('[alice, alice]'), 'DUPLICATE_NAME'],
    ['it is no YAML', `${tenants('[alice, bob]')}\n  }`, 'YAML_SYNTAX'],
  ])('keeps its stacks while %s', async (_, broken, code) => {
    await using rig = await running(tenants('[alice, bob]'), ['tenant-alice', 'tenant-bob'], {
      [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }),
    });

    rig.source.push({ [FILE]: broken });
    await rig.reconciler.refresh(NEVER);

    expect(findings(rig)).toHaveLength(1);
    expect(findings(rig)[0]).toContain(code);
    await rig.reaches('tenant-alice', 'invalid');
    expect(rig.reconciler.stackNames()).toEqual(['shop', 'tenant-alice', 'tenant-bob']);
    for (const name of ['tenant-alice', 'tenant-bob'])
      expect(rig.engine().control.find(name, WEB)?.state, name).toBe('running');

    rig.source.push({ [FILE]: tenants('[alice, bob]', 'nginx:1.28') });
    await rig.ended('tenant-bob', 2);
    await rig.reaches('tenant-bob', 'in_sync');
  });

  it('becomes a plain stack, and a template again', async () => {
    await using rig = await running(tenants('[alice]'), ['tenant-alice'], {
      [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }),
    });

    rig.source.push({ [FILE]: stack('tenant', { web: 'image: nginx:1.29' }) });
    await rig.reaches('tenant', 'in_sync');
    await rig.gone('tenant-alice');
    rig.source.push({ [FILE]: tenants('[bob]') });
    await rig.reaches('tenant-bob', 'in_sync');
    await rig.gone('tenant');

    rig.source.push({ [FILE]: null });
    await rig.gone('tenant-bob');
  });

  it('tells findings where they are in the template, with the element', async () => {
    await using rig = createRig();
    const text = `${tenants('[{ name: alice, port: 80 }, { name: bob, port: x }, { name: Carol, port: 1 }]')}    ports: ["\${each.port}:80"]\n`;
    rig.source.push({ [FILE]: text });
    await rig.reconciler.refresh(NEVER);

    const found = findings(rig);
    expect(found).toEqual([
      expect.stringMatching(
        /^kombinations\/tenant\/kombination\.yaml:3:9 INVALID_FORMAT .*\(forEach: Carol\)$/,
      ),
      expect.stringMatching(
        /^kombinations\/tenant\/kombination\.yaml:9:13 INVALID_FORMAT .*\(forEach: bob\)$/,
      ),
    ]);
  });

  it('is refused where a name or a port of another stack is taken', async () => {
    await using rig = createRig();
    rig.source.push({
      [FILE]: `${tenants('[alice, bob]')}    ports: ["8080:80"]\n`,
      [file('other')]: stack('tenant-bob', { web: 'image: nginx:1.29' }),
    });
    await rig.reconciler.refresh(NEVER);

    const found = findings(rig).join('\n');
    expect(found).toContain(`DUPLICATE_STACK the stack tenant-bob is also described by ${FILE}#bob`);
    expect(found).toContain(`tenant-alice (${FILE}#alice)`);
    expect(found).toContain('(forEach: bob)');
  });

  it('finds two elements that make one name', async () => {
    await using rig = createRig();
    rig.source.push({ [FILE]: tenants('[alice, bob]').replace('tenant-${each.name}', 'tenant') });
    await rig.reconciler.refresh(NEVER);

    expect(findings(rig).map((one) => one.split(' ')[1])).toEqual(['DUPLICATE_STACK', 'DUPLICATE_STACK']);
  });

  it('follows the nodes that the repository shares', async () => {
    await using rig = createRig();
    const node = (name: string) => `name: ${name}\nconnection: { host: ${name}.lan }\n`;
    const agent = `version: "1.0"
meta: { name: "agent-\${each.node}" }
forEach: { nodes: "*" }
nodes: [{ name: "\${each.node}" }]
services: { web: { image: "nginx:1.29" } }
`;
    rig.source.push({
      [file('agent')]: agent,
      'nodes/nas.yaml': node('nas'),
      'nodes/attic.yaml': node('attic'),
    });
    await rig.reconciler.refresh(NEVER);
    expect(rig.reconciler.stackNames()).toEqual(['agent-attic', 'agent-nas']);

    rig.source.push({ 'nodes/shed.yaml': node('shed'), 'nodes/nas.yaml': null });
    await rig.reconciler.refresh(NEVER);

    expect(rig.reconciler.stackNames()).toEqual(['agent-attic', 'agent-shed']);
    expect(findings(rig)).toEqual([]);
  });

  it('reads a stack again whose own file has changed, and only that', async () => {
    await using rig = await running(
      `${tenants('[alice, bob]')}    env_file: "\${each.name}.env"\n`,
      ['tenant-alice', 'tenant-bob'],
      { 'kombinations/tenant/alice.env': 'A=1', 'kombinations/tenant/bob.env': 'A=1' },
    );

    rig.source.push({ 'kombinations/tenant/bob.env': 'A=2' });
    await rig.ended('tenant-bob', 2);
    await rig.reaches('tenant-bob', 'in_sync');

    expect(rig.engine().control.find('tenant-bob', WEB)?.spec).toMatchObject({ env: { A: '2' } });
    expect(rig.jobs('tenant-alice')).toHaveLength(1);
  });

  it('is not changed by what concerns one of its stacks, which says where it comes from', async () => {
    await using rig = await running(tenants('[alice, bob]'), ['tenant-alice']);
    rig.source.push({ [FILE]: tenants('[alice, bob]', 'nginx:1.28') });
    await rig.ended('tenant-alice', 2);
    const { reconciler } = rig;
    const head = (await rig.source.resolve(NEVER)).commit;
    const refused = {
      code: 'BAD_OPTIONS',
      message: expect.stringContaining(`of the template ${FILE}, for its element alice`),
    };

    const edit = { keys: { services: { web: { image: 'nginx:1.28' } } } };
    await expect(reconciler.updateStack('tenant-alice', edit, ACTOR, NEVER)).rejects.toMatchObject(refused);
    await expect(reconciler.deleteStack('tenant-alice', ACTOR, NEVER)).rejects.toMatchObject(refused);
    await expect(reconciler.rollback('tenant-alice', 1, ACTOR, NEVER)).rejects.toMatchObject(refused);

    const files = [{ path: FILE, text: tenants('[alice]') }];
    await expect(
      reconciler.writeFiles({ stack: 'tenant-alice', files, base: head }, ACTOR, NEVER),
    ).rejects.toMatchObject({
      diagnostics: [{ code: 'INSECURE_PATH', file: FILE, message: refused.message }],
    });

    expect((await rig.source.resolve(NEVER)).commit).toBe(head);
  });

  it('is checked before it is committed, with each of its elements', async () => {
    await using rig = createRig();
    const text = tenants('[{ name: alice, image: "nginx:1.29" }, { name: bob }]', '${each.image}');

    const report = rig.reconciler.validate(text, FILE);

    expect(report.valid).toBe(false);
    expect(report.diagnostics).toMatchObject([
      {
        code: 'UNRESOLVED_VARIABLE',
        line: 7,
        column: 12,
        message: expect.stringContaining('(forEach: bob)'),
      },
    ]);
    expect(rig.reconciler.validate(tenants('[alice]'), FILE)).toMatchObject({
      valid: true,
      services: ['web'],
    });
  });

  it('has as many stacks as it may have elements', async () => {
    await using rig = createRig();
    const names = Array.from({ length: 1_000 }, (_, index) => `t${index}`);
    rig.source.push({ [FILE]: tenants(`[${names.join()}]`) });
    await rig.reconciler.refresh(NEVER);

    expect(rig.reconciler.stackNames()).toHaveLength(1_000);
    expect(findings(rig)).toEqual([]);
  });
});
