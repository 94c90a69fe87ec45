import { ReconcilerError } from '../../../../reconciler/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* Files of stacks over REST, on a real reconciler whose repository and engines are in memory. */

const SHOP = file('shop');
const BESIDE = 'kombinations/shop';
const HELD = 'policy: { sync: manual }\n';
const WEB = {
  web: 'image: "nginx:1.28", env_file: [web.env], files: [{ source: app.conf, target: /etc/app.conf }]',
};
const FILES = {
  [SHOP]: stack('shop', WEB, HELD),
  [`${BESIDE}/web.env`]: 'COLOR=red\nDB_PASSWORD=hunter22\n',
  [`${BESIDE}/app.conf`]: 'name = a\n',
  [file('other')]: stack('other', { web: 'image: "nginx:1.28"' }, HELD),
};

interface Listed {
  readonly revision: string;
  readonly files: readonly { readonly path: string; readonly text: string | null }[];
}

let rig: Rig;
let server: ApiServer;
beforeEach(async () => {
  rig = createRig();
  rig.source.push(FILES);
  await rig.reconciler.start();
  server = await startApiServer({ reconciler: rig.reconciler });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const get = async (role: 'viewer' | 'deployer' = 'deployer'): Promise<Listed> =>
  (await (await server.request('/api/v1/stacks/shop/files', { role })).json()) as Listed;

async function send(method: string, path: string, body: object) {
  const answer = await server.request(`/api/v1/stacks/shop/files${path}`, {
    ...json(method, body),
    role: 'deployer',
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** The newest commit of the repository itself, whether or not it has been read. */
const head = async () => (await rig.source.resolve(new AbortController().signal)).commit;
const preview = (files: object, more = {}) => send('POST', '/preview', { files, ...more });
const put = (files: object, more: object = {}) =>
  send('PUT', '', { files, base: rig.reconciler.repository().revision?.commit, ...more });

describe('reading', () => {
  it('lists the document first, then what it names and what lies beside it', async () => {
    const { revision, files } = await get();
    expect(revision).toBe(rig.reconciler.repository().revision?.commit);
    expect(files).toEqual([
      expect.objectContaining({ path: SHOP, main: true, text: FILES[SHOP], encrypted: false, link: null }),
      expect.objectContaining({ path: `${BESIDE}/app.conf`, main: false, text: 'name = a\n', size: 9 }),
      expect.objectContaining({ path: `${BESIDE}/web.env`, masked: false }),
    ]);
    expect((await server.request('/api/v1/stacks/nope/files')).status).toBe(404);
  });

  it('masks for viewers what looks like a secret, and is not changed by them', async () => {
    const { files } = await get('viewer');
    expect(files.at(-1)).toMatchObject({ text: 'COLOR=red\nDB_PASSWORD=***\n', masked: true });
    const body = { files: [{ path: SHOP, text: '' }], base: 'f'.repeat(40) };
    for (const [method, path] of [
      ['PUT', ''],
      ['POST', '/preview'],
    ] as const) {
      const init = { ...json(method, body), role: 'viewer' } as const;
      expect((await server.request(`/api/v1/stacks/shop/files${path}`, init)).status).toBe(403);
    }
  });

  it.each([
    { what: 'age', text: '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n' },
    { what: 'SOPS in YAML', text: 'db: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[x]\n' },
    { what: 'SOPS in dotenv', text: 'DB=ENC[AES256_GCM,data:x]\nsops_version=3.9.0\n' },
    { what: 'a private key', text: '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n' },
  ])('never shows what is sealed: $what', async ({ text }) => {
    const path = `${BESIDE}/sealed.txt`;
    rig.source.push({ [path]: text });
    await rig.reconciler.refresh(new AbortController().signal);
    expect((await get()).files).toContainEqual(
      expect.objectContaining({ path, text: null, encrypted: true }),
    );
    const { status, body } = await preview([{ path, text: 'open' }]);
    expect([status, body]).toMatchObject([400, { error: { details: [{ field: path }] } }]);
  });

  it('never shows what a stack takes a secret from, also in clear, nor what is no text', async () => {
    const secret = 'secrets: { key: { file: ./key.txt } }\n';
    rig.source.push({
      [SHOP]: stack('shop', { web: 'image: "nginx:1.28", secrets: [key]' }, HELD + secret),
      [`${BESIDE}/key.txt`]: 'correct horse\n',
      [`${BESIDE}/logo.png`]: new Uint8Array([137, 80, 78, 71, 0, 1]),
    });
    await rig.reconciler.refresh(new AbortController().signal);
    const { files } = await get();
    expect(files).toContainEqual(
      expect.objectContaining({ path: `${BESIDE}/key.txt`, text: null, encrypted: true }),
    );
    expect(files).toContainEqual(
      expect.objectContaining({ path: `${BESIDE}/logo.png`, text: null, encrypted: false, size: 6 }),
    );
    // A document that cannot be read names nothing: what it took its secrets from stays hidden.
    rig.source.push({ [SHOP]: 'meta: { name: shop\n' });
    await rig.reconciler.refresh(new AbortController().signal);
    expect(JSON.stringify(await get())).not.toContain('correct horse');
  });
});

describe('trying', () => {
  it('shows difference and plan against what runs, and writes nothing', async () => {
    await rig.apply('shop');
    const head = rig.reconciler.repository().revision?.commit;
    const before = rig.reconciler.getStack('shop').state;
    const text = FILES[SHOP]?.replace('nginx:1.28', 'nginx:1.29');
    const { status, body } = await preview([
      { path: SHOP, text },
      { path: `${BESIDE}/app.conf`, text: 'name = b\n' },
    ]);
    expect([status, body]).toMatchObject([
      200,
      {
        diff: [
          {
            path: `${BESIDE}/app.conf`,
            diff: expect.stringContaining('@@ -1,1 +1,1 @@\n-name = a\n+name = b\n'),
          },
          { path: SHOP, diff: expect.stringContaining('nginx:1.29') },
        ],
        diagnostics: [{ code: 'SECRET_IN_CLEAR' }],
        plan: { stack: 'shop', revision: null, summary: { replace: 1 } },
        others: [],
      },
    ]);
    const changes = (body['plan'] as { changes: { kind: string; contents?: unknown }[] }).changes;
    expect(changes.find(({ kind }) => kind === 'container')?.contents).toMatchObject([
      { target: '/etc/app.conf', lines: expect.arrayContaining(['-name = a', '+name = b']) },
    ]);
    await rig.reconciler.refresh(new AbortController().signal);
    expect(rig.reconciler.repository().revision?.commit).toBe(head);
    expect(rig.reconciler.getStack('shop').state).toBe(before);
    expect((await get()).files[0]?.text).toBe(FILES[SHOP]);
  });

  it('tells all findings, those of other stacks as well, and has no plan then', async () => {
    const text = stack('shop', {
      web: 'image: "nginx:1.28", ports: ["8080:80"], colour: red',
      db: 'imag: x',
    });
    rig.source.push({
      [file('other')]: stack('other', { web: 'image: "nginx:1.28", ports: ["8080:80"]' }, HELD),
    });
    const { body } = await preview([{ path: SHOP, text }]);
    expect(body['plan']).toBeNull();
    const found = (body['diagnostics'] as { code: string; file: string }[]).map(({ code, file: at }) => [
      code,
      at,
    ]);
    expect(found).toEqual(
      expect.arrayContaining([
        ['UNKNOWN_KEY', SHOP],
        ['DUPLICATE_PORT', SHOP],
        ['DUPLICATE_PORT', file('other')],
      ]),
    );
    expect(body['others']).toEqual(['other']);
  });

  it('says so where the stack would get another name, or another one would come', async () => {
    const renamed = await preview([{ path: SHOP, text: FILES[SHOP]?.replace('name: shop', 'name: store') }]);
    expect(renamed.body).toMatchObject({ plan: null });
    expect(JSON.stringify(renamed.body['diagnostics'])).toContain('nothing would describe the stack shop');
    const path = `${BESIDE}/more/kombination.yaml`;
    const second = await put([{ path, text: stack('more', { web: 'image: "nginx:1.28"' }) }]);
    expect([second.status, second.body]).toMatchObject([400, { error: { reason: 'INVALID_CONFIGURATION' } }]);
  });

  it('has no plan while no node answers, and says why', async () => {
    rig
      .engine()
      .control.outage(new ReconcilerError('TARGET_UNREACHABLE', 'no route to it', { retryable: true }));
    const text = FILES[SHOP]?.replace('nginx:1.28', 'nginx:1.29');
    const { status, body } = await preview([{ path: SHOP, text }]);
    const message: unknown = expect.stringContaining('no route to it');
    expect([status, body]).toMatchObject([
      200,
      { plan: null, diagnostics: expect.arrayContaining([expect.objectContaining({ message })]) },
    ]);
  });
});

describe('writing', () => {
  it('commits by the caller, and what was read is read again', async () => {
    const text = FILES[SHOP]?.replace('nginx:1.28', 'nginx:1.29');
    const extra = `${BESIDE}/conf.d/extra.conf`;
    const { status, body } = await put(
      [
        { path: SHOP, text },
        { path: extra, text: 'x\n' },
      ],
      { message: 'Newer web' },
    );
    expect([status, body]).toMatchObject([200, { id: 'shop', file: SHOP, files: [extra, SHOP] }]);
    const { files, revision } = await get();
    expect(revision).toBe(body['commit']);
    expect(files.map(({ path, text: now }) => [path, now])).toContainEqual([SHOP, text]);
    expect(rig.reconciler.repository().revision).toMatchObject({
      subject: 'Newer web',
      author: { name: 'deployer key' },
    });
    expect((await put([{ path: extra, text: null }])).status).toBe(200);
    expect((await get()).files.map(({ path }) => path)).not.toContain(extra);
    expect(await put([{ path: SHOP, text }])).toMatchObject({ status: 400 });
  });

  it('refuses what was changed since it was read, and nothing else', async () => {
    const base = rig.reconciler.repository().revision?.commit;
    rig.source.push({ [`${BESIDE}/app.conf`]: 'name = c\n' });
    const edit = [{ path: `${BESIDE}/app.conf`, text: 'name = b\n' }];
    const before = await head();
    for (const { status, body } of [await put(edit, { base }), await preview(edit, { base })])
      expect([status, body]).toMatchObject([409, { error: { code: 'CONFLICT', reason: 'WRITE_CONFLICT' } }]);
    expect(await head()).toBe(before);
    const other = [{ path: `${BESIDE}/web.env`, text: 'COLOR=blue\n' }];
    expect((await put(other, { base })).status).toBe(200);
    expect((await get()).files).toContainEqual(expect.objectContaining({ text: 'name = c\n' }));
    const written = await head();
    expect(written).not.toBe(before);
    expect((await put(other, { base: 'f'.repeat(40) })).status).toBe(400);
    expect((await put(other, { base: 'main' })).status).toBe(400);
    expect(await head()).toBe(written);
  });

  it('refuses errors, all at once', async () => {
    const before = await head();
    const text = stack('shop', { web: 'image: "nginx:1.28", colour: red, restart: 7' });
    const { status, body } = await put([{ path: SHOP, text }]);
    expect([status, body]).toMatchObject([400, { error: { reason: 'INVALID_CONFIGURATION' } }]);
    expect((body as { error: { details: unknown[] } }).error.details.length).toBeGreaterThan(1);
    expect(await head()).toBe(before);
  });

  it('never leaves the files of the stack, and names all that it refuses', async () => {
    rig.source.pushWrites([
      { path: `${BESIDE}/link`, type: 'symlink', content: '../other' },
      { path: 'kombinator.yaml', content: 'policy: { drift: alert }\n' },
    ]);
    const before = await head();
    const paths = [
      '../outside',
      '/etc/passwd',
      `${BESIDE}/../other/kombination.yaml`,
      `${BESIDE}//x`,
      `${BESIDE}/.git/hooks/pre-commit`,
      `${BESIDE}/.GIT/config`,
      `${BESIDE}/.g\u200dit/config`,
      `${BESIDE}/GIT~1/config`,
      '.gitmodules',
      `${BESIDE}/Kombination.yaml`,
      'Kombinations/shop/x',
      `${BESIDE}/link`,
      `${BESIDE}/link/x`,
      `${BESIDE}/app.conf/x`,
      `${BESIDE}\\x`,
      `${BESIDE}/x\u0000`,
      BESIDE,
      file('other'),
      'kombinator.yaml',
      'nodes/edge.yaml',
      'README.md',
    ];
    const { status, body } = await put(paths.map((path) => ({ path, text: 'x: 1\n' })));
    expect(status).toBe(400);
    const { details } = (body as { error: { details: { field: string }[] } }).error;
    expect(details.map(({ field }) => field)).toEqual(paths);
    const whole = await put([
      { path: SHOP, text: null },
      { path: `${BESIDE}/none`, text: null },
    ]);
    expect((whole.body as { error: { details: unknown[] } }).error.details).toHaveLength(2);
    expect(await head()).toBe(before);
  });
});
