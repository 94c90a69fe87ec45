import { describe, expect, it } from 'vitest';
import { createGitlabHost } from '../../../reconciler/adapters/hosts/gitlab.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import { createGitlabDialect } from '../../support/hosts/gitlab-double.ts';
import { createHostWorld, HEAD } from '../../support/hosts/host-world.ts';

const SIGNING = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const NOW = Date.parse('2026-11-30T12:00:00Z');
const MINUTE_MS = 60_000;
const host = createGitlabHost({
  address: 'https://gitlab.com/acme/config',
  api: 'https://gitlab.com/api/v4',
  repository: 'acme/config',
  token: null,
  fetch: createHostFetch(),
});

function deliver(secret: string, signedAt = NOW): HookDelivery {
  const event = { type: 'push', ref: 'refs/heads/main', after: HEAD } as const;
  const signing = {
    world: createHostWorld(),
    origin: 'https://gitlab.com',
    secret,
    delivery: 'one',
    now: signedAt,
  };
  const { headers, body } = createGitlabDialect().hook(event, signing);
  return { headers, body: Buffer.from(body), now: NOW };
}

async function outcome(delivery: HookDelivery, secret = SIGNING): Promise<string> {
  try {
    return (await host.verifyHook(delivery, new Secret(secret, 'secret://file/hook'))).type;
  } catch (error) {
    return String(error);
  }
}

describe('signed hooks of GitLab', () => {
  it.each([
    { minutes: 0, taken: true },
    { minutes: -4.9, taken: true },
    { minutes: 4.9, taken: true },
    { minutes: -5.1, taken: false },
    { minutes: 5.1, taken: false },
    { minutes: -60 * 24 * 365, taken: false },
  ])('that were signed $minutes minutes from now are taken: $taken', async ({ minutes, taken }) => {
    const found = await outcome(deliver(SIGNING, NOW + minutes * MINUTE_MS));
    expect(found).toMatch(taken ? /^push$/ : /five minutes/);
  });

  it.each(['', 'now', '1e9', '-1', '99999999999999999999', '0x10'])(
    'with the time "%s" are refused',
    async (time) => {
      const delivery = deliver(SIGNING);
      const headers = { ...delivery.headers, 'webhook-timestamp': time };
      expect(await outcome({ ...delivery, headers })).toContain('five minutes');
    },
  );

  it('are taken when one of several signatures is right', async () => {
    const delivery = deliver(SIGNING);
    const right = delivery.headers['webhook-signature'] ?? '';
    const sign = (signatures: string) =>
      outcome({ ...delivery, headers: { ...delivery.headers, 'webhook-signature': signatures } });
    expect(await sign(`v1,AAAA v1a,BBBB ${right}`)).toBe('push');
    expect(await sign(`v1,AAAA v2,${right.slice(3)}`)).toContain('another secret');
    expect(await sign('')).toContain('another secret');
  });

  it('are not replaced by a token that is sent along, nor a token by a signature', async () => {
    const unsigned = deliver('plain');
    expect(
      await outcome({ ...unsigned, headers: { ...unsigned.headers, 'x-gitlab-token': SIGNING } }),
    ).toContain('not signed');
    expect(await outcome(deliver(SIGNING), 'plain')).toContain('no secret token');
    expect(await outcome(deliver(OTHER))).toContain('another secret');
  });

  it('say that a signing token is none, without showing it', async () => {
    const found = await outcome(deliver(SIGNING), 'whsec_hunter2!');
    expect(found).toContain('whsec_ with base64');
    expect(found).not.toContain('hunter2');
    expect(await outcome(deliver(SIGNING), 'whsec_')).toContain('whsec_ with base64');
  });
});

it('notes of the system, of issues, and changed ones are no comments', async () => {
  const told = async (attributes: object) => {
    const body = JSON.stringify({
      object_attributes: { id: 5, noteable_type: 'MergeRequest', ...attributes },
      merge_request: { iid: 1 },
    });
    const headers = { 'x-gitlab-event': 'Note Hook', 'x-gitlab-token': 'plain' };
    return outcome({ headers, body: Buffer.from(body), now: NOW }, 'plain');
  };
  expect(await told({})).toBe('comment');
  expect(await told({ action: 'create' })).toBe('comment');
  expect(await told({ action: 'update' })).toBe('other');
  expect(await told({ system: true })).toBe('other');
  expect(await told({ noteable_type: 'Issue' })).toBe('other');
});
