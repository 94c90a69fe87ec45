import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import schema from '../../../schemas/plan.schema.json' with { type: 'json' };
import { formatPlan } from '../../../reconciler/plan/format-plan.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const FILE = 'kombinations/dif/kombination.yaml';

function described(services: string): string {
  return `version: "1.0"\nmeta: { name: dif }\npolicy: { sync: manual }\nservices:\n${services}`;
}

async function deployed(rig: Rig, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  rig.source.push(files);
  await rig.reconciler.start();
  await rig.reaches('dif', 'pending');
  await rig.apply('dif');
}

async function planAfter(
  rig: Rig,
  files: Readonly<Record<string, string | Uint8Array | null>>,
): Promise<Plan> {
  rig.source.push(files);
  const { plan } = await rig.reconciler.plan({ stack: 'dif', actor: null, trigger: 'cli' }, SIGNAL);
  expect(
    new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)(JSON.parse(JSON.stringify(plan))),
  ).toBe(true);
  return plan;
}

const WEB = '  web: { image: "nginx:1.28", files: [{ source: app.conf, target: /etc/app.conf }] }\n';

it('shows which lines of which file change, and what a new container is given, risks first', async () => {
  await using rig = createRig();
  await deployed(rig, { [FILE]: described(WEB), 'kombinations/dif/app.conf': 'retention = 15d\nname = a\n' });
  const miner =
    '  miner: { image: "nginx:1.28", privileged: true, pid: host, ports: ["127.0.0.1:80:8080"], volumes: ["/:/host", "/srv/data:/data:ro"], environment: { B: "1", A: "2" } }\n';
  const plan = await planAfter(rig, {
    [FILE]: described(miner + WEB),
    'kombinations/dif/app.conf': 'retention = 1d\nname = a\n',
  });
  const text = formatPlan(plan);
  expect(text).toContain(`    ~ file /etc/app.conf, from kombinations/dif/app.conf
          @@ -1,2 +1,2 @@
        - retention = 15d
        + retention = 1d
          name = a`);
  expect(text).toContain(`    ! runs privileged
    ! uses the pid namespace of the machine
    ! mounts / of the machine
      image: nginx:1.28
      ports: 127.0.0.1:80 → 8080/tcp
      mounts: /srv/data → /data (read-only), / → /host
      networks: dif_default
      env: A, B
`);
  expect(text).not.toMatch(/[0-9a-f]{32}/);
});

it('shows changes of texts that stand in the description itself, also to a process that never saw the old one', async () => {
  await using rig = createRig();
  const inline = (text: string) =>
    described(
      `  web: { image: "nginx:1.28", files: [{ content: ${JSON.stringify(text)}, target: /etc/app.conf }] }\n`,
    );
  await deployed(rig, { [FILE]: inline('a\nb $$ {{x}}\n') });
  await using other = await rig.restart();
  other.source.push({ [FILE]: inline('a\nc\n') });
  const { plan } = await other.reconciler.plan({ stack: 'dif', actor: null, trigger: 'cli' }, SIGNAL);
  expect(
    plan.changes.flatMap(({ contents = [] }) => contents).map(({ lines, source }) => [lines, source]),
  ).toEqual([[['@@ -1,2 +1,2 @@', ' a', '-b $$ {{x}}', '+c'], undefined]]);
});

it('masks what looks secret, says that it changed, and tells no more of what is no text than its size and id', async () => {
  await using rig = createRig({ secrets: { 'secret://env/WORD': 'correct-horse' } });
  const web = (image = 'nginx:1.28') =>
    `  web:
    image: ${image}
    environment: { WORD: secret://env/WORD }
    files:
      - { source: app.ini, target: /etc/app.ini }
      - { source: logo.png, target: /srv/logo.png }
`;
  const ini = (password: string) =>
    `[db]\npassword = ${password}\nurl = "postgres://me:${password}@db/x"\nword of the day: correct-horse\n`;
  await deployed(rig, {
    [FILE]: described(web()),
    'kombinations/dif/app.ini': ini('hunter22'),
    'kombinations/dif/logo.png': new Uint8Array([137, 80, 0, 1]),
  });
  const plan = await planAfter(rig, {
    'kombinations/dif/app.ini': ini('hunter33'),
    'kombinations/dif/logo.png': new Uint8Array([137, 80, 0, 1, 2]),
  });
  const text = formatPlan(plan);
  expect(JSON.stringify(plan)).not.toMatch(/hunter|correct-horse/);
  expect(text).toContain(
    '- password = ***\n        - url = "postgres://me:***@db/x"\n        + password = ***',
  );
  expect(text).toContain('word of the day: ***');
  expect(text).toMatch(/file \/srv\/logo\.png, from \S+ \(binary: 4 B, [0-9a-f]{10} → 5 B, [0-9a-f]{10}\)/);
});

it('tells of files that come and go, and says where what was there before is lost', async () => {
  await using rig = createRig();
  const web = (list: string) => `  web: { image: "nginx:1.28", files: [${list}] }\n`;
  await deployed(rig, {
    [FILE]: described(web('{ source: conf, target: /etc/x }')),
    'kombinations/dif/conf/a': 'one\n',
    'kombinations/dif/conf/b': 'two\n',
  });
  const plan = await planAfter(rig, {
    'kombinations/dif/conf/a': null,
    'kombinations/dif/conf/c': 'three\n',
  });
  const text = formatPlan(plan);
  expect(text).not.toContain('files:');
  expect(text).toContain('- file /etc/x/a\n');
  expect(text).toContain('+ file /etc/x/c, from kombinations/dif/conf/c');
  expect(text).toContain('        + three');
  const lost = {
    ...plan.changes.find(({ kind }) => kind === 'container'),
    contents: [
      {
        target: '/etc/x/b',
        before: { blob: 'b'.repeat(40), bytes: null },
        after: { blob: 'c'.repeat(40), bytes: 5 },
      },
    ],
  };
  expect(formatPlan({ ...plan, changes: [lost as Plan['changes'][number]] })).toContain(
    'what was there before is not in the repository',
  );
});
