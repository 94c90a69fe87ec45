import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryClient } from '../../../reconciler/adapters/registries/client.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const NEVER = new AbortController().signal;
const DIGEST = `sha256:${'a'.repeat(64)}`;
let answer: Answer = () => {};
let host = '';
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
  answer(request, response);
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => void (asked = []));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let paced = 0;
const client = createRegistryClient({ timeoutMs: 20_000, now: () => Date.parse('2026-01-01T00:00:00Z') });
const login = { username: 'ada', password: new Secret('correct-horse', 'the test') };
const question = (more: object = {}) => ({
  image: `${host}/team/app`,
  login: null,
  pace: async () => void (paced += 1),
  ...more,
});

describe('questions about images', () => {
  it('reads all pages of tags, each after a pause, and leaves out what is no tag', async () => {
    paced = 0;
    answer = ({ url }, response) => {
      const isSecond = url?.includes('last=b') === true;
      const link = isSecond ? {} : { link: '</v2/team/app/tags/list?n=2&last=b>; rel="next"' };
      response.writeHead(200, link).end(JSON.stringify({ tags: isSecond ? ['c', 7, 'no tag'] : ['a', 'b'] }));
    };

    expect(await client.listTags(question(), NEVER)).toEqual(['a', 'b', 'c']);

    expect(asked).toEqual(['GET /v2/team/app/tags/list?n=1000 -', 'GET /v2/team/app/tags/list?n=2&last=b -']);
    expect(paced).toBe(2);
  });

  it('follows no page to another host, and none for ever', async () => {
    answer = (_, response) =>
      response.writeHead(200, { link: '<https://elsewhere.example/v2/>; rel="next"' }).end('{"tags":["a"]}');
    await expect(client.listTags(question(), NEVER)).rejects.toThrow(
      'goes on at another address (elsewhere.example), which is not asked',
    );

    let page = 0;
    answer = (_, response) => {
      page += 1;
      response
        .writeHead(200, { link: `</v2/team/app/tags/list?last=${page}>; rel="next"` })
        .end('{"tags":["a"]}');
    };
    await expect(client.listTags(question(), NEVER)).rejects.toThrow('more than 200 pages');
    expect(page).toBe(200);
  });

  it('takes another scheme and port of the same host for its own, as behind a proxy', async () => {
    answer = ({ url }, response) => {
      const link = { link: '<https://127.0.0.1/v2/team/app/tags/list?last=a>; rel="next"' };
      const isSecond = url?.includes('last=a') === true;
      response.writeHead(200, isSecond ? {} : link).end(JSON.stringify({ tags: [isSecond ? 'b' : 'a'] }));
    };
    expect(await client.listTags(question(), NEVER)).toEqual(['a', 'b']);
    expect(asked[1]).toBe('GET /v2/team/app/tags/list?last=a -');
  });

  it('reads a list that comes in one piece', async () => {
    const tags = Array.from({ length: 15_000 }, (_, index) => `2026.01.${index}-some-build-of-it`);
    answer = (_, response) => response.writeHead(200).end(JSON.stringify({ tags }));
    expect(await client.listTags(question(), NEVER)).toHaveLength(15_000);
    answer = (_, response) => response.writeHead(200).end(`"${'x'.repeat(9 * 1_024 ** 2)}"`);
    await expect(client.listTags(question(), NEVER)).rejects.toThrow('answers more than');
  });

  it('asks for a token of one image, with credentials where there are some', async () => {
    answer = ({ url, headers }, response) => {
      if (url?.startsWith('/token') === true) return void response.writeHead(200).end('{"access_token":"t"}');
      if (headers.authorization === 'Bearer t') return void response.writeHead(200).end('{"tags":["1"]}');
      const challenge = `Bearer realm="http://${host}/token",service="hub",scope="registry:catalog:*"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    };

    expect(await client.listTags(question({ login }), NEVER)).toEqual(['1']);
    expect(await client.listTags(question(), NEVER)).toEqual(['1']);

    const basic = `Basic ${Buffer.from('ada:correct-horse').toString('base64')}`;
    const token = '/token?service=hub&scope=repository%3Ateam%2Fapp%3Apull';
    expect(asked.filter((line) => line.includes('/token'))).toEqual([
      `GET ${token} ${basic}`,
      `GET ${token} -`,
    ]);
  });

  it('asks for the digest of a tag by its head alone', async () => {
    answer = (_, response) => response.writeHead(200, { 'docker-content-digest': DIGEST }).end();
    expect(await client.digestOf({ ...question(), tag: '1.29' }, NEVER)).toBe(DIGEST);
    expect(asked).toEqual(['HEAD /v2/team/app/manifests/1.29 -']);

    answer = (_, response) => response.writeHead(200, { 'docker-content-digest': 'sha256:x' }).end();
    await expect(client.digestOf({ ...question(), tag: '1' }, NEVER)).rejects.toThrow(
      'which digest 1 stands for',
    );
  });

  it.each<[number, Record<string, string>, object]>([
    [404, {}, { code: 'IMAGE_NOT_FOUND' }],
    [403, {}, { code: 'REGISTRY_UNAUTHORIZED' }],
    [401, {}, { code: 'REGISTRY_UNAUTHORIZED' }],
    [502, {}, { code: 'TARGET_UNREACHABLE', retryable: true }],
    [429, { 'retry-after': '7' }, { code: 'TARGET_UNREACHABLE', details: { retryAfterMs: 7_000 } }],
    [429, { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' }, { details: { retryAfterMs: 120_000 } }],
    [429, {}, { details: { retryAfterMs: 60_000 } }],
  ])('says what a %i means', async (status, headers, expected) => {
    answer = (_, response) => response.writeHead(status, headers).end('{}');
    await expect(client.listTags(question(), NEVER)).rejects.toMatchObject(expected);
  });
});
