import { createDesiredState } from '../../../../reconciler/desired/desired-state.ts';
import { Secret } from '../../../../reconciler/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import { checkSchema, createFixedSecrets } from '../../../support/desired-fixtures.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* Deployments compared, and what going back would do, over REST on a real reconciler in memory. */

const HELD = 'policy: { sync: manual }\n';
const SHOP = file('shop');
const CONF = 'kombinations/shop/app.conf';
const KEY = 'kombinations/shop/key.txt';

function shop(image: string, more: Readonly<Record<string, string>> = {}): string {
  const web = `image: "${image}", secrets: [key], files: [{ source: app.conf, target: /etc/app.conf }]`;
  return stack('shop', { web, ...more }, `${HELD}secrets: { key: { file: ./key.txt } }\n`);
}

let rig: Rig;
let server: ApiServer;
beforeEach(async () => {
  const source = createMemorySource();
  const secrets = { ...createFixedSecrets(), open: async () => ({ get: () => new Secret('s', 'key') }) };
  rig = createRig({ source, desired: createDesiredState({ source, secrets, checkSchema }) });
  server = await startApiServer({ reconciler: rig.reconciler });
  const first = {
    [SHOP]: shop('nginx:1.28'),
    [CONF]: 'name = a\npassword = one-two\n',
    [KEY]: 'correct horse\n',
  };
  rig.source.push(first, 'begin');
  await rig.apply('shop');
  rig.source.push({ [file('other')]: stack('other', { web: 'image: "nginx:1.28"' }, HELD) }, 'another stack');
  rig.source.push({ [SHOP]: shop('nginx:1.29', { db: 'image: "nginx:1.28"' }) }, 'newer web');
  rig.source.push({ [CONF]: 'name = b\npassword = three-four\n', [KEY]: 'battery staple\n' }, 'another name');
  await rig.apply('shop');
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const SECRETS = /correct horse|battery staple|one-two|three-four/;

async function compare(query: string) {
  const path = `/api/v1/stacks/shop/deployments/compare?${query}`;
  const answer = await server.request(path, { role: 'viewer' });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function rollback(body: object, role: 'viewer' | 'deployer' = 'deployer') {
  const answer = await server.request('/api/v1/stacks/shop/rollback', { ...json('POST', body), role });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('comparing', () => {
  it('names commits of the stack, files and images, and no secret', async () => {
    const { status, body } = await compare('from=1&to=2');
    expect([status, body]).toMatchObject([
      200,
      {
        from: { number: 1 },
        to: { number: 2 },
        commits: [{ subject: 'another name' }, { subject: 'newer web' }],
        undone: [],
        files: [
          { path: CONF, diff: expect.stringContaining('-name = a') },
          { path: KEY, diff: expect.stringContaining('# not shown') },
          { path: SHOP, diff: expect.stringContaining('nginx:1.29') },
        ],
        images: [
          { service: 'db', before: null, after: 'nginx:1.28' },
          { service: 'web', before: 'nginx:1.28', after: 'nginx:1.29' },
        ],
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(SECRETS);
  });

  it('tells what going back undoes, and how far the branch has come', async () => {
    const back = await compare('from=2&to=1');
    expect(back.body).toMatchObject({ commits: [], undone: [{ subject: 'another name' }, {}] });
    rig.source.push({ [CONF]: null, [SHOP]: stack('shop', { web: 'image: "nginx:1.29"' }, HELD) }, 'less');
    await rig.reconciler.refresh(new AbortController().signal);
    const now = await compare('from=2');
    expect(now.body).toMatchObject({ to: { number: null }, commits: [{ subject: 'less' }] });
    expect(now.body['images']).toEqual([{ service: 'db', before: 'nginx:1.28', after: null }]);
    expect(JSON.stringify(now.body)).not.toMatch(SECRETS);
  });

  it('refuses numbers that there are not', async () => {
    expect([(await compare('from=7')).status, (await compare('from=1&to=head')).status]).toEqual([400, 400]);
    const unknown = await server.request('/api/v1/stacks/nope/deployments/compare?from=1');
    expect(unknown.status).toBe(404);
  });
});

describe('going back', () => {
  it('says what it would do, and writes nothing', async () => {
    const head = (await rig.source.resolve(new AbortController().signal)).commit;
    const { status, body } = await rollback({ to: 1, preview: true });
    expect([status, body]).toMatchObject([
      200,
      {
        files: [
          { path: CONF },
          { path: KEY },
          { path: SHOP, diff: expect.stringContaining('+  web: { image: "nginx:1.28"') },
        ],
        plan: { revision: null, summary: { delete: 1 } },
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(SECRETS);
    expect((await rig.source.resolve(new AbortController().signal)).commit).toBe(head);
    expect((await rollback({ to: 2, preview: true })).status).toBe(400);
    expect((await rollback({ to: 1, preview: true }, 'viewer')).status).toBe(403);
  });

  it('has the message of the caller above what is told anyway', async () => {
    const { status, body } = await rollback({ to: 1, message: 'The new one is slow' });
    expect([status, body]).toMatchObject([200, { files: [CONF, KEY, SHOP] }]);
    expect(rig.reconciler.repository().revision?.subject).toBe('The new one is slow');
  });
});
