import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* New stacks over REST, on a real reconciler in memory. */

const COMPOSE = '# ours\nservices:\n  web:\n    image: nginx:1.28\n    environment: { LEVEL: "${LEVEL}" }\n';

let rig: Rig;
let server: ApiServer;
beforeEach(async () => {
  rig = createRig();
  rig.source.push({
    [file('other')]: stack('other', { web: 'image: "nginx:1.28"' }, 'policy: { sync: manual }\n'),
  });
  await rig.reconciler.refresh(new AbortController().signal);
  server = await startApiServer({ reconciler: rig.reconciler });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

async function send(path: '' | '/commit', body: object, role: 'viewer' | 'deployer' = 'deployer') {
  const answer = await server.request(`/api/v1/drafts${path}`, { ...json('POST', body), role });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const head = async () => (await rig.source.resolve(new AbortController().signal)).commit;

it('tries a Compose file as it is, and commits it with what was added', async () => {
  const before = await head();
  const { status, body } = await send('', { name: 'shop', compose: COMPOSE });
  const files = body['files'] as { path: string; text: string }[];
  expect([status, files.map(({ path }) => path)]).toEqual([
    200,
    ['kombinations/shop/compose.yaml', 'kombinations/shop/kombination.yaml'],
  ]);
  expect(files[0]?.text).toBe(COMPOSE);
  expect(body).toMatchObject({ diagnostics: [{ code: 'UNSET_VARIABLE' }], plan: { summary: { create: 2 } } });
  expect(await head()).toBe(before);

  const edited = [...files, { path: 'kombinations/shop/.env', text: 'LEVEL=info\n' }];
  const again = await send('', { name: 'shop', compose: COMPOSE, files: edited });
  expect(again.body).toMatchObject({ diagnostics: [], plan: { summary: { create: 2 } } });
  const written = await send('/commit', { name: 'shop', files: edited, message: 'A shop' });
  expect([written.status, written.body]).toMatchObject([
    201,
    { id: 'shop', files: ['kombinations/shop/.env', files[0]?.path, files[1]?.path] },
  ]);
  expect(rig.reconciler.repository().revision).toMatchObject({
    subject: 'A shop',
    author: { name: 'deployer key' },
  });
  expect((await send('', { name: 'shop', compose: COMPOSE })).status).toBe(409);
});

it('draws from a kit, whose options are listed', async () => {
  const { kits } = (await (await server.request('/api/v1/kits', { role: 'viewer' })).json()) as {
    kits: { name: string; services: { name: string; options: object }[] }[];
  };
  const base = kits.find(({ name }) => name === 'base-kit');
  expect(base?.services.find(({ name }) => name === 'traefik')?.options).toMatchObject({
    type: 'object',
    properties: { dashboard: { type: 'boolean', description: expect.any(String) } },
  });
  const values = { services: { whoami: { image: 'nginx:1.28' } }, meta: { domain: 'home.lab' } };
  const { body } = await send('', { name: 'home', kit: 'base-kit', values });
  const [only] = body['files'] as { text: string }[];
  expect(only?.text).toContain('stackkit: base-kit');
  expect(only?.text).toContain('domain: home.lab');
  expect(body['plan']).toMatchObject({ stack: 'home' });
});

it('fills in name and node of a document, and tells all findings', async () => {
  const before = await head();
  const document = 'version: "1.0"\nservices:\n  web: { image: "nginx:1.28", colour: red }\n';
  const { body } = await send('', { name: 'shop', document, node: 'edge' });
  const [only] = body['files'] as { text: string }[];
  expect(only?.text).toContain('name: shop');
  const codes = (body['diagnostics'] as { code: string }[]).map(({ code }) => code);
  expect([body['plan'], codes]).toEqual([null, expect.arrayContaining(['UNKNOWN_KEY', 'UNKNOWN_NODE'])]);
  expect((await send('/commit', { name: 'shop', document })).status).toBe(400);
  const other = stack('other', { web: 'image: "nginx:1.28"' });
  expect((await send('/commit', { name: 'shop', document: other })).status).toBe(400);
  expect(await head()).toBe(before);
  expect(await rig.source.tags('')).toEqual([]);
});

it('refuses names, sources and places that cannot be', async () => {
  const before = await head();
  const document = stack('shop', { web: 'image: "nginx:1.28"' });
  expect((await send('', { name: '../x', document })).status).toBe(400);
  expect((await send('', { name: 'shop', document, compose: COMPOSE })).status).toBe(400);
  expect((await send('', { name: 'shop' })).status).toBe(400);
  expect((await send('', { name: 'shop', document, values: {} })).status).toBe(400);
  expect((await send('', { name: 'shop', document }, 'viewer')).status).toBe(403);
  const paths = [
    'kombinations/shop/../other/x',
    'kombinations/shop/.git/config',
    file('other'),
    'kombinator.yaml',
  ];
  const { status, body } = await send('/commit', {
    name: 'shop',
    files: paths.map((path) => ({ path, text: '' })),
  });
  const { details } = (body as { error: { details: { field: string }[] } }).error;
  expect([status, details.map(({ field }) => field)]).toEqual([400, paths]);
  expect(await head()).toBe(before);
});
