import { createDesiredState } from '../../../../reconciler/desired/desired-state.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import { checkSchema, createFixedSecrets } from '../../../support/desired-fixtures.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* Secrets that stand in clear under their names, in whatever form, are in no answer that shows files. */

const SHOP = file('shop');
const BESIDE = 'kombinations/shop';
const HELD = 'policy: { sync: manual }\n';
const PLAIN = stack('shop', { web: 'image: "nginx:1.28"' }, HELD);
const web = (more: string, rest = HELD) => stack('shop', { web: `image: "nginx:1.28", ${more}` }, rest);

interface Case {
  readonly what: string;
  /** Default: the document of the stack. */
  readonly name?: string;
  readonly text: (secret: string) => string;
}

const CASES: readonly Case[] = [
  {
    what: 'a block',
    text: (value) =>
      `${PLAIN.replace(/ {2}web:[^]*?\n/, '')}  web:\n    image: "nginx:1.28"\n    environment:\n      DB_PASSWORD: ${value}\n      LEVEL: info\n`,
  },
  { what: 'a flow map', text: (value) => web(`environment: { LEVEL: info, DB_PASSWORD: "${value}", A: b }`) },
  { what: 'a flow map without quotes', text: (value) => web(`environment: { DB_PASSWORD: ${value}, A: b }`) },
  { what: 'a list', text: (value) => web(`environment: ["A=b", "DB_PASSWORD=${value}", "C=d"]`) },
  {
    what: 'an anchor',
    text: (value) => web('environment: { DB_PASSWORD: *pw }', `x-all: &pw ${value}\n${HELD}`),
  },
  { what: 'a default', text: (value) => web(`environment: { DB_PASSWORD: "\${PASSWORD:-${value}}" }`) },
  {
    what: 'a default under another name',
    name: 'a.yaml',
    text: (value) => `a: "\${DB_PASSWORD:-${value}}-x"\n`,
  },
  {
    what: 'a block list',
    name: 'a.yaml',
    text: (value) => `environment:\n  - A=b\n  - DB_PASSWORD=${value}\n`,
  },
  {
    what: 'a quoted list',
    name: 'a.yaml',
    text: (value) => `environment:\n  - "DB_PASSWORD=${value} two"\n`,
  },
  { what: 'single quotes', name: 'a.yaml', text: (value) => `a: { password: 'it''s ${value}', b: c }\n` },
  {
    what: 'several lines',
    name: 'a.yaml',
    text: (value) => `a:\n  password: |\n    one ${value}\n\n    two ${value}\n  level: info\n`,
  },
  {
    what: 'a folded text',
    name: 'a.yaml',
    text: (value) => `a:\n  token: one\n    ${value}\n  level: info\n`,
  },
  {
    what: 'quotes over lines',
    name: 'a.yaml',
    text: (value) => `a:\n  token: "one\n    ${value}"\n  b: c\n`,
  },
  {
    what: 'a value of its own line',
    name: 'a.yaml',
    text: (value) => `a:\n  token:\n    ${value}\n  b: c\n`,
  },
  {
    what: 'a list of values',
    name: 'a.yaml',
    text: (value) => `tokens:\n- ${value}\n- x${value}\nlevel: info\n`,
  },
  {
    what: 'a name and a value',
    name: 'a.yaml',
    text: (value) => `env:\n- name: API_KEY\n  value: ${value}\n- name: A\n  value: b\n`,
  },
  {
    what: 'a name and a value in a line',
    name: 'a.yaml',
    text: (value) => `env: [{ name: API_KEY, value: ${value} }, { name: A, value: b }]\n`,
  },
  {
    what: 'a manifest',
    name: 'a.yaml',
    text: (value) =>
      `kind: Secret\nmetadata: { name: x }\nstringData:\n  level: ${value}\n  more: |\n    ${value}\ndata:\n  word: ${btoa(value)}\n`,
  },
  {
    what: 'a manifest in a line',
    name: 'a.yaml',
    text: (value) => `{ kind: Secret, stringData: { level: ${value} } }\n`,
  },
  {
    what: 'several documents',
    name: 'a.yaml',
    text: (value) => `kind: ConfigMap\ndata: { a: b }\n---\nkind: Secret\ndata: { a: ${btoa(value)} }\n`,
  },
  {
    what: 'YAML that is none',
    name: 'a.yaml',
    text: (value) => `a: [\nenv: { A: b, DB_PASSWORD: "${value}", C: d\n`,
  },
  {
    what: 'several lines that are no YAML',
    name: 'a.yaml',
    text: (value) => `a: [\npassword: |\n  ${value}\nb: c\n`,
  },
  {
    what: 'a name and a value that are no YAML',
    name: 'a.yaml',
    text: (value) => `a: [\n- name: API_KEY\n  value: ${value}\n`,
  },
  { what: 'arguments', name: 'a.yaml', text: (value) => `command: ["redis", "--requirepass", "${value}"]\n` },
  {
    what: 'arguments in a text',
    name: 'a.yaml',
    text: (value) => `command: redis --requirepass ${value} --port 1\n`,
  },
  {
    what: 'variables of a file',
    name: 'web.env',
    text: (value) => `A=b\nexport DB_PASSWORD=${value}\n# OLD_TOKEN=${value}\n`,
  },
  { what: 'quoted variables', name: 'web.env', text: (value) => `DB_PASSWORD="one\n${value}"\nA=b\n` },
  {
    what: 'JSON',
    name: 'a.json',
    text: (value) => `{ "a": { "apiKey": "${value}", "b": 1 }, "secrets": { "x": "y" } }\n`,
  },
  {
    what: 'pretty JSON',
    name: 'a.json',
    text: (value) => `{\n  "name": "API_KEY",\n  "value": "${value}"\n}\n`,
  },
  {
    what: 'a value that is said again',
    name: 'a.yaml',
    text: (value) => `db_password: ${value}\nurl: "x?a=${value}"\n`,
  },
];

const OLD = 'hunter2-old';
const NEW = 'correct-horse-new';
const VALUES = [OLD, NEW, btoa(OLD), btoa(NEW)];

let rig: Rig;
let server: ApiServer;
beforeEach(async () => {
  rig = createRig();
  server = await startApiServer({ reconciler: rig.reconciler });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

async function ask(path: string, role: 'viewer' | 'deployer', body?: object): Promise<string> {
  const init = body === undefined ? { role } : { ...json('POST', body), role };
  const answer = await server.request(`/api/v1/stacks/shop/${path}`, init);
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, text]);
  return text;
}

interface Shown {
  readonly path: string;
  readonly diff: string;
}

/** Differences of an answer: of a preview, or of a comparison. */
function diffsOf(answer: string): readonly Shown[] {
  const { diff, files } = JSON.parse(answer) as Record<'diff' | 'files', readonly Shown[] | undefined>;
  return diff ?? files ?? [];
}

const filesOf = (answer: string) => (JSON.parse(answer) as { readonly files: readonly object[] }).files;

function expectHidden(answer: string): void {
  for (const value of VALUES) expect(answer).not.toContain(value);
}

describe.each(CASES)('$what', ({ name, text }) => {
  const path = name === undefined ? SHOP : `${BESIDE}/${name}`;

  it('is masked in files, drafts and comparisons', async () => {
    rig.source.push({ [SHOP]: PLAIN, [path]: text(OLD) });
    await rig.apply('shop');
    const shown = await ask('files', 'viewer');
    expectHidden(shown);
    const changed = await ask('files/preview', 'deployer', { files: [{ path, text: text(NEW) }] });
    const broken = { path: SHOP, text: name === undefined ? `a: [\n${text(NEW)}` : 'a: [\n' };
    const files = name === undefined ? [broken] : [broken, { path, text: text(NEW) }];
    const invalid = await ask('files/preview', 'deployer', { files });
    const dropped = await ask('files/preview', 'deployer', {
      files: [{ path, text: name === undefined ? PLAIN : 'a: b\n' }],
    });
    rig.source.push({ [path]: text(NEW) });
    await rig.reconciler.refresh(new AbortController().signal);
    const compared = await ask('deployments/compare?from=1', 'viewer');
    for (const answer of [changed, invalid, dropped, compared]) {
      expectHidden(answer);
      expect(diffsOf(answer).map((one) => one.path)).toContain(path);
    }
    expect(filesOf(shown)).toContainEqual(expect.objectContaining({ path, masked: true }));
    // It is told that something has changed, though not what.
    expect(diffsOf(changed).map((one) => /^-.*\*\*\*[^]*^\+.*\*\*\*/m.test(one.diff))).toEqual([true]);
  });
});

it('masks what a stack refers to, although the description that is tried does so no more', async () => {
  const source = createMemorySource();
  const secrets = createFixedSecrets({ 'secret://env/KEY': OLD });
  await using other = createRig({ source, desired: createDesiredState({ source, secrets, checkSchema }) });
  await using served = await startApiServer({ reconciler: other.reconciler });
  const path = `${BESIDE}/a.txt`;
  source.push({ [SHOP]: web('environment: { A: "${KEY}" }'), [path]: `it is ${OLD}\n` });
  await other.apply('shop');
  for (const text of [PLAIN, 'a: [\n']) {
    const files = [
      { path: SHOP, text },
      { path, text: 'it is\n' },
    ];
    const init = { ...json('POST', { files }), role: 'deployer' } as const;
    const answer = await (await served.request('/api/v1/stacks/shop/files/preview', init)).text();
    expect(answer).toContain('-it is ***');
    expectHidden(answer);
  }
});

it('leaves names of images and keys, and words that hold a weak password', async () => {
  const text = web('environment: { POSTGRES_PASSWORD: nginx, TOKEN_TTL: "3600", DB_PASS: test, B: latest }');
  rig.source.push({ [SHOP]: text });
  await rig.apply('shop');
  const shown = await ask('files', 'viewer');
  expect(shown).toContain('nginx:1.28');
  expect(shown).toContain('latest');
});
