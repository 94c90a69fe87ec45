import { generateKeyPairSync } from 'node:crypto';
import recorded from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { createGithubHost } from '../../../reconciler/adapters/hosts/github.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { createGithubDialect, signGithub } from '../../support/hosts/github-double.ts';
import type { HostDialect, HostDouble } from '../../support/hosts/host-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HEAD } from '../../support/hosts/host-world.ts';

const SECRET = 'kombinator-hook-secret-1234';
const SIGNAL = new AbortController().signal;
const { privateKey: KEY } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

interface Example {
  readonly name: string;
  readonly examples: readonly object[];
}

/** Payloads that GitHub has sent to somebody. */
// Its types call the list a member of itself.
const RECORDED = recorded as unknown as readonly Example[];

function openAt(double: Pick<HostDouble, 'api' | 'address'>, key = KEY) {
  const privateKey = () => new Secret(key, 'secret://file/app.pem');
  return createGithubHost({
    address: double.address,
    api: double.api,
    repository: 'acme/config',
    token: null,
    app: { id: 7, installation: 8, privateKey },
    fetch: createHostFetch(),
  });
}

/** The token of the app is one of three parts that says who it is; it may ask for tokens and for itself. */
function createAppDialect(lifeMs: number): HostDialect & { readonly given: string[]; revoke(): void } {
  const usual = createGithubDialect();
  const given: string[] = [];
  let right = '';
  const issuerOf = (authorization = '') => {
    const [, payload = ''] = /^bearer (?:[\w-]+)\.([\w-]+)\.(?:[\w-]+)$/i.exec(authorization) ?? [];
    if (payload === '') return null;
    return (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { iss: number }).iss;
  };
  return {
    ...usual,
    given,
    revoke: () => void (right = ''),
    isAuthorized: ({ authorization }) => issuerOf(authorization) === 7 || authorization === `Bearer ${right}`,
    answer(request, world) {
      if (request.path === '/app') return { status: 200, body: { slug: 'kombinator' } };
      if (request.path !== '/app/installations/8/access_tokens') return usual.answer(request, world);
      right = `ghs_${given.length}`;
      given.push(right);
      const expires = new Date(Date.now() + lifeMs).toISOString();
      return { status: 201, body: { token: right, expires_at: expires, permissions: { contents: 'read' } } };
    },
  };
}

describe('recorded hooks of GitHub', () => {
  const host = openAt({ api: 'https://api.github.com', address: 'https://github.com/acme/config' });
  const cases = RECORDED.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));

  it('are all taken, and say what they are about', async () => {
    const told = new Map<string, Set<string>>();
    for (const [index, { name, payload }] of cases.entries()) {
      const text = JSON.stringify(payload);
      const headers = signGithub({ type: name, text, secret: SECRET, delivery: `${index}` });
      const delivery = { headers, body: Buffer.from(text), now: 0 };
      const news = await host.verifyHook(delivery, new Secret(SECRET, 'secret://file/hook'));
      told.set(name, (told.get(name) ?? new Set()).add(news.type));
      if (news.type === 'push') {
        const { ref, after, deleted } = payload as { ref: string; after: string; deleted: boolean };
        expect([news.ref, news.after]).toEqual([ref, deleted ? null : after]);
      }
      if (news.type === 'pull') expect(news.number).toBe((payload as { number: number }).number);
    }
    expect(told.size).toBeGreaterThan(50);
    const types = ['push', 'pull_request', 'issue_comment', 'ping'].map((name) =>
      [...(told.get(name) ?? [])].sort(),
    );
    expect(types).toEqual([['push'], ['pull'], ['other'], ['ping']]);
    for (const name of ['push', 'pull_request', 'issue_comment', 'ping']) told.delete(name);
    expect(new Set([...told.values()].flatMap((found) => [...found]))).toEqual(new Set(['other']));
  });

  it('of Gitea, which speaks in their words as well, are refused', async () => {
    const text = '{}';
    const headers = {
      ...signGithub({ type: 'push', text, secret: SECRET, delivery: '1' }),
      'x-gitea-event': 'push',
    };
    const delivery = { headers, body: Buffer.from(text), now: 0 };
    await expect(host.verifyHook(delivery, new Secret(SECRET, 'x'))).rejects.toMatchObject({
      code: 'HOOK_REFUSED',
    });
  });

  it.each([
    '[]',
    '1',
    'null',
    'payload=%7B%7D',
    '['.repeat(100_000),
    '{"ref":1}',
    '{"ref":"main","after":""}',
    '{}',
  ])('that are signed rightly and are nothing are refused: %.20s', async (text) => {
    const headers = signGithub({ type: 'push', text, secret: SECRET, delivery: '1' });
    const delivery = { headers, body: Buffer.from(text), now: 0 };
    await expect(host.verifyHook(delivery, new Secret(SECRET, 'x'))).rejects.toMatchObject({
      code: 'HOOK_REFUSED',
    });
  });
});

describe('an app of GitHub', () => {
  it('has one token for as long as it lives, and writes as itself', async () => {
    const dialect = createAppDialect(3_600_000);
    await using double = await startHostDouble(dialect);
    double.world.addPull();
    const host = openAt(double);
    const marker = '<!-- kombinator:plan -->';
    const status = {
      context: 'kombinator/plan',
      state: 'success',
      description: 'ok',
      address: null,
    } as const;
    await Promise.all([1, 2, 3].map(() => host.setStatus(HEAD, status, SIGNAL)));
    const own = double.world.addComment(1, 'kombinator[bot]', `${marker}\nbefore`);
    await host.upsertComment(1, marker, `${marker}\nafter`, SIGNAL);
    expect(own.text).toBe(`${marker}\nafter`);
    expect(dialect.given.length).toBe(1);
  });

  it('gets another token shortly before the end of one, and after one was taken back', async () => {
    const short = createAppDialect(59_000);
    await using double = await startHostDouble(short);
    double.world.addPull();
    const host = openAt(double);
    await host.getPull(1, SIGNAL);
    await host.getPull(1, SIGNAL);
    expect(short.given.length).toBe(2);

    const long = createAppDialect(3_600_000);
    await using other = await startHostDouble(long);
    other.world.addPull();
    const next = openAt(other);
    await next.getPull(1, SIGNAL);
    long.revoke();
    await next.getPull(1, SIGNAL);
    expect(long.given.length).toBe(2);
  });

  it('says that its key cannot be used, and that GitHub gives it no token, without showing either', async () => {
    const dialect = createAppDialect(3_600_000);
    await using double = await startHostDouble(dialect);
    const wrong = openAt(double, 'hunter2 is no key');
    const error: unknown = await wrong.getPull(1, SIGNAL).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'HOST_UNAUTHORIZED' });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
    double.fail({ status: 404, body: { message: 'Integration not found' } });
    await expect(openAt(double).getPull(1, SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
    double.fail({ status: 500, body: {} });
    await expect(openAt(double).getPull(1, SIGNAL)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  });
});
