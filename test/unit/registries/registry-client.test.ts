import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signAws } from '../../../reconciler/adapters/registries/aws-signature.ts';
import { createRegistryClient } from '../../../reconciler/adapters/registries/client.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let answer: Answer = () => {};
let host = '';
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
  answer(request, response);
});

beforeEach(async () => {
  asked = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const client = createRegistryClient({ timeoutMs: 2_000, awsUrl: () => `http://${host}/` });
const NEVER = new AbortController().signal;
const BASIC = `Basic ${Buffer.from('ada:correct-horse').toString('base64')}`;

function check(url = `http://${host}`): Promise<void> {
  const password = new Secret('correct-horse', 'the test');
  return client.check({ url, username: 'ada', password }, NEVER);
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => response.writeHead(code, headers).end('{}');
}

/** A registry that wants tokens, and gives one for the right password. */
const withTokens: Answer = (request, response) => {
  if (request.url?.startsWith('/token') !== true) {
    const challenge = `Bearer realm="http://${host}/token",service="hub"`;
    return void response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
  }
  response.writeHead(request.headers.authorization === BASIC ? 200 : 401).end('{"token":"t"}');
};

describe('a check of a registry', () => {
  it('is content with one that is open', async () => {
    answer = status(200);
    await check();
    expect(asked).toEqual(['GET /v2/ -']);
  });

  it('sends credentials where they are asked for', async () => {
    answer = (request, response) =>
      status(request.headers.authorization === BASIC ? 200 : 401, {
        'WWW-Authenticate': 'Basic realm="hub"',
      })(request, response);
    await check();
    expect(asked).toEqual(['GET /v2/ -', `GET /v2/ ${BASIC}`]);
  });

  it('gets a token with them', async () => {
    answer = withTokens;
    await check();
    expect(asked).toEqual(['GET /v2/ -', `GET /token?service=hub ${BASIC}`]);
  });

  it('is content with a 401 that asks for something else', async () => {
    answer = status(401, { 'WWW-Authenticate': 'Negotiate' });
    await check();
  });

  it('follows a redirect on the same host', async () => {
    answer = (request, response) =>
      request.url === '/v2/'
        ? status(307, { Location: '/v2/there' })(request, response)
        : status(200)(request, response);
    await check();
    expect(asked).toEqual(['GET /v2/ -', 'GET /v2/there -']);
  });

  it.each([
    {
      when: 'wrong credentials',
      how: status(401, { 'WWW-Authenticate': 'Basic' }),
      code: 'REGISTRY_UNAUTHORIZED',
      says: 'refuses the credentials (401)',
    },
    {
      when: 'a page that is no registry',
      how: status(404),
      code: 'TARGET_UNREACHABLE',
      says: 'answers 404 as no registry does',
    },
    {
      when: 'a redirect to another host',
      how: status(302, { Location: 'https://evil.example/v2/' }),
      code: 'TARGET_UNREACHABLE',
      says: 'lead to evil.example',
    },
    {
      when: 'redirects without end',
      how: status(302, { Location: '/v2/' }),
      code: 'TARGET_UNREACHABLE',
      says: 'answers 302',
    },
    {
      when: 'tokens at another address without https',
      how: status(401, { 'WWW-Authenticate': 'Bearer realm="http://evil.example/token"' }),
      code: 'REGISTRY_UNAUTHORIZED',
      says: 'without https',
    },
    {
      when: 'tokens nowhere',
      how: status(401, { 'WWW-Authenticate': 'Bearer service="hub"' }),
      code: 'REGISTRY_UNAUTHORIZED',
      says: 'names no address',
    },
  ])('says what is wrong with $when', async ({ how, code, says }) => {
    answer = how;
    await expect(check()).rejects.toMatchObject({ code, message: expect.stringContaining(says) as string });
    expect(asked.join()).not.toContain('evil');
  });

  it('refuses a wrong password at the place that gives out tokens', async () => {
    answer = withTokens;
    const password = new Secret('wrong', 'the test');
    const login = { url: `http://${host}`, username: 'ada', password };
    await expect(client.check(login, NEVER)).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
  });

  it('reads no more than it needs, and waits no longer', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      const fill = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', fill);
      fill();
    };
    await expect(check()).rejects.toMatchObject({
      message: expect.stringContaining('more than 262144 bytes') as string,
    });
    answer = () => {};
    const quick = createRegistryClient({ timeoutMs: 50 });
    const login = { url: `http://${host}`, username: 'a', password: new Secret('b', 'c') };
    await expect(quick.check(login, NEVER)).rejects.toMatchObject({
      message: expect.stringContaining('no answer within') as string,
      retryable: true,
    });
  });

  it('says that nobody listens, and never what it was given', async () => {
    const error = await check('http://127.0.0.1:1').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TARGET_UNREACHABLE' });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain('correct-horse');
  });
});

describe('a password of AWS', () => {
  const secretAccessKey = new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'the test');
  const login = { region: 'us-east-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey };

  it('is asked for with a signature that AWS publishes as a vector', () => {
    // post-vanilla of the test suite of signature version 4.
    const message = { host: 'example.amazonaws.com', path: '/', body: '', headers: {} };
    const scope = { ...login, service: 'service', now: Date.parse('2015-08-30T12:36:00Z') };
    expect(signAws(message, scope)['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
        'Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    );
  });

  it('is taken apart, with the time at which it ends', async () => {
    const authorizationToken = Buffer.from('AWS:password:of:aws').toString('base64');
    answer = (_request, response) =>
      response
        .writeHead(200)
        .end(JSON.stringify({ authorizationData: [{ authorizationToken, expiresAt: 1_700_000_000.5 }] }));
    const found = await client.askAws(login, NEVER);
    expect([found.username, found.password.reveal(), found.expiresAt]).toEqual([
      'AWS',
      'password:of:aws',
      1_700_000_000_500,
    ]);
    expect(asked[0]).toContain('Credential=AKIDEXAMPLE/');
  });

  it.each([
    [400, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_UNAUTHORIZED'],
    [200, 'TARGET_UNREACHABLE'],
    [503, 'TARGET_UNREACHABLE'],
  ])('is none with an answer of %i without one', async (code, error) => {
    answer = status(code);
    await expect(client.askAws(login, NEVER)).rejects.toMatchObject({ code: error });
  });
});
