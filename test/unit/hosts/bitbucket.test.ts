import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { createBitbucketHost } from '../../../reconciler/adapters/hosts/bitbucket.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { HookNews } from '../../../reconciler/ports/hosts/git-host.ts';
import { createBitbucketDialect } from '../../support/hosts/bitbucket-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HEAD } from '../../support/hosts/host-world.ts';

const SIGNAL = new AbortController().signal;
const SECRET = 'kombinator-hook-secret-1234';

function openAt(api: string, token: string) {
  return createBitbucketHost({
    address: 'https://bitbucket.org/acme/config',
    api,
    repository: 'acme/config',
    token: () => new Secret(token, 'secret://file/token'),
    fetch: createHostFetch(),
  });
}

function told(changes: readonly object[]): HookNews | Promise<HookNews> {
  const body = Buffer.from(JSON.stringify({ push: { changes } }));
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = {
    'x-event-key': 'repo:push',
    'x-request-uuid': '1',
    'x-hub-signature': `sha256=${signature}`,
  };
  return openAt('https://api.bitbucket.org/2.0', 'x').verifyHook(
    { headers, body, now: 0 },
    new Secret(SECRET, 'x'),
  );
}

it('a push of several refs is one of which it is not said what has moved', async () => {
  const side = (name: string) => ({ new: { type: 'branch', name, target: { hash: HEAD } }, old: null });
  expect(await told([side('main')])).toMatchObject({ ref: 'refs/heads/main', after: HEAD });
  expect(await told([side('main'), side('other')])).toEqual({
    type: 'push',
    delivery: '1',
    ref: '',
    after: null,
  });
  await expect(async () => told([])).rejects.toMatchObject({ code: 'HOOK_REFUSED' });
});

it('the marker of a comment is written so that Bitbucket does not show it', async () => {
  await using double = await startHostDouble(createBitbucketDialect());
  double.world.addPull();
  const host = openAt(double.api, double.world.token);
  const marker = '<!-- kombinator:plan -->';
  await host.upsertComment(1, marker, `${marker}\n# Plan\n\none`, SIGNAL);
  await host.upsertComment(1, marker, `${marker}\n# Plan\n\ntwo`, SIGNAL);
  const texts = [...double.world.comments.values()].map(({ text }) => text);
  expect(texts).toEqual(['[//]: # (kombinator:plan)\n\n# Plan\n\ntwo']);
});

it('a token of an account is sent with its address, one of a repository alone', async () => {
  await using double = await startHostDouble(createBitbucketDialect());
  await openAt(double.api, 'ada@example.org:api-token-123')
    .getPull(1, SIGNAL)
    .catch(() => undefined);
  await openAt(double.api, 'repository-token')
    .getPull(1, SIGNAL)
    .catch(() => undefined);
  expect(double.authorizations).toEqual([
    `Basic ${Buffer.from('ada@example.org:api-token-123').toString('base64')}`,
    'Bearer repository-token',
  ]);
});
